//! Jaeger's query API over HTTP: what comes in by OTLP goes out as Jaeger would answer, and the client reads it back.

use crate::collector::Collector;
use crate::jaeger::Client;
use crate::otlp;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as WireSpan, Status};
use proptest::prelude::*;
use proptest::{collection::vec, sample::select};
use prost::Message;
use serde_json::{Value, json};

/// A collector, with a client of its own.
struct Fixture {
    collector: Collector,
    http: reqwest::Client,
}

impl Fixture {
    /// Starts one and sends it these spans.
    async fn with(resource_spans: Vec<ResourceSpans>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let fixture = Self { collector: Collector::start().await.unwrap(), http };
        let url = format!("http://127.0.0.1:{}/v1/traces", fixture.collector.port);
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let request = fixture.http.post(url).header("content-type", "application/x-protobuf");
        let status = request.body(body).send().await.unwrap().status();
        assert_eq!(status, 200);
        fixture
    }

    /// Status and answer of a query below `/jaeger/api/v3`.
    async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("{}/api/v3{path}", self.collector.query_url());
        let answer = self.http.get(url).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/json");
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

fn named(service: &str, spans: Vec<WireSpan>) -> ResourceSpans {
    let value = AnyValue { value: Some(Any::StringValue(service.into())) };
    let name = KeyValue { key: "service.name".into(), value: Some(value), ..KeyValue::default() };
    let attributes = if service.is_empty() { Vec::new() } else { vec![name] };
    ResourceSpans {
        resource: Some(Resource { attributes, ..Resource::default() }),
        scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    }
}

/// Of the trace `trace`, a span with kind, start and end in nanoseconds.
fn span(trace: u8, id: u8, name: &str, kind: i32, time: (u64, u64)) -> WireSpan {
    WireSpan {
        trace_id: u128::from(trace).to_be_bytes().into(),
        span_id: u64::from(id).to_be_bytes().into(),
        name: name.into(),
        kind,
        start_time_unix_nano: time.0,
        end_time_unix_nano: time.1,
        ..WireSpan::default()
    }
}

const SECOND: u64 = 1_000_000_000;
/// 2001-09-09T01:46:40Z.
const START: u64 = 1_000_000_000 * SECOND;
const TIMES: &str =
    "query.start_time_min=2001-09-09T01:46:40Z&query.start_time_max=2001-09-09T01:47:40Z";

/// Three traces: of `one` and `two` in the first second, of `one` in the tenth, of nobody in the twentieth.
fn three() -> Vec<ResourceSpans> {
    let at =
        |second: u64, duration: u64| (START + second * SECOND, START + second * SECOND + duration);
    vec![
        named("one", vec![span(1, 1, "get", 2, at(0, SECOND)), span(2, 1, "put", 3, at(10, 7))]),
        named("two", vec![span(1, 2, "get", 0, at(1, SECOND / 2))]),
        named("", vec![span(3, 1, "none", 1, at(20, 1))]),
    ]
}

/// The ids of the traces that are found, or status and message.
fn found((status, answer): &(u16, Value)) -> Result<Vec<u8>, (u16, String)> {
    if let Some(error) = answer.get("error") {
        assert_eq!(error["httpCode"], *status);
        return Err((*status, error["message"].as_str().unwrap().to_owned()));
    }
    let mut ids = Vec::new();
    for resource in answer["result"]["resourceSpans"].as_array().unwrap() {
        for span in resource["scopeSpans"][0]["spans"].as_array().unwrap() {
            let id = u128::from_str_radix(span["traceId"].as_str().unwrap(), 16).unwrap();
            ids.push(u8::try_from(id).unwrap());
        }
    }
    ids.dedup();
    Ok(ids)
}

/// `makeTestTrace` in `apiv3/gateway_test.go`, and what `apiv3/snapshots/GetTrace.json` says of it.
#[test]
fn the_example_of_jaeger_is_answered_as_jaeger_does() {
    let status = Some(Status { code: 2, ..Status::default() });
    let wire = WireSpan { status, ..span(1, 2, "foobar", 2, (0, 0)) };
    let (by_id, all) = run(async {
        let fixture = Fixture::with(vec![named("", vec![wire])]).await;
        let times =
            "query.start_time_min=1970-01-01T00:00:00Z&query.start_time_max=1970-01-01T00:00:01Z";
        let all = fixture.get(&format!("/traces?{times}&query.num_traces=10")).await;
        (fixture.get("/traces/1").await, all)
    });
    let expected = json!({"result": {"resourceSpans": [{
        "resource": {},
        "scopeSpans": [{"scope": {}, "spans": [{
            "kind": 2, "name": "foobar", "spanId": "0000000000000002", "status": {"code": 2},
            "traceId": "00000000000000000000000000000001"
        }]}]
    }]}});
    assert_eq!(by_id, (200, expected));
    assert_eq!(all, by_id, "the two snapshots of Jaeger are equal too");
}

/// `apiv3/http_gateway_test.go`: what is missing or malformed, and the words that the answer must hold.
#[test]
fn a_query_that_is_wrong_is_refused_as_jaeger_does() {
    let required = "query.start_time_min and query.start_time_max are required";
    let with = |rest: &str| format!("/traces?{TIMES}&query.num_traces=10&{rest}");
    let times = |min: &str, max: &str| {
        format!("/traces?query.start_time_min={min}&query.start_time_max={max}&query.num_traces=1")
    };
    let good = "2001-09-09T01:46:40Z";
    let depth = "search depth must be greater than 0 and less than max traces";
    let cases = [
        ("/traces".to_owned(), 400, required),
        (format!("/traces?query.start_time_min={good}"), 400, required),
        (times("", good), 400, required),
        (times("NaN", good), 400, "malformed parameter query.start_time_min: "),
        (times("2001-09-09t01:46:40z", good), 400, "malformed parameter query.start_time_min: "),
        (times("2001-09-09%2001:46:40Z", good), 400, "malformed parameter query.start_time_min: "),
        (times(good, "NaN"), 400, "malformed parameter query.start_time_max: "),
        (with("").replace("=10", "=NaN"), 400, "malformed parameter query.num_traces: "),
        (with("query.duration_min=NaN"), 400, "malformed parameter query.duration_min: "),
        (with("query.duration_max=999999999h"), 400, "malformed parameter query.duration_max: "),
        (with("query.raw_traces=foobar"), 400, "malformed parameter query.raw_traces: "),
        (format!("/traces?{TIMES}"), 500, depth),
        (with("").replace("=10", "=-1"), 500, depth),
        (with("").replace("=10", "=2001"), 500, depth),
        (with("query.service_name=nobody"), 404, "No traces found"),
        ("/traces/xyz".to_owned(), 400, "malformed parameter trace_id: "),
        (
            format!("/traces/{}", "1".repeat(33)),
            400,
            "malformed parameter trace_id: TraceID cannot be longer",
        ),
        ("/traces/1?start_time=abc".to_owned(), 400, "malformed parameter start_time: "),
        ("/traces/1?end_time=xyz".to_owned(), 400, "malformed parameter end_time: "),
        ("/traces/1?raw_traces=foobar".to_owned(), 400, "malformed parameter raw_traces: "),
        ("/traces/9".to_owned(), 404, "No traces found"),
    ];
    run(async {
        let fixture = Fixture::with(three()).await;
        for (path, status, words) in cases {
            let (code, message) = found(&fixture.get(&path).await).unwrap_err();
            assert!(code == status && message.starts_with(words), "{path}: {code} {message}");
        }
    });
}

#[test]
fn a_search_finds_traces_with_a_span_for_which_all_of_it_holds() {
    let cases: [(&str, &[u8]); 15] = [
        ("", &[3, 2, 1]),
        ("query.num_traces=1", &[3]),
        ("query.service_name=one", &[2, 1]),
        ("query.service_name=two&query.raw_traces=true", &[1]),
        ("query.operation_name=put", &[2]),
        ("query.service_name=two&query.operation_name=put", &[]),
        ("query.duration_min=1s", &[1]),
        ("query.duration_min=500ms&query.duration_max=999ms", &[1]),
        ("query.duration_max=7ns", &[3, 2]),
        ("query.duration_max=0", &[3, 2, 1]),
        ("query.duration_max=-1s", &[]),
        ("query.start_time_min=2001-09-09T01:46:50Z", &[3, 2]),
        ("query.start_time_min=2001-09-09T03:46:50.000000001%2B02:00", &[3]),
        ("query.start_time_max=2001-09-09T01:46:50Z", &[2, 1]),
        ("query.start_time_max=2001-09-09T01:46:39,5Z", &[]),
    ];
    run(async {
        let fixture = Fixture::with(three()).await;
        for (query, expected) in cases {
            // The first of a name counts.
            let path = format!("/traces?{query}&{TIMES}&query.num_traces=100");
            let answer = fixture.get(&path).await;
            let ids = found(&answer);
            if expected.is_empty() {
                assert_eq!(ids.unwrap_err().0, 404, "{query}");
            } else {
                assert_eq!(ids.unwrap(), expected, "{query}");
            }
        }
    });
}

/// `apiv3/snapshots/GetServices.json` and `GetOperations.json` show the form; a span without a kind is internal.
#[test]
fn services_and_their_operations_are_listed() {
    let operation = |name: &str, kind: &str| json!({"name": name, "spanKind": kind});
    let all = json!([operation("get", "server"), operation("put", "client")]);
    let operations = |list: Value| json!({ "operations": list });
    let cases = [
        ("/services", json!({"services": ["one", "two"]})),
        ("/operations", operations(json!([]))),
        ("/operations?service=one", operations(all)),
        (
            "/operations?service=one&span_kind=client",
            operations(json!([operation("put", "client")])),
        ),
        ("/operations?service=two", operations(json!([operation("get", "internal")]))),
        ("/operations?service=two&span_kind=internal", operations(json!([]))),
        ("/operations?service=nobody", operations(json!([]))),
    ];
    run(async {
        let empty = Fixture::with(Vec::new()).await;
        assert_eq!(empty.get("/services").await, (200, json!({"services": []})));
        let fixture = Fixture::with(three()).await;
        for (path, expected) in cases {
            assert_eq!(fixture.get(path).await, (200, expected), "{path}");
        }
    });
}

#[test]
fn a_trace_is_known_by_its_number_in_any_form() {
    let id = "00000000000000000000000000000001";
    run(async {
        let fixture = Fixture::with(three()).await;
        let paths = ["/traces/1", "/traces/01?start_time=&raw_traces=t", &format!("/traces/{id}")];
        for path in paths {
            assert_eq!(found(&fixture.get(path).await), Ok(vec![1]), "{path}");
        }
    });
}

#[test]
fn the_client_tells_an_api_that_is_not_there_from_a_trace_that_is_not_there() {
    run(async {
        let fixture = Fixture::with(three()).await;
        let client = Client::new(&fixture.collector.query_url()).unwrap();
        assert_eq!(client.trace(&"9".repeat(32)).await.unwrap(), None);
        assert_eq!(client.latest("one", 10).await.unwrap(), [], "they are years old");
        let wrong = format!("http://127.0.0.1:{}", fixture.collector.port);
        let failure = Client::new(&wrong).unwrap().trace("1").await.unwrap_err();
        assert!(failure.message.contains("404") && failure.hint.contains("base path"), "{failure}");
    });
}

#[test]
fn the_latest_traces_are_those_of_the_last_week() {
    let now = crate::clock::unix_seconds() * SECOND;
    let spans = [8 * 24 * 3600, 6 * 24 * 3600, 0].into_iter().zip(1..).map(|(age, id)| {
        let start = now - age * SECOND;
        span(id, 1, "n", 2, (start, start + 1))
    });
    run(async {
        let fixture = Fixture::with(vec![named("one", spans.collect())]).await;
        let client = Client::new(&fixture.collector.query_url()).unwrap();
        let traces = client.latest("one", 10).await.unwrap();
        let ids: Vec<&str> = traces.iter().map(|trace| &trace.id[30..]).collect();
        assert_eq!(ids, ["03", "02"]);
    });
}

fn any() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(None),
        ".*".prop_map(|text| Some(Any::StringValue(text))),
        proptest::prelude::any::<bool>().prop_map(|value| Some(Any::BoolValue(value))),
        proptest::prelude::any::<i64>().prop_map(|value| Some(Any::IntValue(value))),
        proptest::num::f64::NORMAL.prop_map(|value| Some(Any::DoubleValue(value))),
        vec(proptest::prelude::any::<u8>(), 0..5).prop_map(|bytes| Some(Any::BytesValue(bytes))),
    ];
    let leaf = leaf.prop_map(|value| AnyValue { value });
    leaf.prop_recursive(2, 6, 3, |inner| {
        let values =
            vec(inner.clone(), 0..3).prop_map(|values| Any::ArrayValue(ArrayValue { values }));
        let pairs = vec((".*", inner), 0..3).prop_map(|pairs| {
            Any::KvlistValue(KeyValueList { values: pairs.into_iter().map(pair).collect() })
        });
        prop_oneof![values, pairs].prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn pair((key, value): (String, AnyValue)) -> KeyValue {
    KeyValue { key, value: Some(value), ..KeyValue::default() }
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec((".*", any()), 0..3).prop_map(|pairs| pairs.into_iter().map(pair).collect())
}

/// An id of some bytes that are not all zeros.
fn id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(1..=u8::MAX, length)
}

fn wire() -> impl Strategy<Value = WireSpan> {
    let number = proptest::prelude::any::<u64>;
    let events = vec((number(), ".*", attributes()), 0..2);
    let links = vec((id(16), id(8), attributes()), 0..2);
    let parent = prop_oneof![Just(Vec::new()), id(8)];
    let status = (0..=2, ".*").prop_map(|(code, message)| Status { message, code });
    let head = (id(8), parent, ".*", 0..=5, number(), number(), attributes(), status);
    (head, events, links, proptest::prelude::any::<u32>(), "[a-z=]*").prop_map(
        |(
            (span_id, parent_span_id, name, kind, start, end, attributes, status),
            events,
            links,
            flags,
            trace_state,
        )| {
            let events = events.into_iter().map(|(time_unix_nano, name, attributes)| Event {
                time_unix_nano,
                name,
                attributes,
                ..Event::default()
            });
            let links = links.into_iter().map(|(trace_id, span_id, attributes)| Link {
                trace_id,
                span_id,
                attributes,
                ..Link::default()
            });
            WireSpan {
                trace_id: vec![0xab; 16],
                span_id,
                parent_span_id,
                trace_state,
                flags,
                name,
                kind,
                start_time_unix_nano: start,
                end_time_unix_nano: end,
                attributes,
                events: events.collect(),
                links: links.collect(),
                status: Some(status),
                ..WireSpan::default()
            }
        },
    )
}

fn resource() -> impl Strategy<Value = ResourceSpans> {
    let scope = (select(vec!["", "envoy"]), attributes(), vec(wire(), 1..3));
    (attributes(), scope, "[a-z]*").prop_map(|(attributes, (name, scope, spans), schema_url)| {
        let name = name.to_owned();
        let scope =
            InstrumentationScope { name, attributes: scope, ..InstrumentationScope::default() };
        ResourceSpans {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_spans: vec![ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() }],
            schema_url,
        }
    })
}

/// Each span with what it came under, in an order that depends on nothing but them.
fn flat(resource_spans: &[ResourceSpans]) -> Vec<String> {
    let mut flat = Vec::new();
    for resource in resource_spans {
        for scope in &resource.scope_spans {
            for span in &scope.spans {
                let (resource, url) = (&resource.resource, &resource.schema_url);
                flat.push(format!("{resource:?} {url} {:?} {span:?}", scope.scope));
            }
        }
    }
    flat.sort();
    flat
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn what_comes_in_goes_out_and_the_client_reads_the_same_trace(sent in vec(resource(), 1..4)) {
        let (answer, read) = run(async {
            let fixture = Fixture::with(sent.clone()).await;
            let (_, answer) = fixture.get(&format!("/traces/{}", "ab".repeat(16))).await;
            let client = Client::new(&fixture.collector.query_url()).unwrap();
            (answer, client.trace(&"ab".repeat(16)).await.unwrap())
        });
        let envelope: crate::jaeger::Envelope =
            otlp::json::read(answer.to_string().as_bytes()).unwrap();
        prop_assert_eq!(flat(&envelope.result.unwrap().resource_spans), flat(&sent));
        prop_assert_eq!(Vec::from_iter(read), otlp::traces(sent));
    }
}
