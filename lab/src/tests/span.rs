//! OTLP → spans, and traces ↔ Jaeger's JSON.

use crate::jaeger::JaegerTrace;
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
        otlp::spans(&body, Encoding::Protobuf).unwrap().spans
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

mod jaeger {
    use super::*;

    fn span(id: &str, parent: &str, service: &str, kind: Kind, start: u64) -> Span {
        Span {
            id: id.into(),
            parent: parent.into(),
            service: service.into(),
            operation: format!("{service}:80/*"),
            kind,
            start,
            duration: 10,
            tags: [("lane".to_owned(), "v2".to_owned())].into(),
        }
    }

    fn trace() -> Trace {
        Trace {
            id: "t".into(),
            spans: vec![
                span("a", "", "gateway", Kind::Server, 1),
                span("b", "a", "gateway", Kind::Client, 2),
                span("c", "b", "one", Kind::Server, 3),
                span("d", "c", "one", Kind::Internal, 4),
            ],
        }
    }

    fn read(json: serde_json::Value) -> Trace {
        Trace::from(serde_json::from_value::<JaegerTrace>(json).unwrap())
    }

    #[test]
    fn a_trace_is_written_as_jaeger_writes_it() {
        let mut trace = trace();
        trace.spans.truncate(2);
        trace.spans.push(span("c", "b", "one", Kind::Server, 3));
        trace.spans[0].tags.clear();
        let lane = json!({"key": "lane", "type": "string", "value": "v2"});
        let kind = |kind: &str| json!({"key": "span.kind", "type": "string", "value": kind});
        let reference = |id: &str| json!([{"refType": "CHILD_OF", "traceID": "t", "spanID": id}]);
        assert_eq!(
            serde_json::to_value(JaegerTrace::from(&trace)).unwrap(),
            json!({
                "traceID": "t",
                "spans": [
                    {
                        "traceID": "t", "spanID": "a", "operationName": "gateway:80/*", "references": [],
                        "startTime": 1, "duration": 10, "tags": [kind("server")], "processID": "p1"
                    },
                    {
                        "traceID": "t", "spanID": "b", "operationName": "gateway:80/*", "references": reference("a"),
                        "startTime": 2, "duration": 10, "tags": [kind("client"), lane], "processID": "p1"
                    },
                    {
                        "traceID": "t", "spanID": "c", "operationName": "one:80/*", "references": reference("b"),
                        "startTime": 3, "duration": 10, "tags": [kind("server"), lane], "processID": "p2"
                    }
                ],
                "processes": {
                    "p1": {"serviceName": "gateway", "tags": []},
                    "p2": {"serviceName": "one", "tags": []}
                }
            })
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        assert_eq!(read(serde_json::to_value(JaegerTrace::from(&trace())).unwrap()), trace());
    }

    #[test]
    fn what_jaeger_adds_is_left_out_and_spans_are_sorted_by_start() {
        let read = read(json!({
            "traceID": "t",
            "spans": [
                {
                    "traceID": "t", "spanID": "b", "flags": 1, "operationName": "later", "startTime": 5, "duration": 1,
                    "references": [
                        {"refType": "FOLLOWS_FROM", "traceID": "t", "spanID": "x"},
                        {"refType": "CHILD_OF", "traceID": "t", "spanID": "a"}
                    ],
                    "tags": [
                        {"key": "span.kind", "type": "string", "value": "consumer"},
                        {"key": "http.status_code", "type": "int64", "value": 200},
                        {"key": "error", "type": "bool", "value": true}
                    ],
                    "logs": [], "processID": "p9", "warnings": null
                },
                {
                    "traceID": "t", "spanID": "a", "operationName": "first", "startTime": 4, "duration": 2,
                    "references": [], "tags": [{"key": "span.kind", "type": "string", "value": "producer"}],
                    "logs": [], "processID": "p1", "warnings": null
                },
                {
                    "traceID": "t", "spanID": "c", "operationName": "last", "startTime": 6, "duration": 0,
                    "references": [], "tags": [], "logs": [], "processID": "p1", "warnings": null
                }
            ],
            "processes": {"p1": {"serviceName": "one.lab", "tags": [{"key": "ip", "type": "string", "value": "x"}]}},
            "warnings": null
        }));
        let seen: Vec<(&str, &str, &str, Kind)> = read
            .spans
            .iter()
            .map(|span| (span.id.as_str(), span.parent.as_str(), span.service.as_str(), span.kind))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", "", "one.lab", Kind::Client),
                ("b", "a", "", Kind::Server),
                ("c", "", "one.lab", Kind::Internal),
            ]
        );
        let tags = [("error", "true"), ("http.status_code", "200")];
        let tags: BTreeMap<String, String> =
            tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        assert_eq!(read.spans[1].tags, tags);
    }
}
