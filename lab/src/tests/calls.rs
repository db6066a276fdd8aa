//! Spans → the number of requests of each call.

use super::diagram::{chain, diagram_of};
use crate::collector::calls::{Call, Caller, Calls, Count};
use crate::collector::store::{Bounds, Store};
use crate::diagram::{self, Diagram};
use crate::otlp::{self, Encoding, Received};
use crate::trace::{Kind, Span};
use serde_json::json;

/// The span of a request that a proxy sent on to `cluster`.
fn sent(id: usize, service: &str, lane: &str, cluster: &str, status: &str) -> Span {
    let version = if cluster.starts_with("v2>") { "v2" } else { "v1" };
    let tags = [
        ("http.url", "https://example.com:8443/a"),
        ("http.status_code", status),
        ("istio.canonical_revision", version),
        ("lane", lane),
        ("upstream_cluster", cluster),
    ];
    Span {
        // No span has only zeros for an id.
        id: format!("{:016x}", id + 1),
        parent: String::new(),
        service: service.into(),
        operation: String::new(),
        kind: Kind::Client,
        start: 1,
        duration: 1,
        tags: tags.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    }
}

const GATEWAY: &str = "istio-ingressgateway.istio-system";

fn host(service: &str) -> String {
    format!("{service}.lab.svc.cluster.local")
}

/// A lane that falls back at service two.
fn fallback() -> Diagram {
    diagram_of(&chain(&[("one", &["v2"]), ("two", &[]), ("three", &["v2"])]))
}

/// The calls that a collector counts of these spans.
fn counted(spans: impl IntoIterator<Item = Span>) -> Calls {
    let mut calls = Calls::default();
    calls.known.clone_from(&diagram::known([&fallback()]));
    spans.into_iter().for_each(|span| calls.note(&span));
    calls
}

/// The spans of one request: at the gateway, and at the services one and two.
pub(super) fn request(id: usize, lane: &str, statuses: [&str; 3]) -> [Span; 3] {
    let (one, three) = if lane == "v2" { ("v2", "v2") } else { ("v1", "v1") };
    let cluster = |proxy: &str, subset: &str, service: &str| {
        format!("{proxy}>outbound|80|{subset}|{}", host(service))
    };
    [
        sent(3 * id, GATEWAY, lane, &cluster("gateway", one, "one"), statuses[0]),
        sent(3 * id + 1, "one.lab", lane, &cluster(one, "v1", "two"), statuses[1]),
        sent(3 * id + 2, "two.lab", lane, &cluster("v1", three, "three"), statuses[2]),
    ]
}

/// The span as it comes in OTLP.
pub(super) fn received(span: &Span) -> Received {
    let attribute =
        |(key, value): (&String, &String)| json!({"key": key, "value": {"stringValue": value}});
    let service = json!({"key": "service.name", "value": {"stringValue": span.service}});
    let wire = json!({
        "traceId": "1".repeat(32), "spanId": span.id, "parentSpanId": span.parent, "name": span.operation,
        "kind": if span.kind == Kind::Client { 3 } else { 2 },
        "startTimeUnixNano": (span.start * 1000).to_string(),
        "endTimeUnixNano": ((span.start + span.duration) * 1000).to_string(),
        "attributes": span.tags.iter().map(attribute).collect::<Vec<_>>(),
    });
    let resource =
        json!({"resource": {"attributes": [service]}, "scopeSpans": [{"spans": [wire]}]});
    let body = json!({"resourceSpans": [resource]}).to_string();
    let (_, received) = otlp::spans(body.as_bytes(), Encoding::Json).unwrap().spans.remove(0);
    received
}

#[test]
fn every_way_has_the_requests_that_took_it_and_those_that_failed() {
    let mut spans = Vec::new();
    for id in 0..3 {
        spans.extend(request(id, "", ["200"; 3]));
    }
    spans.extend(request(3, "v2", ["200"; 3]));
    spans.extend(request(4, "v2", ["502", "502", "500"]));
    // A lane that nobody has is in the baseline.
    spans.extend(request(5, "made-up", ["404", "200", "0"]));
    let live = fallback().live(&[], Some(&counted(spans)));
    let count = |requests, failed| Some(Count { requests, failed });
    let ways: Vec<(usize, [String; 2], Option<Count>)> =
        live.ways.iter().map(|way| (way.lane, live.ends(way), way.count)).collect();
    let way = |lane, from: &str, to: &str, count| (lane, [from.to_owned(), to.to_owned()], count);
    assert_eq!(
        ways,
        [
            way(0, "gateway", "one v1", count(4, 0)),
            way(1, "gateway", "one v2", count(2, 1)),
            way(0, "one v1", "two v1", count(4, 0)),
            way(1, "one v2", "two v1", count(2, 1)),
            way(0, "two v1", "three v1", count(4, 1)),
            way(1, "two v1", "three v2", count(2, 1)),
        ]
    );
    let lanes: Vec<Option<Count>> = live.lanes.iter().map(|lane| lane.count).collect();
    assert_eq!(lanes, [count(4, 0), count(2, 1)]);
}

