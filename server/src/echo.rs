//! Any endpoint goes in; out comes one whose answers carry the headers of the request, and VERSION.

use poem::{
    Endpoint, Request, Response, Result,
    http::{HeaderName, HeaderValue},
};

use crate::header::end_to_end;

const VERSION: HeaderName = HeaderName::from_static("version");

pub(crate) struct Echo<E> {
    pub(crate) inner: E,
    pub(crate) version: Option<HeaderValue>,
}

impl<E: Endpoint> Endpoint for Echo<E> {
    type Output = Response;

    /// Never an error: a 404 of the routes is an answer too, and gets its echo.
    async fn call(&self, request: Request) -> Result<Response> {
        let echoed = end_to_end(request.headers());
        let mut response = self.inner.get_response(request).await;
        // The handlers set content fields only, and those are never among the echoed.
        for (name, value) in &echoed {
            response.headers_mut().append(name, value.clone());
        }
        if let Some(version) = &self.version {
            response.headers_mut().append(VERSION, version.clone());
        }
        Ok(response)
    }
}
