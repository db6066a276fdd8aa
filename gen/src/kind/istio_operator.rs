//! What istioctl installs, as far as the lab says something about it; everything else is the profile's.
//!
//! Source: `operator/pkg/apis/types.go` and `mesh/v1alpha1/config.proto` of Istio.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

pub const API_VERSION: &str = "install.istio.io/v1alpha1";

/// What `istioctl install --filename` takes. No cluster knows this kind: istioctl reads it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IstioOperator {
    pub api_version: String,
    pub kind: String,
    pub metadata: ObjectMeta,
    pub spec: Spec,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    pub profile: String,
    /// The registry and folder of Istio's images.
    pub hub: String,
    pub tag: String,
    pub mesh_config: MeshConfig,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeshConfig {
    pub access_log_file: String,
    pub access_log_encoding: AccessLogEncoding,
    /// This list replaces the profile's.
    pub extension_providers: Vec<ExtensionProvider>,
    pub default_config: ProxyConfig,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AccessLogEncoding {
    Json,
    Text,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtensionProvider {
    /// What a Telemetry calls it.
    pub name: String,
    pub opentelemetry: OpenTelemetryProvider,
}

/// A collector that takes OTLP over gRPC.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenTelemetryProvider {
    pub service: String,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProxyConfig {
    /// How long a sidecar that is told to stop lets running requests end, such as `5s`.
    pub termination_drain_duration: String,
}
