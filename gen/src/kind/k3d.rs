//! k3d's cluster configuration, as far as the lab uses it.
//!
//! Source: `pkg/config/v1alpha5/schema.json` in k3d.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

pub const API_VERSION: &str = "k3d.io/v1alpha5";

/// What `k3d cluster create --config` takes.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Simple {
    pub api_version: String,
    pub kind: String,
    pub metadata: ObjectMeta,
    pub servers: u32,
    pub agents: u32,
    /// The image of k3s, which decides the version of Kubernetes.
    pub image: String,
    pub ports: Vec<Port>,
    pub options: Options,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Port {
    /// `HOST:CLUSTER`, port numbers both.
    pub port: String,
    pub node_filters: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    pub k3d: K3dOptions,
    pub k3s: K3sOptions,
    pub kubeconfig: KubeconfigOptions,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct K3dOptions {
    pub wait: bool,
    /// A Go duration, such as `180s`.
    pub timeout: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct K3sOptions {
    pub extra_args: Vec<ExtraArg>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtraArg {
    pub arg: String,
    pub node_filters: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KubeconfigOptions {
    pub update_default_kubeconfig: bool,
    pub switch_current_context: bool,
}
