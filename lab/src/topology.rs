//! Objects → topology: pods, services, subsets, routes and gateways with every name resolved, as istiod and the
//! kubelet would read them. What embedded mode cannot honour is a violation; nothing is skipped.

mod container;
pub(crate) mod duration;
mod gateway;
mod pod;
mod route;
mod service;
pub(crate) mod view;

pub(crate) use gateway::{Gateway, INGRESS_NAME, INGRESS_NAMESPACE, ingress_has};
pub(crate) use pod::{Pod, Readiness};
pub(crate) use route::{MESH, VirtualService, gateway_name};
pub(crate) use service::{Port, Service, Subset};

use manifests::host;
use manifests::object::{Manifest, Object};
use manifests::violation::{Violation, sorted};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use view::authorization_policy::AuthorizationPolicySpec;
use view::gateway::Server;
use view::policy::{PeerAuthenticationSpec, PodDisruptionBudgetSpec, TelemetrySpec, Tracing};

/// The label of a namespace that asks for sidecars.
const INJECTION: &str = "istio-injection";

#[derive(Debug)]
pub(crate) struct Topology {
    pub(crate) pods: Vec<Pod>,
    pub(crate) services: Vec<Service>,
    pub(crate) virtual_services: Vec<VirtualService>,
    pub(crate) gateways: Vec<Gateway>,
    /// Absent: no Telemetry asks for spans, so none are sent.
    pub(crate) tracing: Option<Tracing>,
    /// Kinds of objects that only a cluster enforces, with the number of objects of each.
    pub(crate) unenforced: BTreeMap<&'static str, usize>,
}

impl Topology {
    /// Resolves everything that is applied together.
    ///
    /// # Errors
    /// All violations: broken references first, then fields and values that embedded mode does not honour.
    pub(crate) fn of(manifests: &[Manifest]) -> Result<Self, Vec<Violation>> {
        let applied: Vec<&Manifest> = manifests.iter().collect();
        let violations = manifests::check::meaning(&applied);
        if !violations.is_empty() {
            return Err(violations);
        }
        let identities = manifests.iter().map(|manifest| manifest.object.identity());
        let services = identities.filter(|identity| identity.kind == "Service");
        let mut building = Building {
            hosts: services
                .map(|service| host::service(&service.name, &service.namespace))
                .collect(),
            ..Building::default()
        };
        for manifest in manifests {
            building.add(manifest);
        }
        building.finish()
    }

    /// Whether any server of any gateway listens on this port of the gateway's Service.
    pub(crate) fn servers(&self, port: u16) -> impl Iterator<Item = (&Gateway, &Server)> {
        let servers = self
            .gateways
            .iter()
            .flat_map(|gateway| gateway.servers.iter().map(move |server| (gateway, server)));
        servers.filter(move |(_, server)| server.port.number == port)
    }
}

#[derive(Default)]
struct Building {
    /// Those of all Services.
    hosts: BTreeSet<String>,
    namespaces: Vec<Manifest>,
    pods: Vec<Pod>,
    services: BTreeMap<String, Service>,
    rules: Vec<service::Rule>,
    virtual_services: Vec<VirtualService>,
    gateways: Vec<Gateway>,
    /// Whether there was a mesh-wide Telemetry.
    telemetry: bool,
    tracing: Option<Tracing>,
    unenforced: BTreeMap<&'static str, usize>,
    violations: Vec<Violation>,
}

impl Building {
    fn add(&mut self, manifest: &Manifest) {
        let added = match &manifest.object {
            Object::Namespace(_) => {
                self.namespaces.push(manifest.clone());
                Ok(())
            }
            Object::Deployment(_) => pod::pods(manifest).map(|pods| self.pods.extend(pods)),
            Object::Service(_) => service::service(manifest).map(|service| {
                self.services.insert(service.host.clone(), service);
            }),
            Object::DestinationRule(_) => service::rule(manifest).map(|rule| self.rules.push(rule)),
            Object::VirtualService(_) => route::virtual_service(manifest, &self.hosts)
                .map(|route| self.virtual_services.push(route)),
            Object::Gateway(_) => gateway::gateway(manifest, &self.gateways)
                .map(|gateway| self.gateways.push(gateway)),
            Object::AuthorizationPolicy(_) => self.unenforced::<AuthorizationPolicySpec>(manifest),
            Object::PeerAuthentication(_) => self.unenforced::<PeerAuthenticationSpec>(manifest),
            Object::PodDisruptionBudget(_) => self.unenforced::<PodDisruptionBudgetSpec>(manifest),
            // Accounts are what policies name, and embedded nobody has one.
            Object::ServiceAccount(_) => Ok(()),
            Object::ConfigMap(_)
            | Object::IstioOperator(_)
            | Object::Secret(_)
            | Object::Simple(_) => Err(vec![only_of_a_cluster(manifest)]),
            Object::Telemetry(_) => self.telemetry(manifest),
        };
        if let Err(violations) = added {
            self.violations.extend(violations);
        }
    }

