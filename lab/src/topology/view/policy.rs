//! What embedded mode honours of the mesh-wide policies: tracing. Mutual TLS is between the pods of a cluster.

use super::ClusterOnly;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Mutual TLS between sidecars: embedded, all hops are on the loopback interface, in plain text.
#[derive(Debug, Deserialize)]
pub(crate) struct PeerAuthenticationSpec {
    #[serde(default, rename = "mtls")]
    _mtls: ClusterOnly,
}

/// How many pods may be evicted at a time: embedded, nobody evicts any.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PodDisruptionBudgetSpec {
    #[serde(default, rename = "maxUnavailable")]
    _max_unavailable: ClusterOnly,
    #[serde(default, rename = "minAvailable")]
    _min_available: ClusterOnly,
    #[serde(default, rename = "selector")]
    _selector: ClusterOnly,
    #[serde(default, rename = "unhealthyPodEvictionPolicy")]
    _unhealthy_pod_eviction_policy: ClusterOnly,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TelemetrySpec {
    #[serde(default)]
    pub(crate) tracing: Vec<Tracing>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tracing {
    #[serde(default)]
    pub(crate) providers: Vec<TracingProvider>,
    #[serde(default)]
    pub(crate) random_sampling_percentage: Option<f64>,
    #[serde(default)]
    pub(crate) custom_tags: BTreeMap<String, CustomTag>,
    #[serde(default)]
    pub(crate) disable_span_reporting: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TracingProvider {
    #[serde(rename = "name")]
    _name: JaegerProvider,
}

/// The provider that Istio's demo profile sends to Jaeger; embedded, the lab's own collector takes its place.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JaegerProvider {
    Jaeger,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CustomTag {
    Header(HeaderTag),
    Literal(LiteralTag),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeaderTag {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) default_value: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LiteralTag {
    pub(crate) value: String,
}
