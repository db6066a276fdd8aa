//! What embedded mode honours of a DestinationRule: its subsets and the simple load balancers.

use super::Labels;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DestinationRuleSpec {
    pub(crate) host: String,
    #[serde(default)]
    pub(crate) subsets: Vec<Subset>,
    #[serde(default)]
    pub(crate) traffic_policy: Option<TrafficPolicy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subset {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) labels: Labels,
    #[serde(default)]
    pub(crate) traffic_policy: Option<TrafficPolicy>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrafficPolicy {
    #[serde(default)]
    pub(crate) load_balancer: Option<LoadBalancer>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LoadBalancer {
    pub(crate) simple: SimpleLoadBalancer,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum SimpleLoadBalancer {
    Unspecified,
    LeastConn,
    LeastRequest,
    Random,
    RoundRobin,
}
