//! Tracing: when spans are sent, with which tags, under which name. Istio facts §3.12.

use super::{COLLECTOR, deployment, findings, lab, object, world};
use serde_json::{Value, json};

fn telemetry(tracing: &str) -> String {
    object("Telemetry", "istio-system/mesh-default", &format!("{{tracing: [{{{tracing}}}]}}"))
}

const JAEGER: &str = "providers: [{name: jaeger}]";

/// The tracing of the gateway, and of one pod's outbound and inbound side.
#[track_caller]
fn tracings(yaml: &str) -> [Value; 3] {
    let lab = lab(yaml);
    ["0.0.0.0_8443", "one-v1-0>outbound", "one-v1-0>inbound"].map(|listener| {
        lab["listeners"][listener]["filter_chains"][0]["filters"][0]["typed_config"]["tracing"]
            .clone()
    })
}

/// The tracing of a pod's outbound side.
#[track_caller]
fn tracing(telemetry: &str) -> Value {
    let [_, outbound, _] = tracings(&(world() + telemetry));
    outbound
}

/// The tags of a pod that a Telemetry adds to the standard ones.
#[track_caller]
fn custom_tags(tags: &str) -> Vec<Value> {
    let tags = tracing(&telemetry(&format!("{JAEGER}, customTags: {tags}")))["custom_tags"].take();
    let Value::Array(mut tags) = tags else { panic!("tags, not {tags}") };
    let standard = tags.split_off(tags.len() - 4);
    assert!(standard.iter().all(|tag| tag["tag"].as_str().unwrap().starts_with("istio.")));
    tags
}

/// Asserts that nothing is traced.
#[track_caller]
fn check_none(objects: &str) {
    assert_eq!(tracings(&(world() + objects)), [Value::Null, Value::Null, Value::Null]);
}

mod asking {
    use super::*;

    #[test]
    fn without_a_telemetry_no_spans_are_sent() {
        check_none("");
    }

    #[test]
    fn a_telemetry_that_names_no_provider_sends_no_spans() {
        check_none(&telemetry("randomSamplingPercentage: 100"));
        check_none(&object("Telemetry", "istio-system/mesh-default", "{}"));
    }

    #[test]
    fn a_telemetry_may_switch_reporting_off() {
        check_none(&telemetry(&format!("{JAEGER}, disableSpanReporting: true")));
        assert_ne!(
            tracing(&telemetry(&format!("{JAEGER}, disableSpanReporting: false"))),
            Value::Null
        );
    }
}

#[test]
fn a_sidecar_sends_spans_to_the_collector_under_its_own_name() {
    assert_eq!(
        tracing(&telemetry(JAEGER)),
        json!({
            "client_sampling": {"value": 100},
            "random_sampling": {"value": 100.0},
            "overall_sampling": {"value": 100},
            "custom_tags": [
                {"tag": "istio.canonical_revision", "literal": {"value": "v1"}},
                {"tag": "istio.canonical_service", "literal": {"value": "one"}},
                {"tag": "istio.mesh_id", "literal": {"value": "cluster.local"}},
                {"tag": "istio.namespace", "literal": {"value": "lab"}}
            ],
            "provider": {
                "name": "envoy.tracers.opentelemetry",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                    "service_name": "one.lab",
                    "http_service": {"http_uri": {
                        "uri": format!("http://127.0.0.1:{COLLECTOR}/v1/traces"),
                        "cluster": "opentelemetry-collector",
                        "timeout": "10s"
                    }}
                }
            }
        })
    );
}

#[test]
fn both_sides_of_a_sidecar_trace_alike() {
    let [_, outbound, inbound] = tracings(&(world() + &telemetry(JAEGER)));
    assert_eq!(outbound, inbound);
}

#[test]
fn only_the_gateway_makes_two_spans_of_a_request() {
    let [gateway, outbound, inbound] = tracings(&(world() + &telemetry(JAEGER)));
    assert_eq!(
        [&gateway, &outbound, &inbound].map(|tracing| tracing.get("spawn_upstream_span")),
        [Some(&json!(true)), None, None]
    );
}

