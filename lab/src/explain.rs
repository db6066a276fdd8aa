//! Manifests and a request → what happens to it, hop by hop, without sending it: Envoy's rules, applied to the very
//! configuration that the lab would give to Envoy.

mod choice;
mod condition;
mod config;
mod envoy;
mod message;
mod outcome;
mod path;
mod redirect;
mod request;
mod server;
mod story;
mod text;
mod walk;

pub use outcome::{Answered, Outcome};
pub use request::Request;

use crate::endpoint::Endpoint;
use crate::envoy::{Addresses, KeyPair, PodPorts, Snapshot, snapshot};
use crate::failure::{Failure, Result};
use crate::layers::{Layers, Plan, applied};
use crate::target::gateway_service;
use crate::topology::{Pod, Topology};
use envoy::Envoy;
use manifests::release::State;
use request::Entrance;
use serde::Serialize;
use server::Server;
use std::collections::BTreeMap;
use std::path::Path;
use story::Hop;
use walk::Arrival;

/// The gateway's ports, as its Service has them.
const HTTPS: u16 = 443;
const HTTP: u16 = 80;
/// The made-up ports of pods: four for each, from here on.
const PODS: u16 = 20_000;

/// Everything that is applied together, ready to be asked about requests.
#[derive(Debug)]
pub struct Mesh {
    envoy: Envoy,
    /// By inbound port.
    inbound: BTreeMap<u16, PodName>,
    /// By the port that the server listens on.
    applications: BTreeMap<u16, Application>,
}

#[derive(Debug)]
struct Application {
    pod: PodName,
    server: Server,
    outbound: u16,
}

#[derive(Clone, Debug)]
struct PodName {
    name: String,
    version: String,
}

/// What happens to a request.
#[derive(Debug, Serialize)]
pub struct Explanation {
    request: Request,
    gateway: Hop,
    outcomes: Vec<Outcome>,
}

impl Mesh {
    /// From a folder of rendered manifests, with these layers on top of the ground.
    pub fn read(manifests: &Path, with: &[String]) -> Result<Self> {
        Self::planned(manifests, &Plan { layers: applied(with), release: State::default() })
    }

    /// From a folder of rendered manifests, as far as a release on top of them has come.
    pub(crate) fn planned(manifests: &Path, plan: &Plan) -> Result<Self> {
        let manifests = Layers::open(manifests)?.in_force(plan)?;
        let topology = Topology::of(&manifests).map_err(|found| Failure::violations(&found))?;
        Self::of(&topology)
    }

    /// All pods are taken to be ready.
    fn of(topology: &Topology) -> Result<Self> {
        let addresses = addresses(topology);
        let ready = topology.pods.iter().map(|pod| pod.name.clone()).collect();
        Self::with(topology, &addresses, &snapshot(topology, &addresses, &ready))
    }

    /// What Envoy is told may be another thing than what the topology would make of it.
    pub(crate) fn with(
        topology: &Topology,
        addresses: &Addresses,
        snapshot: &Snapshot,
    ) -> Result<Self> {
        let envoy = Envoy::of(snapshot, &addresses.routes)?;
        let pods = topology.pods.iter();
        let pods = pods.filter_map(|pod| Some((pod, addresses.pods.get(&pod.name)?)));
        let inbound = pods.clone().map(|(pod, ports)| (ports.inbound, PodName::of(pod)));
        let inbound = inbound.collect();
        let applications = pods.map(|(pod, ports)| {
            let (server, outbound) = (Server::of(pod)?, ports.outbound);
            Ok((ports.app, Application { pod: PodName::of(pod), server, outbound }))
        });
        Ok(Self { envoy, inbound, applications: applications.collect::<Result<_>>()? })
    }

    /// What happens to a request that comes to the gateway.
    pub fn explain(&self, request: &Request) -> Result<Explanation> {
        let (port, arrival) = match &request.entrance {
            Entrance::Http => (HTTP, Arrival::Plain),
            Entrance::Https { server_name } => (HTTPS, Arrival::Tls(server_name.as_deref())),
        };
        let proxy = format!("gateway {}", gateway_service());
        let gateway = walk::hop(self, proxy, port, arrival, request.message.clone())?;
        let outcomes = outcome::outcomes(&gateway);
        Ok(Explanation { request: request.clone(), gateway, outcomes })
    }
}

impl Explanation {
    /// What the client may see, the likely cases first.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }
}

impl PodName {
    fn of(pod: &Pod) -> Self {
        Self { name: pod.name.clone(), version: pod.label("version").to_owned() }
    }

    /// The name without the hash of the template and the number.
    fn deployment(&self) -> String {
        self.name.rsplitn(3, '-').nth(2).unwrap_or(&self.name).to_owned()
    }
}

/// Ports and files that nothing listens on and nobody reads.
pub(crate) fn addresses(topology: &Topology) -> Addresses {
    let ports = (PODS..).step_by(4).map(|app| PodPorts {
        app,
        admin: app + 1,
        inbound: app + 2,
        outbound: app + 3,
    });
    let credentials = topology.gateways.iter().flat_map(|gateway| &gateway.servers);
    let credentials = credentials.filter_map(|server| server.tls.as_ref()?.credential_name.clone());
    let pair = |name: String| {
        let (certificate, key) = (format!("{name}.crt").into(), format!("{name}.key").into());
        (name, KeyPair { certificate, key })
    };
    Addresses {
        https: HTTPS,
        http: HTTP,
        collector: Endpoint::loopback(PODS - 1),
        pods: topology.pods.iter().map(|pod| pod.name.clone()).zip(ports).collect(),
        credentials: credentials.map(pair).collect(),
        routes: "routes".into(),
        logs: "logs".into(),
    }
}
