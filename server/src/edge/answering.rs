//! A request as hyper has it goes in, the answer of a poem endpoint comes out, and its connection knows of both.

use std::{convert::Infallible, io, sync::Arc};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use poem::{
    Endpoint, Request, Response,
    http::{self, HeaderValue, Version, header, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};

use super::connection::Connection;
use crate::readiness::Readiness;

/// What the answers on one connection need.
pub(super) struct Answering<E> {
    pub(super) endpoint: Arc<E>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) connection: Arc<Connection>,
    pub(super) local: LocalAddr,
    pub(super) remote: RemoteAddr,
}

impl<E: Endpoint<Output = Response>> Answering<E> {
    pub(super) async fn answer(
        self: Arc<Self>,
        request: http::Request<Incoming>,
    ) -> Result<http::Response<BoxBody<Bytes, io::Error>>, Infallible> {
        let version = request.version();
        let _serving = self.connection.begin_request(version);
        let (local, remote) = (self.local.clone(), self.remote.clone());
        let request = Request::from((request, local, remote, Scheme::HTTP));
        let mut response = self.endpoint.get_response(request).await;
        // The client is told before the connection is closed, so that it does not send the next request into it.
        if self.readiness.is_draining() && version <= Version::HTTP_11 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.into())
    }
}
