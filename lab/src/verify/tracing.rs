//! The claims about traces: one request makes one trace, with the spans that Istio's proxies make, in their order.

use super::{Evidence, Report, ask, client, expect};
use crate::failure::Result;
use crate::target::{Protocol, Target, gateway_service};
use crate::trace::{Kind, Span, Trace};
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
        let spans = wanted(target).len();
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
    let traces = requests.map(|lane| one_trace(client, target, lane));
    let mut seen = BTreeSet::new();
    for evidence in futures_util::future::join_all(traces).await {
        // Each names its trace.
        seen.insert(evidence?);
    }
    expect(&seen.len(), &REQUESTS, format!("{} traces in {} lanes", seen.len(), lanes.len()))
}

/// Service and kind of each span, each the parent of the next: in and out at the gateway and at every hop but the last.
fn wanted(target: &Target) -> Vec<(String, Kind)> {
    let services = target.expected("").into_iter().map(|(service, _)| service);
    let mut spans: Vec<(String, Kind)> = std::iter::once(gateway_service())
        .chain(services)
        .flat_map(|service| [(service.clone(), Kind::Server), (service, Kind::Client)])
        .collect();
    spans.pop();
    spans
}

async fn one_trace(client: &reqwest::Client, target: &Target, lane: &str) -> Evidence {
    let id = ask(client, target, lane).await?.trace;
    if id.is_empty() {
        return Err("the services got no `traceparent` header".into());
    }
    let wanted = wanted(target);
    let mut last = None;
    let complete = wait::until(ARRIVAL, async || {
        last = target.traces.trace(&id).await.ok()?;
        last.clone().filter(|trace| trace.spans.len() >= wanted.len())
    });
    let complete = complete.await;
    let trace = complete.or(last).ok_or_else(|| format!("nothing is known of trace {id}"))?;
    fits(&trace, &wanted, target.lane(lane)).map_err(|wrong| format!("trace {id}: {wrong}"))?;
    Ok(format!("trace {id}, {} spans", trace.spans.len()))
}

fn fits(trace: &Trace, wanted: &[(String, Kind)], lane: &str) -> std::result::Result<(), String> {
    if trace.spans.len() != wanted.len() {
        let spans = format!("{} spans instead of {}", trace.spans.len(), wanted.len());
        return Err(match lost(trace, wanted) {
            Some(service) => format!("{spans}: {service} did not pass `traceparent` on"),
            None => spans,
        });
    }
    for (position, ((depth, span), (service, kind))) in
        trace.tree().into_iter().zip(wanted).enumerate()
    {
        if depth != position || !is_of(span, service) || span.kind != *kind {
            return Err(format!(
                "span {position} is {} {} at depth {depth}, instead of {} {service}",
                span.kind.name(),
                span.service,
                kind.name()
            ));
        }
        let tag = span.tags.get("lane").map_or("", String::as_str);
        if tag != lane {
            return Err(format!("span {position} has the lane `{tag}` instead of `{lane}`"));
        }
    }
    Ok(())
}

/// The service behind which the trace breaks off: its own span is there, and that of its call is not.
fn lost(trace: &Trace, wanted: &[(String, Kind)]) -> Option<String> {
    let tree = trace.tree();
    let as_wanted = |((_, span), (service, kind)): &((usize, &Span), &(String, Kind))| {
        is_of(span, service) && span.kind == *kind
    };
    let reached = tree.into_iter().zip(wanted).take_while(as_wanted).count();
    match (wanted.get(reached.checked_sub(1)?)?, wanted.get(reached)?) {
        ((service, Kind::Server), (next, Kind::Client)) if service == next => Some(service.clone()),
        _ => None,
    }
}

/// Istio names a proxy `<app>.<namespace>`; the app ends in the name that the server gives itself.
fn is_of(span: &Span, service: &str) -> bool {
    let app = span.service.split('.').next().unwrap_or_default();
    span.service == service || app.ends_with(&format!("-{service}"))
}
