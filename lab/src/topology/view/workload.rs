//! What embedded mode honours of a Deployment: replicas, labels, one container's environment, arguments and readiness.

use super::{ClusterOnly, Labels, Metadata};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeploymentSpec {
    #[serde(default = "one")]
    pub(crate) replicas: u32,
    pub(crate) selector: Selector,
    pub(crate) template: PodTemplate,
    #[serde(default, rename = "minReadySeconds")]
    _min_ready_seconds: ClusterOnly,
    #[serde(default, rename = "progressDeadlineSeconds")]
    _progress_deadline_seconds: ClusterOnly,
    #[serde(default, rename = "revisionHistoryLimit")]
    _revision_history_limit: ClusterOnly,
    #[serde(default, rename = "strategy")]
    _strategy: ClusterOnly,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Selector {
    #[serde(default)]
    pub(crate) match_labels: Labels,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PodTemplate {
    #[serde(default)]
    pub(crate) metadata: Metadata,
    pub(crate) spec: PodSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PodSpec {
    pub(crate) containers: Vec<Container>,
    #[serde(default = "thirty")]
    pub(crate) termination_grace_period_seconds: u64,
    #[serde(default, rename = "automountServiceAccountToken")]
    _automount_service_account_token: ClusterOnly,
    /// Variables for each Service of the namespace: the lab never makes them.
    #[serde(default, rename = "enableServiceLinks")]
    _enable_service_links: ClusterOnly,
    #[serde(default, rename = "securityContext")]
    _security_context: ClusterOnly,
    #[serde(default, rename = "serviceAccountName")]
    _service_account_name: ClusterOnly,
    #[serde(default, rename = "topologySpreadConstraints")]
    _topology_spread_constraints: ClusterOnly,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Container {
    #[serde(rename = "name")]
    _name: String,
    #[serde(default)]
    pub(crate) image: String,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) env: Vec<EnvVar>,
    #[serde(default)]
    pub(crate) ports: Vec<ContainerPort>,
    #[serde(default)]
    pub(crate) readiness_probe: Option<Probe>,
    #[serde(default, rename = "imagePullPolicy")]
    _image_pull_policy: ClusterOnly,
    #[serde(default, rename = "livenessProbe")]
    _liveness_probe: ClusterOnly,
    #[serde(default, rename = "resources")]
    _resources: ClusterOnly,
    #[serde(default, rename = "securityContext")]
    _security_context: ClusterOnly,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvVar {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
    #[serde(default)]
    pub(crate) value_from: Option<EnvVarSource>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvVarSource {
    pub(crate) field_ref: FieldRef,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FieldRef {
    pub(crate) field_path: FieldPath,
    #[serde(default, rename = "apiVersion")]
    _api_version: ClusterOnly,
}

/// The pod's fields that a process can be told without a kubelet.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) enum FieldPath {
    #[serde(rename = "metadata.name")]
    Name,
    #[serde(rename = "metadata.namespace")]
    Namespace,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ContainerPort {
    #[serde(rename = "containerPort")]
    pub(crate) number: u16,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default, rename = "protocol")]
    _protocol: Tcp,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) enum Tcp {
    #[default]
    #[serde(rename = "TCP")]
    Tcp,
}

/// Defaults as in the Kubernetes API reference, `Probe`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Probe {
    pub(crate) http_get: HttpGet,
    #[serde(default)]
    pub(crate) initial_delay_seconds: u64,
    #[serde(default = "ten")]
    pub(crate) period_seconds: u64,
    #[serde(default = "one_second")]
    pub(crate) timeout_seconds: u64,
    #[serde(default = "three")]
    pub(crate) failure_threshold: u32,
    #[serde(default = "one")]
    pub(crate) success_threshold: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpGet {
    #[serde(default = "slash")]
    pub(crate) path: String,
    pub(crate) port: PortReference,
}

/// A port by number or by the name that the container gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum PortReference {
    Number(u16),
    Name(String),
}

fn slash() -> String {
    "/".into()
}

const fn one() -> u32 {
    1
}

const fn one_second() -> u64 {
    1
}

const fn three() -> u32 {
    3
}

const fn ten() -> u64 {
    10
}

const fn thirty() -> u64 {
    30
}
