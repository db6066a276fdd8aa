//! A request and what came of it go in, a line of the access log comes out.

use std::time::Duration;

use poem::{Request, http::StatusCode};

use crate::{client_address::Client, clock::milliseconds, trace_id::trace_id};

pub(crate) fn log(request: &Request, status: StatusCode, took: Duration) {
    let headers = request.headers();
    tracing::info!(
        target: "access",
        client = %Client::of(request),
        status = status.as_u16(),
        method = %request.method(),
        path = %request.uri().path(),
        lane = headers.get("x-lane").and_then(|lane| lane.to_str().ok()),
        trace_id = trace_id(headers),
        duration_ms = milliseconds(took),
    );
}
