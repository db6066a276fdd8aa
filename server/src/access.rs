//! Any endpoint goes in; out comes one that writes a line to the access log for each answer.

use std::time::Instant;

use poem::{Endpoint, Request, Response, Result};

use crate::{client_address::client_address, clock::milliseconds_since};

pub(crate) struct AccessLog<E>(pub(crate) E);

impl<E: Endpoint> Endpoint for AccessLog<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let start = Instant::now();
        let peer = request.remote_addr().as_socket_addr().map(std::net::SocketAddr::ip);
        let client = client_address(request.headers(), peer);
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let lane = request.header("x-lane").map(str::to_owned);
        let response = self.0.get_response(request).await;
        tracing::info!(
            target: "access",
            %client,
            status = response.status().as_u16(),
            %method,
            %path,
            lane,
            duration_ms = milliseconds_since(start),
        );
        Ok(response)
    }
}
