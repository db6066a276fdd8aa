//! The claims of the lab, checked from outside: a target → claims → a report. It cannot tell an embedded lab from a
//! cluster, so what holds here is what is claimed there.

mod edge;
mod lane;
mod path;
pub(crate) mod tracing;

use crate::failure::Result;
use crate::target::{Protocol, Target};
use httpserver::answer::Answer;
use serde::Serialize;
use std::time::{Duration, Instant};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The path that runs through all services.
pub(crate) const CHAIN: &str = "/hello/service1";
/// The header in which a request carries its lane.
pub(crate) const LANE_HEADER: &str = "x-lane";

/// What was claimed, and whether it held.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// Short and stable, for programs.
    pub(crate) claim: String,
    pub(crate) sentence: String,
    pub(crate) passed: bool,
    /// What was seen.
    pub(crate) evidence: String,
    pub(crate) milliseconds: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) outcomes: Vec<Outcome>,
}

/// What was seen: fine, or not as claimed.
type Evidence = std::result::Result<String, String>;

impl Report {
    pub(crate) fn passed(&self) -> bool {
        !self.outcomes.is_empty() && self.outcomes.iter().all(|outcome| outcome.passed)
    }

    /// Runs a check to its end and takes note of it.
    async fn claim(&mut self, claim: &str, sentence: &str, check: impl Future<Output = Evidence>) {
        let started = Instant::now();
        let evidence = check.await;
        self.outcomes.push(Outcome {
            claim: claim.to_owned(),
            sentence: sentence.to_owned(),
            passed: evidence.is_ok(),
            evidence: evidence.unwrap_or_else(|evidence| evidence),
            milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}

/// Checks every claim; all run, whatever fails.
pub(crate) async fn verify(target: &Target) -> Result<Report> {
    let mut report = Report::default();
    path::check(&mut report, target).await?;
    edge::check(&mut report, target).await?;
    lane::check(&mut report, target).await?;
    tracing::check(&mut report, target).await?;
    Ok(report)
}

/// Sends a request through the whole chain that asks for `lane` by the header, or for none, which no draw will bring into one.
pub(crate) async fn ask(
    client: &reqwest::Client,
    target: &Target,
    lane: &str,
) -> std::result::Result<Seen, String> {
    let request = client.get(target.url(CHAIN));
    send(match lane {
        "" => request.header("cookie", target.last_tickets()),
        lane => request.header(LANE_HEADER, lane),
    })
    .await
}

/// Sends a request to the whole chain and returns the answer as a tree, with the trace that it belongs to.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> std::result::Result<Seen, String> {
    let request = request.timeout(PATIENCE).header("accept", "application/json");
    let answer = request.send().await.map_err(|error| causes(&error))?;
    let (status, version) = (answer.status(), answer.version());
    // The server copies the request headers that it received, so the trace that the gateway began is known.
    let traceparent = answer
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let trace = traceparent.split('-').nth(1).unwrap_or_default().to_owned();
    let text = answer.text().await.map_err(|error| causes(&error))?;
    if !status.is_success() {
        return Err(format!("status {status}: {}", blame(&text)));
    }
    let answer = serde_json::from_str(&text)
        .map_err(|error| format!("not the answer of the server: {error}"))?;
    Ok(Seen { answer, version, trace })
}

/// Why a request failed: what the last hop that was reached says, or the beginning of an answer of somebody else. The same
/// words for the same fault, so without what differs from request to request.
fn blame(text: &str) -> String {
    let answer = serde_json::from_str(text).ok();
    let hops = std::iter::successors(answer.as_ref(), |answer: &&Answer| answer.next.as_deref());
    let blamed = hops.filter_map(|hop| Some((hop, hop.error.as_ref()?))).last();
    let words =
        blamed.map_or_else(|| text.to_owned(), |(hop, error)| format!("{}: {error}", hop.service));
    words.chars().take(160).collect()
}

pub(crate) struct Seen {
    answer: Answer,
    version: reqwest::Version,
    trace: String,
}

impl Seen {
    /// Service and version of each hop.
    fn hops(&self) -> Vec<(String, String)> {
        let version = |hop: &Answer| hop.version.clone().unwrap_or_default();
        self.each().map(|hop| (hop.service.clone(), version(hop))).collect()
    }

    /// Service of each hop, and the lane of the pod that answered; empty for the baseline.
    pub(crate) fn instances(&self) -> Vec<(String, String)> {
        let lane = |hop: &Answer| hop.lane.clone().unwrap_or_default();
        self.each().map(|hop| (hop.service.clone(), lane(hop))).collect()
    }

    /// The answer of the last hop that was reached.
    fn last(&self) -> &Answer {
        self.each().last().unwrap_or(&self.answer)
    }

    fn each(&self) -> impl Iterator<Item = &Answer> {
        std::iter::successors(Some(&self.answer), |answer| answer.next.as_deref())
    }
}

/// `service1/v1 → service2/v1`.
fn shown(hops: &[(String, String)]) -> String {
    hops.iter()
        .map(|(service, version)| format!("{service}/{version}"))
        .collect::<Vec<_>>()
        .join(" → ")
}

/// Lanes, as people call them.
fn named(lanes: &[String]) -> String {
    let names = lanes.iter().map(|lane| if lane.is_empty() { "no lane" } else { lane });
    names.collect::<Vec<_>>().join(", ")
}

/// An error with everything that caused it.
fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    std::iter::once(error.to_string())
        .chain(causes.map(ToString::to_string))
        .collect::<Vec<_>>()
        .join(": ")
}

async fn text(
    client: &reqwest::Client,
    url: String,
) -> std::result::Result<(reqwest::StatusCode, String), String> {
    let answer = client.get(url).timeout(PATIENCE).send().await.map_err(|error| causes(&error))?;
    let status = answer.status();
    Ok((status, answer.text().await.map_err(|error| causes(&error))?))
}

/// Fine if it is as expected.
fn expect<T: PartialEq + std::fmt::Debug>(seen: &T, wanted: &T, evidence: String) -> Evidence {
    if seen == wanted { Ok(evidence) } else { Err(format!("{evidence}, instead of {wanted:?}")) }
}

fn client(target: &Target, protocol: Protocol) -> Result<reqwest::Client> {
    target.client(protocol, &target.host)
}
