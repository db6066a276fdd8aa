//! Services and subsets → clusters, with the ready pods as endpoints.
//!
//! Source: `buildCluster` and `applyDestinationRule` in istio's `pilot/pkg/networking/core/cluster_builder.go`. Each proxy
//! gets its own copies, because breakers and pools belong to one proxy; `alt_stat_name` keeps Istio's name in the spans.

use super::{Addresses, Proxy, Snapshot};
use crate::topology::view::destination_rule::SimpleLoadBalancer;
use crate::topology::{Pod, Port, Service, Subset, Topology};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// istiod's default for every limit of a cluster: none.
const UNLIMITED: u32 = u32::MAX;

/// Istio's name of an outbound cluster.
pub(super) fn istio_name(port: u16, subset: &str, host: &str) -> String {
    format!("outbound|{port}|{subset}|{host}")
}

/// The name in the statistics of every proxy's copy of an outbound cluster.
pub(crate) fn outbound_statistics(port: u16, subset: &str, host: &str) -> String {
    // istiod ends the name in `;`, and so do the spans of a cluster.
    format!("{};", istio_name(port, subset, host))
}

/// The name of a proxy's own copy of an outbound cluster.
pub(super) fn outbound_name(proxy: Proxy<'_>, port: u16, subset: &str, host: &str) -> String {
    format!("{}>{}", proxy.name, istio_name(port, subset, host))
}

pub(super) fn inbound_name(pod: &Pod) -> String {
    format!("{}>inbound|{}||", pod.name, pod.port)
}

/// Adds a proxy's copy of each cluster that it could route to: one for each port of each service, and for each subset.
pub(super) fn add_outbound(
    snapshot: &mut Snapshot,
    topology: &Topology,
    addresses: &Addresses,
    ready: &BTreeSet<String>,
    proxy: Proxy<'_>,
) {
    for service in &topology.services {
        for port in &service.ports {
            for subset in std::iter::once(None).chain(service.subsets.iter().map(Some)) {
                let endpoints = endpoints(topology, addresses, ready, service, port, subset);
                let name = subset.map_or("", |subset| &subset.name);
                let balancer =
                    subset.and_then(|subset| subset.load_balancer).or(service.load_balancer);
                let statistics = outbound_statistics(port.number, name, &service.host);
                let name = outbound_name(proxy, port.number, name, &service.host);
                snapshot
                    .clusters
                    .insert(name.clone(), cluster(&name, &statistics, balancer, &endpoints));
            }
        }
    }
}

/// Adds the cluster from a sidecar to its own application.
pub(super) fn add_inbound(snapshot: &mut Snapshot, pod: &Pod, app: u16) {
    let name = inbound_name(pod);
    let statistics = format!("inbound|{}||;", pod.port);
    snapshot.clusters.insert(name.clone(), cluster(&name, &statistics, None, &[app]));
}

/// `load_assignment` for endpoints on these loopback ports.
pub(super) fn assignment(name: &str, ports: &[u16]) -> Value {
    let endpoints: Vec<Value> =
        ports.iter().map(|port| json!({"endpoint": {"address": address(*port)}})).collect();
    json!({"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]})
}

pub(super) fn address(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}

/// The inbound ports of the ready pods of a subset, or of the whole service.
fn endpoints(
    topology: &Topology,
    addresses: &Addresses,
    ready: &BTreeSet<String>,
    service: &Service,
    port: &Port,
    subset: Option<&Subset>,
) -> Vec<u16> {
    let pods =
        topology.pods.iter().filter(|pod| service.selects(pod, port) && ready.contains(&pod.name));
    let pods = pods.filter(|pod| subset.is_none_or(|subset| pod.has(&subset.labels)));
    pods.filter_map(|pod| addresses.pods.get(&pod.name)).map(|ports| ports.inbound).collect()
}

fn cluster(
    name: &str,
    statistics: &str,
    balancer: Option<SimpleLoadBalancer>,
    endpoints: &[u16],
) -> Value {
    let policy = match balancer {
        Some(SimpleLoadBalancer::RoundRobin) => "ROUND_ROBIN",
        Some(SimpleLoadBalancer::Random) => "RANDOM",
        Some(
            SimpleLoadBalancer::LeastConn
            | SimpleLoadBalancer::LeastRequest
            | SimpleLoadBalancer::Unspecified,
        )
        | None => "LEAST_REQUEST",
    };
    json!({
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "alt_stat_name": statistics,
        "type": "STATIC",
        "connect_timeout": "10s",
        "lb_policy": policy,
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "circuit_breakers": {"thresholds": [{
            "max_connections": UNLIMITED,
            "max_pending_requests": UNLIMITED,
            "max_requests": UNLIMITED,
            "max_retries": UNLIMITED,
            "track_remaining": true
        }]},
        "load_assignment": assignment(name, endpoints)
    })
}