#[test]
fn the_gateway_has_the_name_of_its_deployment() {
    let [gateway, ..] = tracings(&(world() + &telemetry(JAEGER)));
    let name = &gateway["provider"]["typed_config"]["service_name"];
    assert_eq!(*name, crate::target::gateway_service());
    assert_eq!(*name, "istio-ingressgateway.istio-system");
    assert_eq!(
        gateway["custom_tags"],
        json!([
            {"tag": "istio.canonical_revision", "literal": {"value": "latest"}},
            {"tag": "istio.canonical_service", "literal": {"value": "istio-ingressgateway"}},
            {"tag": "istio.mesh_id", "literal": {"value": "cluster.local"}},
            {"tag": "istio.namespace", "literal": {"value": "istio-system"}}
        ])
    );
}

#[test]
fn a_pod_without_version_is_of_the_latest_revision() {
    let lab = lab(&(deployment("lab/a", "{app: a}") + &telemetry(JAEGER)));
    let tracing = &lab["listeners"]["a-0>outbound"]["filter_chains"][0]["filters"][0]["typed_config"]
        ["tracing"];
    assert_eq!(
        tracing["custom_tags"][0],
        json!({"tag": "istio.canonical_revision", "literal": {"value": "latest"}})
    );
}

#[test]
fn the_sampling_is_the_percentage_of_the_telemetry() {
    for (text, expected) in [("12.5", 12.5), ("0", 0.0), ("100", 100.0)] {
        let tracing = tracing(&telemetry(&format!("{JAEGER}, randomSamplingPercentage: {text}")));
        assert_eq!(tracing["random_sampling"], json!({"value": expected}));
    }
}

mod tags {
    use super::*;

    #[test]
    fn a_header_is_a_tag_with_a_default() {
        assert_eq!(
            custom_tags("{lane: {header: {name: x-lane}}}"),
            [json!({"tag": "lane", "request_header": {"name": "x-lane", "default_value": ""}})]
        );
        assert_eq!(
            custom_tags("{lane: {header: {name: x-lane, defaultValue: none}}}"),
            [json!({"tag": "lane", "request_header": {"name": "x-lane", "default_value": "none"}})]
        );
    }

    #[test]
    fn a_literal_is_a_tag_and_tags_are_sorted() {
        assert_eq!(
            custom_tags("{b: {literal: {value: two}}, a: {literal: {value: one}}}"),
            [
                json!({"tag": "a", "literal": {"value": "one"}}),
                json!({"tag": "b", "literal": {"value": "two"}})
            ]
        );
    }
}

mod refused {
    use super::*;

    /// Compares object and field of the only finding.
    #[track_caller]
    fn check(telemetry: &str, object: &str, field: &str) {
        let found = findings(telemetry);
        assert_eq!(
            found.iter().map(|[object, field, _]| [object, field]).collect::<Vec<_>>(),
            [[object, field]]
        );
    }

    #[test]
    fn a_telemetry_of_another_namespace() {
        check(
            &telemetry(JAEGER).replace("istio-system", "lab"),
            "Telemetry lab/mesh-default",
            "metadata.namespace",
        );
    }

    #[test]
    fn another_provider_than_jaeger() {
        check(
            &telemetry("providers: [{name: zipkin}]"),
            "Telemetry istio-system/mesh-default",
            "spec.tracing[0].providers[0].name",
        );
    }

    #[test]
    fn a_second_entry_or_a_second_telemetry() {
        check(
            &object(
                "Telemetry",
                "istio-system/mesh-default",
                &format!("{{tracing: [{{{JAEGER}}}, {{{JAEGER}}}]}}"),
            ),
            "Telemetry istio-system/mesh-default",
            "spec.tracing[1]",
        );
        check(
            &(telemetry("randomSamplingPercentage: 1")
                + &telemetry(JAEGER).replace("mesh-default", "second")),
            "Telemetry istio-system/second",
            "spec",
        );
    }
}
