//! Clusters and their endpoints.

use super::{Address, Elsewhere};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct Cluster {
    /// Istio's name, which ends in `;`.
    pub(in crate::explain) alt_stat_name: String,
    pub(in crate::explain) load_assignment: LoadAssignment,
    #[serde(rename = "@type")]
    _type: Elsewhere,
    #[serde(rename = "name")]
    _name: Elsewhere,
    #[serde(rename = "type")]
    _discovery: Static,
    #[serde(rename = "connect_timeout")]
    _connect_timeout: Elsewhere,
    #[serde(rename = "lb_policy")]
    _lb_policy: Elsewhere,
    #[serde(rename = "common_lb_config")]
    _common_lb_config: Elsewhere,
    #[serde(rename = "circuit_breakers")]
    _circuit_breakers: Elsewhere,
}

#[derive(Debug, Deserialize)]
enum Static {
    #[serde(rename = "STATIC")]
    Static,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct LoadAssignment {
    pub(in crate::explain) endpoints: Vec<Locality>,
    #[serde(rename = "cluster_name")]
    _cluster_name: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct Locality {
    pub(in crate::explain) lb_endpoints: Vec<LbEndpoint>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct LbEndpoint {
    pub(in crate::explain) endpoint: Endpoint,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct Endpoint {
    pub(in crate::explain) address: Address,
}
