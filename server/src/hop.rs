//! A request for one of the three services goes in, its answer with that of the next hop comes out.

use std::{sync::Arc, time::Instant};

use poem::{Endpoint, IntoResponse, Request, Response, Result, http::StatusCode, web::Json};

use crate::{
    accept::Form,
    answer::Answer,
    clock::milliseconds_since,
    header::end_to_end,
    next_hop::NextHop,
    pace::Pace,
    service::Service,
    text,
    tree::{self, Identity},
};

/// The last hop has no next one; it shows the headers that reached it.
pub(crate) struct Hop {
    pub(crate) service: Service,
    pub(crate) next: Option<NextHop>,
    pub(crate) identity: Identity,
    pub(crate) pace: Arc<Pace>,
}

impl Endpoint for Hop {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let start = Instant::now();
        let _timer = self.pace.take().await;
        let headers = request.headers();
        let form = Form::asked_for(headers);
        let answer = || self.identity.answer(self.service);
        let Some(next_hop) = &self.next else {
            return Ok(match form {
                Form::Text => text::of_last(self.service, headers),
                Form::Json => json(tree::of_last(answer(), headers), start)?,
            });
        };
        let outcome = next_hop.call(end_to_end(headers)).await;
        if let Some(failure) = &outcome.failure {
            tracing::warn!(service = self.service.name(), "{}", failure.reason);
        }
        Ok(match form {
            Form::Text => text::of_call(self.service, &outcome),
            Form::Json => json(tree::of_call(answer(), next_hop, outcome), start)?,
        })
    }
}

fn json(mut answer: Answer, start: Instant) -> Result<Response> {
    let status = StatusCode::from_u16(answer.status).map_err(poem::error::InternalServerError)?;
    answer.duration_ms = Some(milliseconds_since(start));
    Ok(Json(answer).with_status(status).into_response())
}
