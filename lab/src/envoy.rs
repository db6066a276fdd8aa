//! Topology + addresses → everything that one Envoy is told: listeners, clusters, route configurations. Pure.
//!
//! The Envoy plays the ingress gateway and the sidecar of every pod. What istiod would send to each of them is built
//! here, with these differences: a sidecar's outbound listener is the HTTP proxy of its application (istiod has this
//! shape too, `proxyHttpPort`), ports are free ones of the loopback interface, and there is no TLS between sidecars.

pub(crate) mod bootstrap;
mod cluster;
mod gateway;
mod listener;
mod matching;
mod route;
mod sidecar;
mod tracing;

pub(crate) use cluster::outbound_statistics;
pub(crate) use tracing::DEFAULT_SAMPLING;

use crate::endpoint::Endpoint;
use crate::topology::{INGRESS_NAME, INGRESS_NAMESPACE, MESH, Pod, Topology};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Where everything listens and lies: what a cluster's network and file systems would decide.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    /// The loopback port that stands for port 443 of the gateway's Service.
    pub(crate) https: u16,
    /// The loopback port that stands for port 80 of the gateway's Service.
    pub(crate) http: u16,
    /// The collector that takes spans in OTLP over HTTP.
    pub(crate) collector: Endpoint,
    pub(crate) pods: BTreeMap<String, PodPorts>,
    /// Certificate chain and private key of each `credentialName`.
    pub(crate) credentials: BTreeMap<String, KeyPair>,
    /// The folder of the route configurations.
    pub(crate) routes: PathBuf,
    /// The folder of the access logs.
    pub(crate) logs: PathBuf,
}

/// The loopback ports of one pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PodPorts {
    pub(crate) app: u16,
    /// Where the server's faults are switched.
    pub(crate) admin: u16,
    pub(crate) inbound: u16,
    pub(crate) outbound: u16,
}

#[derive(Clone, Debug)]
pub(crate) struct KeyPair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// All resources that an Envoy needs, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) listeners: BTreeMap<String, Value>,
    pub(crate) clusters: BTreeMap<String, Value>,
    /// By the stem of the file that the configuration is read from.
    pub(crate) routes: BTreeMap<String, Routes>,
}

/// A route configuration, and the statistics in which its subscription reports.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Routes {
    pub(crate) statistics: String,
    pub(crate) configuration: Value,
}

/// The proxy for which a resource is built: istiod sends each of them its own.
#[derive(Clone, Copy, Debug)]
struct Proxy<'a> {
    /// Unique in the lab; also the name of its access log.
    name: &'a str,
    namespace: &'a str,
    app: &'a str,
    version: &'a str,
    /// The pod whose sidecar this is; none for the gateway.
    pod: Option<&'a Pod>,
}

impl<'a> Proxy<'a> {
    const GATEWAY: Proxy<'static> = Proxy {
        name: INGRESS_NAME,
        namespace: INGRESS_NAMESPACE,
        app: INGRESS_NAME,
        version: "",
        pod: None,
    };

    fn sidecar(pod: &'a Pod) -> Self {
        let Pod { name, namespace, .. } = pod;
        Self {
            name,
            namespace,
            app: pod.label("app"),
            version: pod.label("version"),
            pod: Some(pod),
        }
    }
}

/// A place in the mesh from which requests are routed: a proxy, one of its listeners, and the gateway that it stands for.
#[derive(Clone, Copy, Debug)]
struct Origin<'a> {
    proxy: Proxy<'a>,
    /// [`MESH`] for sidecars, `namespace/name` of a Gateway else.
    gateway: &'a str,
    /// The port that `match.port` compares with.
    port: u16,
}

impl<'a> Origin<'a> {
    const fn mesh(proxy: Proxy<'a>, port: u16) -> Self {
        Self { proxy, gateway: MESH, port }
    }
}

/// The statistics prefix of a pod's inbound listener, whose active requests tell when the pod has nothing to do.
pub(crate) fn inbound_statistics(pod: &str) -> String {
    format!("inbound_{pod}")
}

/// Builds every resource. Clusters have only pods of `ready` as endpoints.
pub(crate) fn snapshot(
    topology: &Topology,
    addresses: &Addresses,
    ready: &BTreeSet<String>,
) -> Snapshot {
    let mut snapshot = Snapshot::default();
    gateway::add(&mut snapshot, topology, addresses);
    cluster::add_outbound(&mut snapshot, topology, addresses, ready, Proxy::GATEWAY);
    for pod in &topology.pods {
        let proxy = Proxy::sidecar(pod);
        sidecar::add(&mut snapshot, topology, addresses, pod);
        cluster::add_outbound(&mut snapshot, topology, addresses, ready, proxy);
    }
    snapshot
}
