//! What the next hop answered, or the headers received, go in; the JSON form of an answer comes out.

use std::collections::BTreeMap;

use poem::http::{HeaderMap, StatusCode};

use crate::{
    answer::Answer,
    config::Config,
    fault::Injected,
    next_hop::{NextHop, Outcome, Received},
    service::Service,
};

/// As many characters of an unreadable answer as help to recognise it.
const EXCERPT: usize = 200;

/// What the pod says of itself in every tree.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) version: String,
    pub(crate) lane: Option<String>,
    pub(crate) pod: Option<String>,
}

impl Identity {
    pub(crate) fn of(config: &Config) -> Self {
        let unless_empty = |text: &String| (!text.is_empty()).then(|| text.clone());
        Self {
            version: config.pod_version.as_str().to_owned(),
            lane: unless_empty(&config.lane),
            pod: unless_empty(&config.pod_name),
        }
    }

    pub(crate) fn answer(&self, service: Service) -> Answer {
        Answer {
            service: service.name().to_owned(),
            version: Some(self.version.clone()),
            lane: self.lane.clone(),
            pod: self.pod.clone(),
            status: StatusCode::OK.as_u16(),
            duration_ms: None,
            error: None,
            headers: None,
            next: None,
        }
    }
}

/// The answer of a hop that called the next one: with its tree, or with what is known of it.
pub(crate) fn of_call(mut answer: Answer, next_hop: &NextHop, outcome: Outcome) -> Answer {
    let Outcome { received, mut failure } = outcome;
    if let Some(received) = received {
        let next = serde_json::from_slice(&received.body).unwrap_or_else(|error| {
            // An earlier failure, such as its status, says more than the form of the body.
            let status = received.status;
            let why = || format!("it answered {status}, and not in our JSON form: {error}");
            failure.get_or_insert_with(|| next_hop.failure(&why()));
            unreadable(next_hop.service, &received)
        });
        answer.next = Some(Box::new(next));
    }
    if let Some(failure) = failure {
        answer.status = failure.status.as_u16();
        answer.error = Some(failure.reason);
    }
    answer
}

/// The answer of the last hop: each header it received, with all its values.
pub(crate) fn of_last(answer: Answer, headers: &HeaderMap) -> Answer {
    Answer { headers: Some(header_lists(headers)), ..answer }
}

/// The answer of a hop that failed by a fault, before it called anyone.
pub(crate) fn of_failed(answer: Answer, injected: Injected) -> Answer {
    Answer { status: injected.status.as_u16(), error: Some(injected.reason), ..answer }
}

/// Bytes that are no UTF-8 become replacement characters: JSON has no other way to show them.
fn header_lists(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let values = |name| headers.get_all(name).into_iter();
    let list = |name| values(name).map(|value| lossy(value.as_bytes())).collect();
    headers.keys().map(|name| (name.as_str().to_owned(), list(name))).collect()
}

fn unreadable(service: Service, received: &Received) -> Answer {
    Answer {
        service: service.name().to_owned(),
        version: None,
        lane: None,
        pod: None,
        status: received.status.as_u16(),
        duration_ms: None,
        error: Some(lossy(&received.body).chars().take(EXCERPT).collect()),
        headers: None,
        next: None,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
