//! OTLP → spans, and Jaeger's answers → traces.

use crate::jaeger;
use crate::otlp::{self, Encoding, Export};
use crate::trace::{Kind, Span, Trace};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as WireSpan};
use prost::Message;
use serde_json::json;
use std::collections::BTreeMap;

mod otlp_to_spans {
    use super::*;

    fn attribute(key: &str, value: Option<Value>) -> KeyValue {
        KeyValue { key: key.into(), value: Some(AnyValue { value }), ..KeyValue::default() }
    }

    fn wire() -> WireSpan {
        WireSpan {
            trace_id: [0xab; 16].into(),
            span_id: vec![0, 1, 2, 3, 4, 5, 6, 0xff],
            parent_span_id: vec![9; 8],
            name: "two.lab:80/*".into(),
            kind: SpanKind::Server.into(),
            start_time_unix_nano: 1_700_000_000_123_456_789,
            end_time_unix_nano: 1_700_000_000_125_000_000,
            ..WireSpan::default()
        }
    }

    fn of_service(service: Option<&str>, spans: Vec<WireSpan>) -> ResourceSpans {
        let attributes = service
            .map(|service| attribute("service.name", Some(Value::StringValue(service.into()))));
        ResourceSpans {
            resource: Some(Resource {
                attributes: attributes.into_iter().collect(),
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }
    }

    fn read(resource_spans: Vec<ResourceSpans>) -> Vec<(String, Span)> {
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let received = otlp::spans(&body, Encoding::Protobuf).unwrap().spans;
        received.into_iter().map(|(trace, span)| (trace, Span::from(&span))).collect()
    }

    fn read_one(span: WireSpan) -> Span {
        read(vec![of_service(Some("two.lab"), vec![span])]).remove(0).1
    }

    #[test]
    fn a_span_is_read_with_the_id_of_its_trace() {
        let expected = Span {
            id: "00010203040506ff".into(),
            parent: "0909090909090909".into(),
            service: "two.lab".into(),
            operation: "two.lab:80/*".into(),
            kind: Kind::Server,
            start: 1_700_000_000_123_456,
            duration: 1_543,
            tags: BTreeMap::new(),
        };
        assert_eq!(
            read(vec![of_service(Some("two.lab"), vec![wire()])]),
            [("ab".repeat(16), expected)]
        );
    }

    #[test]
    fn spans_of_several_services_keep_their_service_and_order() {
        let found = read(vec![
            of_service(Some("one"), vec![wire(), wire()]),
            of_service(None, vec![wire()]),
            ResourceSpans { resource: None, ..of_service(None, vec![wire()]) },
            of_service(Some("two"), vec![wire()]),
        ]);
        let services: Vec<&str> = found.iter().map(|(_, span)| span.service.as_str()).collect();
        assert_eq!(services, ["one", "one", "", "", "two"]);
    }

    #[test]
    fn a_span_without_parent_is_the_first_one() {
        assert_eq!(read_one(WireSpan { parent_span_id: Vec::new(), ..wire() }).parent, "");
        assert_eq!(read_one(WireSpan { parent_span_id: vec![0; 8], ..wire() }).parent, "");
    }

    #[test]
    fn kinds_are_the_side_of_the_call() {
        for (kind, expected) in [
            (SpanKind::Client, Kind::Client),
            (SpanKind::Producer, Kind::Client),
            (SpanKind::Server, Kind::Server),
            (SpanKind::Consumer, Kind::Server),
            (SpanKind::Internal, Kind::Internal),
            (SpanKind::Unspecified, Kind::Internal),
        ] {
            assert_eq!(
                read_one(WireSpan { kind: kind.into(), ..wire() }).kind,
                expected,
                "{kind:?}"
            );
        }
    }

    #[test]
    fn an_end_before_the_start_is_no_duration() {
        assert_eq!(read_one(WireSpan { end_time_unix_nano: 0, ..wire() }).duration, 0);
    }

    #[test]
    fn attributes_become_text() {
        let values = [
            ("text", Some(Value::StringValue("v2".into())), "v2"),
            ("yes", Some(Value::BoolValue(true)), "true"),
            ("code", Some(Value::IntValue(-200)), "-200"),
            ("share", Some(Value::DoubleValue(0.5)), "0.5"),
            ("bytes", Some(Value::BytesValue(vec![1, 0xfe])), "01fe"),
            ("none", None, ""),
        ];
        let attributes =
            values.iter().map(|(key, value, _)| attribute(key, value.clone())).collect();
        let expected: BTreeMap<String, String> =
            values.iter().map(|(key, _, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        assert_eq!(read_one(WireSpan { attributes, ..wire() }).tags, expected);
    }

    #[test]
    fn a_list_is_kept_as_text_and_a_missing_value_is_empty() {
        let list = Value::ArrayValue(ArrayValue {
            values: vec![AnyValue { value: Some(Value::IntValue(7)) }],
        });
        let missing = KeyValue { key: "missing".into(), value: None, ..KeyValue::default() };
        let tags = read_one(WireSpan {
            attributes: vec![attribute("list", Some(list)), missing],
            ..wire()
        })
        .tags;
        assert!(tags["list"].contains('7'), "{tags:?}");
        assert_eq!(tags["missing"], "");
    }

    #[test]
    fn what_is_no_request_is_refused_and_an_empty_one_has_no_spans() {
        assert!(otlp::spans(b"not protobuf", Encoding::Protobuf).is_err());
        assert_eq!(otlp::spans(b"", Encoding::Protobuf).unwrap(), Export::default());
    }
}

mod answers {
    use super::*;

    #[track_caller]
    fn read(body: &str) -> Vec<Trace> {
        jaeger::traces(body.as_bytes()).unwrap()
    }

    #[track_caller]
    fn refused(body: &str) -> String {
        jaeger::traces(body.as_bytes()).unwrap_err()
    }

    /// One span of a trace whose id ends in `trace`, with this id and start.
    fn chunk(trace: u8, id: u8, start: u64) -> serde_json::Value {
        json!({"result": {"resourceSpans": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "one.lab"}}]},
            "scopeSpans": [{"scope": {}, "spans": [{
                "traceId": format!("{trace:032x}"), "spanId": format!("{id:016x}"), "name": "n", "status": {},
                "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + 5_000).to_string(), "kind": 3
            }]}]
        }]}})
    }

    fn seen(traces: &[Trace]) -> Vec<(&str, Vec<&str>)> {
        traces
            .iter()
            .map(|trace| {
                let spans = trace.spans.iter().map(|span| &span.id[14..]).collect();
                (&trace.id[30..], spans)
            })
            .collect()
    }

    /// `apiv3/snapshots/GetTrace.json` and `FindTraces.json` of Jaeger, which are the same: of the trace 1, a span 2 of a
    /// server, called `foobar`, that failed; no times, no resource, no parent.
    #[test]
    fn the_example_of_jaeger_is_read() {
        let body = r#"{"result":{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"kind":2,
            "name":"foobar","spanId":"0000000000000002","status":{"code":2},
            "traceId":"00000000000000000000000000000001"}]}]}]}}"#;
        let span = Span {
            id: "0000000000000002".into(),
            parent: String::new(),
            service: String::new(),
            operation: "foobar".into(),
            kind: Kind::Server,
            start: 0,
            duration: 0,
            tags: BTreeMap::new(),
        };
        let id = "00000000000000000000000000000001".to_owned();
        assert_eq!(read(body), [Trace { id, spans: vec![span] }]);
    }

    #[test]
    fn spans_of_several_traces_in_several_chunks_are_sorted_and_once() {
        let chunks = [chunk(1, 3, 30), chunk(2, 1, 9), chunk(1, 4, 20), chunk(1, 3, 30)];
        let body = chunks.map(|chunk| chunk.to_string()).join("\n");
        assert_eq!(seen(&read(&body)), [("01", vec!["04", "03"]), ("02", vec!["01"])]);
    }

    #[test]
    fn nothing_is_found_where_jaeger_says_so() {
        assert_eq!(read(r#"{"error":{"httpCode":404,"message":"No traces found"}}"#), []);
        assert_eq!(read(r#"{"result":{}}"#), []);
    }

    #[test]
    fn an_error_is_told_in_the_words_of_jaeger() {
        let words = "search depth must be greater than 0 and less than max traces";
        let error = json!({"error": {"httpCode": 500, "message": words}});
        assert_eq!(refused(&error.to_string()), words);
        let late = format!("{}{error}", chunk(1, 1, 1));
        assert_eq!(refused(&late), words, "also behind spans");
    }

    #[test]
    fn what_is_no_answer_of_this_api_is_refused() {
        for body in
            ["404 page not found", "<html></html>", r#"{"data": []}"#, "{}", r#"{"result": 7}"#]
        {
            assert!(!refused(body).is_empty(), "{body}");
        }
    }

    /// Members that Jaeger leaves out, and numbers that JSON has not: `generated_proto_anyvalue.go` and `json/stream.go` of
    /// opentelemetry-collector's pdata.
    #[test]
    fn what_jaeger_leaves_out_is_read_as_its_default() {
        let attributes = json!([
            {"key": "list", "value": {"arrayValue": {}}},
            {"key": "map", "value": {"kvlistValue": {}}},
            {"key": "share", "value": {"doubleValue": "NaN"}},
            {"key": "none", "value": {}},
            {"value": {"stringValue": "of no name"}},
        ]);
        let mut body = chunk(1, 1, 1);
        body["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = attributes;
        let traces = read(&body.to_string());
        let tags = &traces[0].spans[0].tags;
        assert_eq!(tags.len(), 5, "{tags:?}");
        let tag = |name: &str| tags[name].as_str();
        assert_eq!([tag("share"), tag("none"), tag("")], ["NaN", "", "of no name"]);
    }
}
