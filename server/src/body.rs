//! The body of a request goes in; it is read within limits, and what is beyond them is refused.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, combinators::BoxBody};
use hyper::body::Body as _;
use poem::{
    IntoResponse, Request, Response,
    http::{HeaderValue, StatusCode, header},
};
use tokio::time::timeout;

use crate::config::Limits;

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    TooLarge,
    TooSlow,
    Broken,
}

/// Reads a body and forgets it, so that the connection can go on. No endpoint of the service asks for one.
pub(crate) async fn discard(request: &mut Request, limits: &Limits) -> Result<(), Refusal> {
    each_chunk(request, limits, |_| ()).await
}

/// The whole body.
pub(crate) async fn read(request: &mut Request, limits: &Limits) -> Result<Bytes, Refusal> {
    let mut whole = BytesMut::new();
    each_chunk(request, limits, |chunk| whole.extend_from_slice(chunk)).await?;
    Ok(whole.freeze())
}

async fn each_chunk(
    request: &mut Request,
    limits: &Limits,
    mut take: impl FnMut(&[u8]),
) -> Result<(), Refusal> {
    let mut body: BoxBody<_, _> = request.take_body().into();
    if body.is_end_stream() {
        return Ok(());
    }
    // Refused by what it announces, so that a client that waits for `100 Continue` sends nothing.
    if body.size_hint().lower() > limits.max_body_bytes {
        return Err(Refusal::TooLarge);
    }
    let mut size = 0;
    let reading = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return Err(Refusal::Broken) };
            let Some(chunk) = frame.data_ref() else { continue };
            size += chunk.len() as u64;
            if size > limits.max_body_bytes {
                return Err(Refusal::TooLarge);
            }
            take(chunk);
        }
        Ok(())
    };
    timeout(limits.transfer_timeout, reading).await.unwrap_or(Err(Refusal::TooSlow))
}

impl IntoResponse for Refusal {
    /// What is left of the body cannot be told from a next request, so the connection ends here.
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly\n"),
            Self::Broken => (StatusCode::BAD_REQUEST, "the body is broken\n"),
        };
        let close = HeaderValue::from_static("close");
        reason.with_status(status).with_header(header::CONNECTION, close).into_response()
    }
}