#[test]
fn without_a_collector_nothing_is_counted() {
    let live = fallback().live(&[], None);
    assert!(live.ways.iter().all(|way| way.count.is_none()));
    assert!(live.lanes.iter().all(|lane| lane.count.is_none()));
}

#[test]
fn attempts_of_the_gateway_and_spans_of_arriving_requests_are_not_counted() {
    let [mut attempt, ..] = request(0, "v2", ["200"; 3]);
    attempt.tags.remove("http.url");
    let mut arriving = sent(1, "one.lab", "v2", "one-v2-0>inbound|8080||", "200");
    arriving.kind = Kind::Server;
    assert_eq!(counted([attempt, arriving]).counts().count(), 0);
}

#[test]
fn what_clients_make_up_makes_no_call_of_its_own() {
    let made_up = (0..1_000).flat_map(|id| {
        let [mut elsewhere, ..] = request(1_000 + id, "", ["200"; 3]);
        elsewhere.tags.insert("http.url".into(), format!("https://host-{id}.example.com/"));
        let nobody = sent(
            0,
            &format!("app-{id}.lab"),
            "",
            &format!("outbound|80|v1|{}", host("two")),
            "200",
        );
        let lane = request(id, &format!("lane-{id}"), ["200"; 3]);
        lane.into_iter().chain([elsewhere, nobody])
    });
    let counts: Vec<u64> = counted(made_up).counts().map(|count| count.requests).collect();
    assert_eq!(
        counts, [1_000; 3],
        "lanes are the baseline; hosts and callers that nobody knows are not counted"
    );
}

#[test]
fn a_request_that_was_routed_before_its_lane_came_is_in_the_baseline() {
    let [mut early, ..] = request(0, "v2", ["200"; 3]);
    let cluster = format!("gateway>outbound|80|v1|{}", host("one"));
    early.tags.insert("upstream_cluster".into(), cluster);
    let live = fallback().live(&[], Some(&counted([early])));
    let lanes: Vec<u64> = live.lanes.iter().map(|lane| lane.count.unwrap().requests).collect();
    assert_eq!(lanes, [1, 0]);
}

#[test]
fn a_span_that_comes_again_counts_once_and_one_of_a_trace_that_is_full_counts() {
    let mut store = Store::with(Bounds { traces: 2, spans: 4, spans_of_a_trace: 2 });
    store.calls.known.clone_from(&diagram::known([&fallback()]));
    let [first, second, third] = request(0, "", ["200"; 3]);
    for span in [&first, &first, &second] {
        store.add("a".into(), received(span)).unwrap();
    }
    store.add("a".into(), received(&third)).unwrap_err();
    let counts = store.calls.counts().map(|count| count.requests);
    assert_eq!(counts.collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn of_several_hosts_that_fit_the_one_that_says_most_is_counted() {
    let call = |host: &str| Call {
        lane: String::new(),
        caller: Caller::Gateway(host.to_owned()),
        host: self::host("one"),
        subset: "v1".into(),
    };
    let known = |hosts: &[&'static str]| {
        let mut calls = Calls::default();
        calls.known.hosts = hosts.iter().map(ToString::to_string).collect();
        calls.known.calls = hosts.iter().map(|host| call(host)).collect();
        let [span, ..] = request(0, "", ["200"; 3]);
        calls.note(&span);
        hosts.iter().copied().find(|host| calls.of([&call(host)]).requests == 1)
    };
    assert_eq!(known(&["other.com"]), None);
    assert_eq!(known(&["*", "*.com", "*.example.com"]), Some("*.com"));
    assert_eq!(known(&["*", "*.com", "example.com"]), Some("example.com"));
}
