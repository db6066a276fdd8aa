//! The claims about traces: one request makes one trace, with the spans that Istio's proxies make, in their order.

use super::{Evidence, Report, ask, client, expect, shown};
use crate::failure::Result;
use crate::target::{Protocol, Target, gateway_service};
use crate::trace::{Kind, Span, Trace, VERSION_TAG};
use crate::wait;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long spans may take from the proxies to the collector; a cluster's proxies send them every five seconds.
const ARRIVAL: Duration = Duration::from_secs(15);

pub(super) async fn check(report: &mut Report, target: &Target) -> Result<()> {
    let client = client(target, Protocol::Http2)?;
    for lane in std::iter::once(String::new()).chain(target.lanes()) {
        let claim = if lane.is_empty() { "trace".to_owned() } else { format!("trace-{lane}") };
        let of =
            if lane.is_empty() { "without a lane".to_owned() } else { format!("of lane {lane}") };
        let spans = wanted(&target.expected("")).len();
        let sentence = format!(
            "a request {of} makes one trace of {spans} spans, from the gateway to the last service"
        );
        report.claim(&claim, &sentence, one_trace(&client, target, &lane)).await;
    }
    let sentence =
        format!("{REQUESTS} mixed requests at once make {REQUESTS} traces, each of them whole");
    report.claim("traces", &sentence, many_traces(&client, target)).await;
    Ok(())
}

/// Requests that run at the same time, so that their spans arrive mixed.
const REQUESTS: usize = 50;

async fn many_traces(client: &reqwest::Client, target: &Target) -> Evidence {
    let lanes: Vec<String> = std::iter::once(String::new()).chain(target.lanes()).collect();
    let requests = lanes.iter().cycle().take(REQUESTS);
    let traces = requests.map(|lane| async {
        let request = send(client, target, lane).await?;
        request.trace(target).await?;
        Ok::<_, String>(request)
    });
    let mut seen = BTreeSet::new();
    for request in futures_util::future::join_all(traces).await {
        let request = request?;
        // A second look: by now, a span that is one too many has arrived as well.
        request.trace(target).await?;
        seen.insert(request.id);
    }
    expect(&seen.len(), &REQUESTS, format!("{} traces: {}", seen.len(), super::named(&lanes)))
}

async fn one_trace(client: &reqwest::Client, target: &Target, lane: &str) -> Evidence {
    let request = send(client, target, lane).await?;
    let trace = request.trace(target).await?;
    Ok(format!("trace {}, {} spans", trace.id, trace.spans.len()))
}

/// A request that was answered.
struct Request {
    /// Of its trace.
    id: String,
    lane: String,
    /// What its trace must be.
    wanted: Vec<Wanted>,
}

async fn send(
    client: &reqwest::Client,
    target: &Target,
    lane: &str,
) -> std::result::Result<Request, String> {
    let seen = ask(client, target, lane).await?;
    if seen.trace.is_empty() {
        return Err("the services got no `traceparent` header".into());
    }
    let (hops, whole) = (seen.hops(), target.expected(lane));
    let services = |hops: &[(String, String)]| -> Vec<String> {
        hops.iter().map(|(service, _)| service.clone()).collect()
    };
    if services(&hops) != services(&whole) {
        return Err(format!("{} answered, instead of {}", shown(&hops), shown(&whole)));
    }
    let lane = target.lane(lane).to_owned();
    Ok(Request { id: seen.trace, lane, wanted: wanted(&hops) })
}

impl Request {
    /// Its trace, when all spans have arrived, and if it is as the answer says.
    async fn trace(&self, target: &Target) -> std::result::Result<Trace, String> {
        let id = &self.id;
        let mut last = Err(format!("nothing is known of trace {id}"));
        let complete = wait::until(ARRIVAL, async || {
            match target.traces.trace(id).await {
                Ok(Some(trace)) => last = Ok(trace),
                Ok(None) => {}
                Err(failure) => last = Err(failure.message),
            }
            let spans = last.as_ref().map_or(0, |trace| trace.spans.len());
            (spans >= self.wanted.len()).then_some(())
        });
        complete.await;
        let trace = last?;
        fits(&trace, &self.wanted, &self.lane).map_err(|wrong| format!("trace {id}: {wrong}"))?;
        Ok(trace)
    }
}

/// A span that must be there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    service: String,
    kind: Kind,
    /// None at the gateway, which is in no answer.
    version: Option<String>,
}

/// The spans of a request that was answered by these services in these versions, each the parent of the next: in and out
/// at the gateway and at every hop but the last.
pub(crate) fn wanted(hops: &[(String, String)]) -> Vec<Wanted> {
    let hops = hops.iter().map(|(service, version)| (service.clone(), Some(version.clone())));
    let both = |(service, version): (String, Option<String>)| {
        [Kind::Server, Kind::Client].map(|kind| Wanted {
            service: service.clone(),
            kind,
            version: version.clone(),
        })
    };
    let mut spans: Vec<Wanted> =
        std::iter::once((gateway_service(), None)).chain(hops).flat_map(both).collect();
    spans.pop();
    spans
}

/// Whether a trace has these spans and no other, one first span, each the parent of the next, and in each the lane and
/// the version.
///
/// # Errors
/// With what is wrong.
pub(crate) fn fits(
    trace: &Trace,
    wanted: &[Wanted],
    lane: &str,
) -> std::result::Result<(), String> {
    if trace.spans.len() != wanted.len() {
        let spans = format!("{} spans instead of {}", trace.spans.len(), wanted.len());
        return Err(match lost(trace, wanted) {
            Some(service) => format!("{spans}: {service} did not pass `traceparent` on"),
            None => spans,
        });
    }
    for (position, ((depth, span), wanted)) in trace.tree().into_iter().zip(wanted).enumerate() {
        if depth != position || !is_of(span, wanted) {
            return Err(format!(
                "span {position} is {} {} at depth {depth}, instead of {} {}",
                span.kind.name(),
                span.service,
                wanted.kind.name(),
                wanted.service
            ));
        }
        if position == 0 && !span.parent.is_empty() {
            return Err(format!("the first span has a parent, {}, that is not there", span.parent));
        }
        let found = span.tag("lane");
        if found != lane {
            return Err(format!("span {position} has the lane `{found}` instead of `{lane}`"));
        }
        let found = span.tag(VERSION_TAG);
        if let Some(version) = wanted.version.as_ref().filter(|version| *version != found) {
            return Err(format!(
                "span {position} of {} has the version `{found}`, and `{version}` answered",
                wanted.service
            ));
        }
    }
    Ok(())
}

/// The service behind which the trace breaks off: its own span is there, and that of its call is not.
fn lost(trace: &Trace, wanted: &[Wanted]) -> Option<String> {
    let tree = trace.tree();
    let reached = tree.iter().zip(wanted).take_while(|((_, span), wanted)| is_of(span, wanted));
    let reached = reached.count();
    let (last, next) = (wanted.get(reached.checked_sub(1)?)?, wanted.get(reached)?);
    let calls =
        last.service == next.service && last.kind == Kind::Server && next.kind == Kind::Client;
    calls.then(|| last.service.clone())
}

/// Istio names a proxy `<app>.<namespace>`; the app ends in the name that the server gives itself.
fn is_of(span: &Span, wanted: &Wanted) -> bool {
    let app = span.service.split('.').next().unwrap_or_default();
    let service = &wanted.service;
    span.kind == wanted.kind && (span.service == *service || app.ends_with(&format!("-{service}")))
}
