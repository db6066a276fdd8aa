//! The story of a request → what its client sees: a status and the servers that answered, with the share of each case.

use super::story::{Action, Chained, End, Hop, Reached, Served, Then};
use httpserver::Form;
use serde::Serialize;

/// One of the things that can happen to a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// From 0 to 1.
    pub share: f64,
    /// None where the connection ends without an answer.
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The servers that were reached, one after the other.
    pub answered: Vec<Answered>,
    /// Why there was no server at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Whether the hop above can read the answer.
    #[serde(skip)]
    chained: bool,
}

/// A server that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// As the server says it: `service1`; for paths that are no service's, its app.
    pub service: String,
    pub version: String,
}

/// Every outcome, the likely ones first.
pub(super) fn outcomes(hop: &Hop) -> Vec<Outcome> {
    let mut merged: Vec<Outcome> = Vec::new();
    for outcome in of_hop(hop) {
        let same = merged
            .iter_mut()
            .find(|known| Outcome { share: outcome.share, ..(*known).clone() } == outcome);
        match same {
            Some(known) => known.share += outcome.share,
            None => merged.push(outcome),
        }
    }
    merged.sort_by(|one, other| other.share.total_cmp(&one.share));
    merged
}

fn of_hop(hop: &Hop) -> Vec<Outcome> {
    let branches = match &hop.then {
        Then::End(end) => return vec![Outcome::of_end(end)],
        Then::Clusters(branches) => branches,
    };
    let of_branch = |reached: &Reached| match reached {
        Reached::End(end) => vec![Outcome::of_end(end)],
        Reached::Server(served) => of_server(served),
        Reached::Pods(groups) => {
            let shared =
                groups.iter().flat_map(|group| scaled(of_hop(&group.inbound), group.share));
            shared.collect()
        }
    };
    branches.iter().flat_map(|branch| scaled(of_branch(&branch.reached), branch.share)).collect()
}

/// A hop of the chain fails if the next one fails with a 5xx; one that must read the answer also if it cannot.
fn of_server(served: &Served) -> Vec<Outcome> {
    let this = Answered { service: served.service.clone(), version: served.version.clone() };
    match &served.action {
        Action::Answers { status, chained, .. } => vec![Outcome {
            share: 1.0,
            status: Some(*status),
            location: None,
            answered: vec![this],
            end: None,
            chained: *chained == Chained::Yes,
        }],
        Action::Calls { next, form, .. } => {
            let answer = |outcome: Outcome| {
                let failed = outcome.status.is_none_or(|status| status >= 500)
                    || *form == Form::Json && !outcome.chained;
                let answered = std::iter::once(this.clone()).chain(outcome.answered).collect();
                let status = Some(if failed { 502 } else { 200 });
                Outcome { status, location: None, answered, chained: true, ..outcome }
            };
            of_hop(next).into_iter().map(answer).collect()
        }
    }
}

fn scaled(outcomes: Vec<Outcome>, share: f64) -> Vec<Outcome> {
    outcomes
        .into_iter()
        .map(|outcome| Outcome { share: outcome.share * share, ..outcome })
        .collect()
}

impl Outcome {
    fn of_end(End { status, reason, location }: &End) -> Self {
        Self {
            share: 1.0,
            status: *status,
            location: location.clone(),
            answered: Vec::new(),
            end: Some(reason.clone()),
            chained: false,
        }
    }
}
