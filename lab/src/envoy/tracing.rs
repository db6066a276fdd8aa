//! Telemetry → the tracing part of a connection manager.
//!
//! Source: istio's `pilot/pkg/networking/core/tracing.go`. Only the OpenTelemetry tracer gives each listener a service
//! name of its own, so the proxies of one process can be told apart.

use super::Proxy;
use super::bootstrap::COLLECTOR_CLUSTER;
use crate::endpoint::Endpoint;
use crate::topology::Topology;
use crate::topology::view::policy::CustomTag;
use serde_json::{Value, json};

/// What Istio samples where a Telemetry says nothing: the demo profile's `pilot.traceSampling`.
pub(crate) const DEFAULT_SAMPLING: f64 = 100.0;

/// The tracing of a proxy; none where no Telemetry asks for spans.
pub(super) fn tracing(
    topology: &Topology,
    proxy: Proxy<'_>,
    collector: &Endpoint,
) -> Option<Value> {
    let telemetry = topology.tracing.as_ref()?;
    let mut tags: Vec<Value> =
        telemetry.custom_tags.iter().map(|(name, tag)| custom_tag(name, tag)).collect();
    let revision = if proxy.version.is_empty() { "latest" } else { proxy.version };
    let standard = [
        ("istio.canonical_revision", revision),
        ("istio.canonical_service", proxy.app),
        ("istio.mesh_id", "cluster.local"),
        ("istio.namespace", proxy.namespace),
    ];
    tags.extend(standard.map(|(tag, value)| json!({"tag": tag, "literal": {"value": value}})));
    let mut tracing = json!({
        "client_sampling": {"value": 100},
        "random_sampling": {"value": telemetry.random_sampling_percentage.unwrap_or(DEFAULT_SAMPLING)},
        "overall_sampling": {"value": 100},
        "custom_tags": tags,
        "provider": {
            "name": "envoy.tracers.opentelemetry",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                "service_name": format!("{}.{}", proxy.app, proxy.namespace),
                "http_service": {"http_uri": {
                    "uri": collector.traces(),
                    "cluster": COLLECTOR_CLUSTER,
                    "timeout": "10s"
                }}
            }
        }
    });
    if proxy.pod.is_none() {
        // A gateway makes two spans: one for the request that it received, one for the request that it sent.
        tracing["spawn_upstream_span"] = json!(true);
    }
    Some(tracing)
}

fn custom_tag(name: &str, tag: &CustomTag) -> Value {
    match tag {
        CustomTag::Literal(literal) => json!({"tag": name, "literal": {"value": literal.value}}),
        CustomTag::Header(header) => {
            let default = header.default_value.clone().unwrap_or_default();
            json!({"tag": name, "request_header": {"name": header.name, "default_value": default}})
        }
    }
}
