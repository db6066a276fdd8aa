//! The page: what it says, what it lets through, and how far a release has come.

use super::calls::{received, request};
use super::diagram::{chain, diagram_of};
use crate::collector::store::Store;
use crate::control::{PodStatus, Status};
use crate::diagram;
use crate::page::Scene;
use crate::page::overview::{Overview, Refresh};
use crate::page::waterfall::Waterfall;
use crate::release::{Drawn, ReleaseStatus, Taken};
use crate::trace::{Kind, Span, Trace};
use askama::Template;
use manifests::release::{Draw, State};
use std::collections::BTreeMap;

fn pod(name: &str, version: &str, reason: &str) -> PodStatus {
    PodStatus {
        name: name.into(),
        app: "one".into(),
        version: version.into(),
        lane: if version == "v1" { String::new() } else { version.into() },
        ready: reason.is_empty(),
        reason: reason.into(),
        restarts: 3,
        pid: 1,
        app_port: 1,
        admin_port: 2,
        inbound_port: 3,
        outbound_port: 4,
    }
}

/// A lab whose lane falls back at service two.
fn scene() -> Scene {
    let diagrams = vec![diagram_of(&chain(&[("one", &["v2"]), ("two", &[]), ("three", &["v2"])]))];
    let pods = vec![pod("one-v1-0", "v1", ""), pod("one-v2-0", "v2", "<b>it is & slow</b>")];
    let status = Status {
        layers: vec!["base".into(), "canary-v2".into()],
        traces: "http://127.0.0.1:1/jaeger".into(),
        pods,
        ..Status::default()
    };
    Scene { status, diagrams, sampled: Some(100.0) }
}

fn store() -> Store {
    let mut store = Store::default();
    store.calls.known.clone_from(&diagram::known(&scene().diagrams));
    for (id, lane) in [(0, ""), (1, "v2"), (2, "<script>alert(1)</script>")] {
        for mut span in request(id, lane, ["200", "200", "503"]) {
            span.start = 1_700_000_000_000_000;
            span.tags.insert("http.method".into(), "GET".into());
            store.add(format!("{id:032x}"), received(&span)).unwrap();
        }
    }
    store
}

fn html(scene: Scene, store: Option<&Store>, refresh: Refresh) -> String {
    Overview::of(scene, store, refresh).render().unwrap()
}

