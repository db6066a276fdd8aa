//! What the next hop answered, or the headers received, go in; the text form of an answer comes out.

use poem::{
    IntoResponse, Response,
    http::{HeaderMap, StatusCode},
};

use crate::{fault::Injected, next_hop::Outcome, service::Service, wire::wire_form};

/// The Hello line, the failure if there is one, the answer of the next hop if there is one.
pub(crate) fn of_call(service: Service, outcome: &Outcome) -> Response {
    let mut body = service.greeting().as_bytes().to_vec();
    let mut status = StatusCode::OK;
    if let Some(failure) = &outcome.failure {
        status = failure.status;
        body.extend_from_slice(failure.reason.as_bytes());
        body.push(b'\n');
    }
    if let Some(received) = &outcome.received {
        body.extend_from_slice(&wire_form(received));
    }
    response(status, body)
}

pub(crate) fn of_last(service: Service, headers: &HeaderMap) -> Response {
    let mut body = service.greeting().as_bytes().to_vec();
    for (name, value) in headers {
        body.extend_from_slice(name.as_str().as_bytes());
        body.extend_from_slice(b": ");
        body.extend_from_slice(value.as_bytes());
        body.push(b'\n');
    }
    response(StatusCode::OK, body)
}

/// The Hello line, and the fault that kept it from more.
pub(crate) fn of_failed(service: Service, injected: &Injected) -> Response {
    response(injected.status, format!("{}{}\n", service.greeting(), injected.reason).into_bytes())
}

fn response(status: StatusCode, body: Vec<u8>) -> Response {
    body.with_content_type("text/plain; charset=utf-8").with_status(status).into_response()
}
