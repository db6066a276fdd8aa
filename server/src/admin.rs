//! Requests to the admin listener go in; the faults are shown or changed.
//!
//! `GET /faults` shows what is in force, `PUT /faults` with its JSON form replaces it (what is left out is off), and
//! `DELETE /faults` returns to what the flags said at the start.

use std::{net::SocketAddr, str::FromStr, sync::Arc};

use poem::{
    Endpoint, IntoResponse, Request, Response, Result,
    http::{Method, StatusCode, header},
    web::Json,
};

use crate::{
    body,
    config::Limits,
    fault::Injector,
    value::{self, NotAccepted},
};

/// Where the admin listener is, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminListen {
    Off,
    At(SocketAddr),
}

impl FromStr for AdminListen {
    type Err = NotAccepted;

    fn from_str(text: &str) -> std::result::Result<Self, NotAccepted> {
        if text == "off" { Ok(Self::Off) } else { value::address(text).map(Self::At) }
    }
}

pub(crate) struct Admin {
    pub(crate) injector: Arc<Injector>,
    pub(crate) limits: Limits,
}

impl Endpoint for Admin {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        if request.uri().path() != "/faults" {
            let hint = "GET, PUT or DELETE /faults";
            return Ok(refused(StatusCode::NOT_FOUND, "there is nothing here", hint));
        }
        match *request.method() {
            Method::GET => {}
            Method::DELETE => self.injector.reset(),
            Method::PUT => {
                let bytes = match body::read(&mut request, &self.limits).await {
                    Ok(bytes) => bytes,
                    Err(refusal) => return Ok(refusal.into_response()),
                };
                match serde_json::from_slice(&bytes) {
                    Ok(faults) => self.injector.set(&faults),
                    Err(error) => {
                        let reason = format!("the faults cannot be read: {error}");
                        return Ok(refused(StatusCode::BAD_REQUEST, &reason, EXAMPLE));
                    }
                }
            }
            _ => {
                let reason = "only GET, PUT and DELETE are understood";
                return Ok(refused(StatusCode::METHOD_NOT_ALLOWED, reason, EXAMPLE)
                    .with_header(header::ALLOW, "GET, PUT, DELETE")
                    .into_response());
            }
        }
        Ok(Json(self.injector.faults()).into_response())
    }
}

const EXAMPLE: &str =
    r#"PUT what `GET /faults` shows, for example {"error_rate": 0.25, "delay_ms": "10..20"}"#;

fn refused(status: StatusCode, reason: &str, hint: &str) -> Response {
    format!("error: {reason}\n\nhint: {hint}\n").with_status(status).into_response()
}
