//! A request for one of the three services goes in, its answer with that of the next hop comes out.

use std::time::Instant;

use poem::{
    IntoResponse, Response,
    error::InternalServerError,
    http::{HeaderMap, StatusCode},
    web::Json,
};

use crate::{
    answer::Answer,
    clock::milliseconds,
    config::{Config, Dropped},
    error::ServerError,
    fault::Injected,
    form::Form,
    header::end_to_end,
    next_hop::{self, NextHop},
    service::Service,
    text,
    tree::{self, Identity},
};

pub(crate) struct Hops {
    second: NextHop,
    third: NextHop,
    dropped: Dropped,
    identity: Identity,
}

impl Hops {
    pub(crate) fn new(config: &Config) -> Result<Self, ServerError> {
        let client = next_hop::client(config.hop_timeout)?;
        Ok(Self {
            second: NextHop::new(Service::Two, &config.service2_url, &client),
            third: NextHop::new(Service::Three, &config.service3_url, &client),
            dropped: config.drop_headers.clone(),
            identity: Identity::of(config),
        })
    }

    /// `start` is when the request came. The last hop has no next one; it shows the headers that reached it.
    pub(crate) async fn answer(
        &self,
        service: Service,
        headers: &HeaderMap,
        fate: Result<(), Injected>,
        start: Instant,
    ) -> Response {
        let form = Form::asked_for(headers);
        let answer = || self.identity.answer(service);
        if let Err(injected) = fate {
            return match form {
                Form::Text => text::of_failed(service, &injected),
                Form::Json => json(tree::of_failed(answer(), injected), start),
            };
        }
        let Some(next_hop) = self.after(service) else {
            return match form {
                Form::Text => text::of_last(service, headers),
                Form::Json => json(tree::of_last(answer(), headers), start),
            };
        };
        let outcome = next_hop.call(self.dropped.out_of(end_to_end(headers))).await;
        if let Some(failure) = &outcome.failure {
            tracing::warn!(service = service.name(), "{}", failure.reason);
        }
        match form {
            Form::Text => text::of_call(service, &outcome),
            Form::Json => json(tree::of_call(answer(), next_hop, outcome), start),
        }
    }

    fn after(&self, service: Service) -> Option<&NextHop> {
        match service {
            Service::One => Some(&self.second),
            Service::Two => Some(&self.third),
            Service::Three => None,
        }
    }
}

fn json(mut answer: Answer, start: Instant) -> Response {
    answer.duration_ms = Some(milliseconds(start.elapsed()));
    match StatusCode::from_u16(answer.status) {
        Ok(status) => Json(answer).with_status(status).into_response(),
        Err(error) => InternalServerError(error).into_response(),
    }
}