    /// Reads an object that changes nothing here, and keeps count of it.
    fn unenforced<S: DeserializeOwned>(
        &mut self,
        manifest: &Manifest,
    ) -> Result<(), Vec<Violation>> {
        view::of::<S>(manifest)?;
        *self.unenforced.entry(manifest.object.kind()).or_default() += 1;
        Ok(())
    }

    fn telemetry(&mut self, manifest: &Manifest) -> Result<(), Vec<Violation>> {
        let telemetry = view::of::<TelemetrySpec>(manifest)?;
        if telemetry.metadata.namespace != INGRESS_NAMESPACE {
            let message = "embedded mode honours only the mesh-wide Telemetry".to_owned();
            let hint = format!("put it into the root namespace `{INGRESS_NAMESPACE}`");
            return Err(vec![Violation::of_field(manifest, "metadata.namespace", message, hint)]);
        }
        let entries = telemetry.spec.tracing;
        if std::mem::replace(&mut self.telemetry, true) || entries.len() > 1 {
            let field = if entries.len() > 1 { "spec.tracing[1]" } else { "spec" };
            let message = "embedded mode honours only one description of the tracing".to_owned();
            let hint = "leave one mesh-wide Telemetry with one entry of `tracing`".to_owned();
            return Err(vec![Violation::of_field(manifest, field, message, hint)]);
        }
        self.tracing = entries
            .into_iter()
            .next()
            .filter(|tracing| !tracing.providers.is_empty() && !tracing.disable_span_reporting);
        Ok(())
    }

    /// On a cluster, pods have sidecars only in namespaces that ask for them; embedded, every pod has one.
    fn injection(&mut self) {
        for manifest in &self.namespaces {
            let metadata = manifest.object.metadata();
            let label = metadata.labels.as_ref().and_then(|labels| labels.get(INJECTION));
            let has_pods =
                self.pods.iter().any(|pod| Some(&pod.namespace) == metadata.name.as_ref());
            if has_pods && label.is_none_or(|value| value != "enabled") {
                let field = format!("metadata.labels.{INJECTION}");
                let message =
                    "embedded mode gives every pod a sidecar, this namespace would not".to_owned();
                let hint = format!("label it `{INJECTION}: enabled`");
                self.violations.push(Violation::of_field(manifest, field, message, hint));
            }
        }
    }

    fn finish(mut self) -> Result<Topology, Vec<Violation>> {
        self.injection();
        for rule in self.rules {
            if let Some(service) = self.services.get_mut(&rule.host) {
                for subset in rule.subsets {
                    // Of several subsets of one name the oldest counts.
                    if service.subsets.iter().all(|known| known.name != subset.name) {
                        service.subsets.push(subset);
                    }
                }
                service.load_balancer = service.load_balancer.or(rule.load_balancer);
            }
        }
        if !self.violations.is_empty() {
            return Err(sorted(self.violations));
        }
        Ok(Topology {
            pods: self.pods,
            services: self.services.into_values().collect(),
            virtual_services: self.virtual_services,
            gateways: self.gateways,
            tracing: self.tracing,
            unenforced: self.unenforced,
        })
    }
}

fn only_of_a_cluster(manifest: &Manifest) -> Violation {
    let message = format!("embedded mode has no use for a {}", manifest.object.kind());
    let hint =
        "leave it to a cluster; the lab makes its own certificates and collects traces itself";
    Violation::of_field(manifest, "kind", message, hint.to_owned())
}