/// The text alone, with one space between words.
fn words(html: &str) -> String {
    let body = html.split_once("</style>").expect("a style").1;
    let parts = body.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(html: &str, expected: &str) {
    let words = words(html);
    assert!(words.contains(expected), "`{expected}` is not in: {words}");
}

#[test]
fn it_says_what_runs_where_requests_went_and_what_they_took() {
    let html = html(scene(), Some(&store()), Refresh::On);
    says(&html, "Requests 3 Failed 0 Lanes 1 Pods ready 1 of 2");
    says(&html, "baseline 2 requests");
    says(&html, "v2 1 request ");
    says(&html, "falls back to v1");
    // The way from the baseline of service two back to the lane, as a row of the table.
    says(&html, "v2 two v1 three v2 1 1");
    says(&html, "one-v1-0 v1 – yes 3");
    says(&html, "22:13:20 v2 GET /a 3 0.00 ms");
}

#[test]
fn values_of_others_are_text_and_never_markup() {
    let html = html(scene(), Some(&store()), Refresh::On);
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    says(&html, "&#60;script&#62;alert(1)&#60;/script…");
    says(&html, "&#60;b&#62;it is &#38; slow&#60;/b&#62;");
}

#[test]
fn it_loads_itself_again_unless_that_is_switched_off() {
    let refresh = r#"<meta http-equiv="refresh" content="5">"#;
    let on = html(scene(), None, Refresh::On);
    assert!(on.contains(refresh) && on.contains(r#"href="/?refresh=off""#));
    let off = html(scene(), None, Refresh::Off);
    assert!(!off.contains("http-equiv") && off.contains(r#"<a href="/">Resume</a>"#));
}

#[test]
fn it_says_why_there_are_no_numbers() {
    let elsewhere = html(scene(), None, Refresh::On);
    says(&elsewhere, "Requests – Failed –");
    says(&elsewhere, "Spans go to another Jaeger, so requests are counted there.");
    says(&elsewhere, "which keeps the traces: http://127.0.0.1:1/jaeger");
    let none = Scene { sampled: None, ..scene() };
    says(&html(none, Some(&Store::default()), Refresh::On), "No Telemetry asks for spans");
    let some = Scene { sampled: Some(12.5), ..scene() };
    says(
        &html(some, Some(&Store::default()), Refresh::On),
        "as far as they are traced: 12.5 % are",
    );
}

#[test]
fn a_release_shows_what_was_asked_for_beside_what_is_seen() {
    let without = html(scene(), Some(&store()), Refresh::On);
    assert!(!words(&without).contains("Wanted"));
    let draw = Some(Draw { lane: "v2".into(), percent: 25 });
    let state = State { lanes: vec!["v2".into(), "v3".into()], draw, promoted: Vec::new() };
    let step = |step: &str, at| Taken { step: step.into(), at, milliseconds: 1 };
    let release = ReleaseStatus {
        state,
        drawn: Some(Drawn { into_lane: 246, into_baseline: 754 }),
        draw_began: None,
        counterparts: BTreeMap::new(),
        steps: vec![step("start v2", 3_600), step("weight 25", 3_661)],
        objects: "release.yaml".into(),
    };
    let mut with = scene();
    with.status.release = Some(release);
    says(
        &html(with, Some(&store()), Refresh::On),
        "Release Lane Wanted Seen \
         baseline 75 % 75.4 % (754 of 1000 requests) \
         v2 25 % 24.6 % (246 of 1000 requests) \
         v3 who asks - \
         01:01:01 weight 25 01:00:00 start v2",
    );
}

fn span(id: &str, parent: &str, service: &str, kind: Kind, [start, duration]: [u64; 2]) -> Span {
    let tags = [("http.status_code", "200"), ("lane", "v2"), ("istio.canonical_revision", "v1")];
    Span {
        id: id.into(),
        parent: parent.into(),
        service: service.into(),
        operation: format!("{service}:80/*"),
        kind,
        start,
        duration,
        tags: tags.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    }
}

#[test]
fn a_trace_is_a_row_for_each_span_with_its_bar() {
    let mut failed = span("c", "b", "two.lab", Kind::Server, [9_000, 1_000]);
    failed.tags.insert("http.status_code".into(), "503".into());
    let trace = Trace {
        id: "abc".into(),
        spans: vec![
            span("a", "", "gateway.far", Kind::Server, [0, 10_000]),
            span("b", "a", "one.lab", Kind::Client, [5_000, 5_000]),
            failed,
        ],
    };
    let html = Waterfall::of(&trace, &scene().diagrams).render().unwrap();
    says(&html, "Lane v2 Status 200 Duration 10.00 ms Spans 3");
    says(&html, "0.00 ms 2.50 ms 5.00 ms 7.50 ms 10.00 ms");
    says(&html, "gateway .far v1 lane v2 received gateway.far:80/* 10.00 ms 200");
    says(&html, "one .lab v1 lane v2 sent one.lab:80/* 5.00 ms 200");
    says(&html, "two .lab v1 lane v2 received two.lab:80/* 1.00 ms 503");
    let bars: Vec<&str> =
        html.split("<rect x=\"").skip(1).map(|bar| bar.split('>').next().unwrap()).collect();
    assert_eq!(
        bars,
        [
            "0\" width=\"1000\" height=\"10\"/",
            "500\" width=\"500\" height=\"10\"/",
            "900\" width=\"100\" height=\"10\"/",
        ]
    );
    assert_eq!(html.matches("bar lane-1 failed").count(), 1, "the one that failed");
    let depths = html.split("--depth:").skip(1).map(|depth| &depth[..1]);
    assert_eq!(depths.collect::<Vec<_>>(), ["0", "1", "2"]);
}

#[test]
fn a_trace_of_no_time_at_all_has_bars_that_can_be_seen() {
    let trace = Trace { id: "abc".into(), spans: vec![span("a", "", "one", Kind::Server, [7, 0])] };
    let html = Waterfall::of(&trace, &[]).render().unwrap();
    assert!(html.contains(r#"<rect x="0" width="4""#), "{html}");
}
