//! The collector over HTTP, and what it keeps.

use crate::collector::Collector;
use crate::collector::store::{Bounds, Store, TooMany};
use crate::jaeger::Client;
use crate::otlp::{self, Encoding, Received};
use crate::trace::{Kind, Span};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A span whose id ends in the digit or letter `id`.
fn span(id: &str, start: u64) -> Received {
    let id = format!("{:016x}", id.as_bytes()[0]);
    let span = json!({"traceId": TRACE, "spanId": id, "startTimeUnixNano": start.to_string()});
    let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string();
    let (_, span) = otlp::spans(body.as_bytes(), Encoding::Json).unwrap().spans.remove(0);
    span
}

mod store {
    use super::*;

    /// Adds spans, each of a trace, and lists what is kept: traces, the latest first, with their spans.
    #[track_caller]
    fn check(bounds: Bounds, spans: &[(&str, &str, u64)], expected: &[(&str, &[&str])]) {
        let mut store = Store::with(bounds);
        for (trace, id, start) in spans {
            store.add((*trace).into(), span(id, *start)).unwrap();
        }
        let kept: Vec<(&str, Vec<String>)> = store
            .latest()
            .map(|trace| {
                let id = |span: &Received| char::from(span.id()[7]).to_string();
                (trace.id.as_str(), trace.spans.iter().map(id).collect())
            })
            .collect();
        let expected: Vec<(&str, Vec<String>)> = expected
            .iter()
            .map(|(trace, spans)| (*trace, spans.iter().map(ToString::to_string).collect()))
            .collect();
        assert_eq!(kept, expected);
    }

    const SMALL: Bounds = Bounds { traces: 2, spans: 4, spans_of_a_trace: 3 };

    #[test]
    fn spans_of_a_trace_are_in_the_order_of_their_start() {
        check(
            SMALL,
            &[("a", "2", 20), ("b", "1", 5), ("a", "1", 10)],
            &[("b", &["1"]), ("a", &["1", "2"])],
        );
    }

    #[test]
    fn a_span_that_comes_again_is_kept_once() {
        check(
            SMALL,
            &[("a", "1", 10), ("a", "1", 10), ("b", "1", 10)],
            &[("b", &["1"]), ("a", &["1"])],
        );
    }

    #[test]
    fn the_oldest_trace_goes_when_there_are_too_many_traces_or_spans() {
        check(
            SMALL,
            &[("a", "1", 1), ("b", "1", 1), ("c", "1", 1)],
            &[("c", &["1"]), ("b", &["1"])],
        );
        let spans = [("a", "1", 1), ("a", "2", 2), ("b", "1", 1), ("b", "2", 2), ("b", "3", 3)];
        check(SMALL, &spans, &[("b", &["1", "2", "3"])]);
    }

    #[test]
    fn a_trace_has_no_more_spans_than_are_kept_of_one() {
        let mut store = Store::with(SMALL);
        for id in ["1", "2", "3"] {
            store.add("a".into(), span(id, 1)).unwrap();
        }
        assert_eq!(store.add("a".into(), span("4", 1)), Err(TooMany));
        assert_eq!(store.add("a".into(), span("3", 1)), Ok(()), "it came before");
        assert_eq!(store.trace("a").unwrap().spans.len(), 3);
        assert!(store.trace("b").is_none());
    }
}

const TRACE: &str = "5b8efff798038103d269b633813fc60c";

/// The example of the OpenTelemetry Protocol Specification, with ids in hexadecimal digits and numbers as text.
fn request(spans: &[&str]) -> Value {
    let spans = spans.iter().map(|id| {
        json!({
            "traceId": TRACE, "spanId": id, "parentSpanId": "eee19b7ec3c1b173", "name": "I'm a server span",
            "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000", "kind": 2,
            "attributes": [{"key": "lane", "value": {"stringValue": "v2"}}, {"key": "size", "value": {"intValue": "7"}}]
        })
    });
    json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "two.lab"}}]},
        "scopeSpans": [{"scope": {"name": "lab"}, "spans": spans.collect::<Vec<_>>()}]
    }]})
}

/// Posts a body to a collector of its own and returns status and answer, and the spans of the trace that it then has.
async fn posted(content_type: &str, body: Vec<u8>) -> (StatusCode, String, usize) {
    let collector = Collector::start().await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://127.0.0.1:{}/v1/traces", collector.port);
    let answer =
        client.post(url).header("content-type", content_type).body(body).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    let found = Client::new(&collector.query_url()).unwrap().trace(TRACE).await.unwrap();
    (status, text, found.map_or(0, |trace| trace.spans.len()))
}

fn check(content_type: &str, body: Vec<u8>, expected: (StatusCode, &str), spans: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (status, text, kept) = runtime.block_on(posted(content_type, body));
    assert_eq!((status, text.as_str()), expected);
    assert_eq!(kept, spans);
}

const NOTHING_WRONG: &str = r#"{"partialSuccess":null}"#;

#[test]
fn an_export_in_json_is_kept_and_answered_in_json() {
    let body = request(&["eee19b7ec3c1b174", "eee19b7ec3c1b175"]).to_string();
    check("application/json; charset=utf-8", body.into(), (StatusCode::OK, NOTHING_WRONG), 2);
}

#[test]
fn a_span_in_json_is_read_like_one_in_protobuf() {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message;
    let body = request(&["eee19b7ec3c1b174"]).to_string();
    let of_json = otlp::spans(body.as_bytes(), Encoding::Json).unwrap();
    let request: ExportTraceServiceRequest = serde_json::from_str(&body).unwrap();
    assert_eq!(of_json, otlp::spans(&request.encode_to_vec(), Encoding::Protobuf).unwrap());
    let [(trace, span)] = of_json.spans.as_slice() else { panic!("{of_json:?}") };
    let span = Span::from(span);
    assert_eq!(
        (trace.as_str(), span.id.as_str(), span.parent.as_str()),
        (TRACE, "eee19b7ec3c1b174", "eee19b7ec3c1b173")
    );
    assert_eq!(
        (span.start, span.duration, span.kind),
        (1_544_712_660_000_000, 1_000_000, Kind::Server)
    );
    assert_eq!((span.tags["lane"].as_str(), span.tags["size"].as_str()), ("v2", "7"));
}

#[test]
fn spans_with_ids_that_are_none_are_rejected_and_counted() {
    let body = request(&["eee19b7ec3c1b174", "0000000000000000", "ee"]).to_string();
    let words = "the ids of a span are none, or its trace has too many spans";
    let answer = format!(r#"{{"partialSuccess":{{"rejectedSpans":2,"errorMessage":"{words}"}}}}"#);
    check("application/json", body.into(), (StatusCode::OK, &answer), 1);
}

#[test]
fn what_is_no_export_is_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (content_type, body, status) in [
        ("application/json", b"{".to_vec(), StatusCode::BAD_REQUEST),
        ("application/x-protobuf", b"not protobuf".to_vec(), StatusCode::BAD_REQUEST),
        ("text/plain", b"".to_vec(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("", b"".to_vec(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/json", vec![b' '; (4 << 20) + 1], StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (seen, text, found) = runtime.block_on(posted(content_type, body));
        assert_eq!((seen, found), (status, 0), "{content_type}: {text}");
        assert!(!text.is_empty(), "it says why");
    }
}
