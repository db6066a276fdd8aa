//! Whether a trace is whole: the spans that an answer asks for, and what is wrong with those that are there.

use crate::trace::{Kind, Trace};
use crate::verify::tracing::{fits, wanted};

/// One hop through the gateway to `one` in version `v2`.
const HOPS: [(&str, &str); 1] = [("one", "v2")];
const GATEWAY: &str = "istio-ingressgateway.istio-system";

fn hops(hops: &[(&str, &str)]) -> Vec<(String, String)> {
    hops.iter().map(|(service, version)| ((*service).into(), (*version).into())).collect()
}

/// The trace of a request of lane `blue` to `one`, which calls `two`.
fn trace() -> Trace {
    let mut trace =
        super::trace::trace(&[("a", ""), ("b", "a"), ("c", "b"), ("d", "c"), ("e", "d")]);
    let (server, client) = (Kind::Server, Kind::Client);
    let is = [
        (GATEWAY, server, "latest"),
        (GATEWAY, client, "latest"),
        ("app-one.lab", server, "v2"),
        ("app-one.lab", client, "v2"),
        ("app-two.lab", server, "v1"),
    ];
    for (span, (service, kind, version)) in trace.spans.iter_mut().zip(is) {
        (span.service, span.kind) = (service.into(), kind);
        let tags = [("lane", "blue"), ("istio.canonical_revision", version)];
        span.tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    }
    trace
}

/// Changes the trace, and compares what is then wrong with it.
#[track_caller]
fn check(change: impl Fn(&mut Trace), expected: &str) {
    let mut trace = trace();
    change(&mut trace);
    let wanted = wanted(&hops(&[HOPS[0], ("two", "v1")]));
    assert_eq!(fits(&trace, &wanted, "blue").err().unwrap_or_default(), expected);
}

#[test]
fn a_whole_trace_fits_in_any_order_of_its_spans() {
    check(|_| {}, "");
    check(|trace| trace.spans.reverse(), "");
}

#[test]
fn the_last_service_calls_nobody() {
    assert_eq!(wanted(&hops(&HOPS)).len(), 3);
    assert_eq!(wanted(&hops(&[HOPS[0]; 3])).len(), 7);
}

#[test]
fn a_span_too_many_or_too_few_is_wrong() {
    let again = |trace: &mut Trace| trace.spans.push(trace.spans[4].clone());
    check(again, "6 spans instead of 5");
    check(|trace| trace.spans.truncate(4), "4 spans instead of 5");
    check(
        |trace| trace.spans.truncate(3),
        "3 spans instead of 5: one did not pass `traceparent` on",
    );
}

#[test]
fn a_first_span_has_no_parent() {
    let change = |trace: &mut Trace| trace.spans[0].parent = "x".into();
    check(change, "the first span has a parent, x, that is not there");
}

#[test]
fn each_span_is_the_parent_of_the_next() {
    let two_first = |trace: &mut Trace| trace.spans[3].parent = String::new();
    check(two_first, "span 3 is client app-one.lab at depth 0, instead of client one");
    let siblings = |trace: &mut Trace| trace.spans[4].parent = "c".into();
    check(siblings, "span 4 is server app-two.lab at depth 3, instead of server two");
}

#[test]
fn service_and_kind_of_each_span_are_as_answered() {
    let other = |trace: &mut Trace| trace.spans[4].service = "app-three.lab".into();
    check(other, "span 4 is server app-three.lab at depth 4, instead of server two");
    let kind = |trace: &mut Trace| trace.spans[1].kind = Kind::Internal;
    check(kind, &format!("span 1 is internal {GATEWAY} at depth 1, instead of client {GATEWAY}"));
}

#[test]
fn each_span_tells_the_lane() {
    let other = |trace: &mut Trace| drop(trace.spans[0].tags.insert("lane".into(), "v9".into()));
    check(other, "span 0 has the lane `v9` instead of `blue`");
    let none = |trace: &mut Trace| drop(trace.spans[3].tags.remove("lane"));
    check(none, "span 3 has the lane `` instead of `blue`");
}

#[test]
fn each_span_of_a_service_tells_the_version_that_answered() {
    let tag = "istio.canonical_revision";
    let other = |trace: &mut Trace| drop(trace.spans[4].tags.insert(tag.into(), "v2".into()));
    check(other, "span 4 of two has the version `v2`, and `v1` answered");
    let none = |trace: &mut Trace| drop(trace.spans[2].tags.remove(tag));
    check(none, "span 2 of one has the version ``, and `v2` answered");
    check(|trace| drop(trace.spans[0].tags.remove(tag)), "");
}
