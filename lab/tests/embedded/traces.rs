//! One request, one trace: the spans, services and operations that Istio's proxies would report.

use crate::harness::{Lab, until};
use crate::request::{Client, flat, runtime};
use serde_json::Value;

/// The trace of one request of `lane`, when all its spans are there.
fn trace(lab: &Lab, lane: &str) -> Value {
    let answer = runtime().block_on(Client::of(lab).ask(lane)).unwrap();
    let headers = flat(&answer).last().unwrap().headers.clone().unwrap();
    let id = headers["traceparent"][0].split('-').nth(1).unwrap().to_owned();
    until("all spans have arrived", || {
        let ran = lab.run(&["traces", &id, "--output", "json"]);
        let trace: Value = serde_json::from_str(&ran.stdout).ok()?;
        (trace["spans"].as_array()?.len() >= 7).then_some(trace)
    })
}

#[test]
fn a_request_makes_seven_spans_from_the_gateway_to_the_last_service_each_the_parent_of_the_next() {
    let lab = Lab::up_with(&crate::harness::out(), &["--with", "canary-v2"]);
    for (lane, version) in [("", "v1"), ("v2", "v2")] {
        let trace = trace(&lab, lane);
        let spans = trace["spans"].as_array().unwrap();
        let operation =
            |service: u8| format!("httpserver-service{service}.cloudnative.svc.cluster.local:80/*");
        let egress = format!(
            "router outbound|80|{version}|httpserver-service1.cloudnative.svc.cluster.local; egress"
        );
        let wanted = [
            ("istio-ingressgateway.istio-system", "server", operation(1)),
            ("istio-ingressgateway.istio-system", "client", egress),
            ("httpserver-service1.cloudnative", "server", operation(1)),
            ("httpserver-service1.cloudnative", "client", operation(2)),
            ("httpserver-service2.cloudnative", "server", operation(2)),
            ("httpserver-service2.cloudnative", "client", operation(3)),
            ("httpserver-service3.cloudnative", "server", operation(3)),
        ];
        assert_eq!(spans.len(), wanted.len(), "{trace:#}");
        let mut parent = String::new();
        for (service, kind, operation) in wanted {
            let span = spans
                .iter()
                .find(|span| span["parent"] == parent.as_str())
                .unwrap_or_else(|| panic!("no child of `{parent}`: {trace:#}"));
            assert_eq!(
                (&span["service"], &span["kind"], &span["operation"]),
                (&service.into(), &kind.into(), &operation.into())
            );
            assert_eq!(
                span["tags"]["lane"].as_str().unwrap_or_default(),
                lane,
                "every span bears the lane"
            );
            assert_eq!(span["tags"]["http.status_code"], "200");
            parent = span["id"].as_str().unwrap().to_owned();
        }
        let canonical =
            spans.iter().map(|span| span["tags"]["istio.canonical_revision"].as_str().unwrap());
        assert_eq!(
            canonical.filter(|revision| *revision == version).count(),
            5,
            "the five spans of the services"
        );
    }
}

#[test]
fn a_trace_is_listed_and_shown_as_a_waterfall() {
    let lab = Lab::up();
    let trace = trace(&lab, "v2");
    let id = trace["id"].as_str().unwrap();
    assert!(lab.ok(&["traces"]).contains(id));
    let waterfall = lab.ok(&["traces", &id[..8]]);
    assert_eq!(waterfall.lines().filter(|line| line.contains('█')).count(), 7, "{waterfall}");
    assert!(waterfall.contains("lane v2, 7 spans"), "{waterfall}");
    let unknown = lab.run(&["traces", "ffffffffffffffff"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(unknown.stderr.contains("hint: "), "{}", unknown.stderr);
}

#[test]
fn without_a_telemetry_there_are_no_spans() {
    let copy = crate::manifests::Copy::of_out();
    copy.replace("base/kustomization.yaml", "- telemetry.yaml\n", "");
    let lab = Lab::up_with(copy.path(), &[]);
    runtime().block_on(Client::of(&lab).ask("")).unwrap();
    assert!(lab.ok(&["traces"]).contains("no traces yet"));
}

#[test]
fn spans_go_to_another_jaeger_and_are_read_from_it() {
    // The collector of one lab is the Jaeger of another.
    let jaeger = Lab::up();
    let query = jaeger.status()["traces"].as_str().unwrap().to_owned();
    let otlp = query.trim_end_matches("/jaeger").to_owned();
    let flags = ["--with", "canary-v2", "--otlp-endpoint", &otlp, "--jaeger-url", &query];
    let lab = Lab::up_with(&crate::harness::out(), &flags);
    assert_eq!(lab.status()["traces"], query.as_str());
    lab.ok(&["verify"]);
    let traces: serde_json::Value =
        serde_json::from_str(&jaeger.ok(&["traces", "--output", "json"])).unwrap();
    assert!(traces.as_array().is_some_and(|traces| !traces.is_empty()), "{traces}");
}

#[test]
fn a_jaeger_is_named_by_both_of_its_urls() {
    let folder = crate::harness::folder();
    for flags in
        [["up", "--otlp-endpoint=http://127.0.0.1:1"], ["up", "--jaeger-url=http://127.0.0.1:1"]]
    {
        let ran = crate::harness::run(crate::harness::lab(folder.path()).args(flags));
        assert_eq!(ran.status.code(), Some(2));
        assert!(ran.stderr.contains("required arguments were not provided"), "{}", ran.stderr);
    }
}
