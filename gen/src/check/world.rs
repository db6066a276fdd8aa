//! The objects of a cluster, found by what others call them.

use super::calls::{self, Call};
use super::destination::{Destination, destinations};
use super::installed::Installed;
use super::lane;
use crate::host;
use crate::object::{Manifest, Object};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, PodSpec, Secret, Service, ServiceAccount};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kcr_networking_istio_io::v1::destinationrules::DestinationRule;
use kcr_networking_istio_io::v1::gateways::Gateway;
use kcr_networking_istio_io::v1::virtualservices::VirtualService;
use kcr_security_istio_io::v1::authorizationpolicies::AuthorizationPolicy;
use kcr_security_istio_io::v1::peerauthentications::PeerAuthentication;
use kcr_telemetry_istio_io::v1::telemetries::Telemetry;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

/// Labels, or a selector of them.
pub(crate) type Labels = BTreeMap<String, String>;

pub(super) const NO_LABELS: &Labels = &Labels::new();

/// The policies and rules of this namespace count everywhere.
pub(super) const ROOT_NAMESPACE: &str = "istio-system";

/// The name that stands for all sidecars in `spec.gateways`.
pub(crate) const MESH: &str = "mesh";

/// An object with what is asked about it everywhere.
pub(crate) struct Placed<'a, T> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) object: &'a T,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

pub(crate) struct World<'a> {
    pub(super) installed: &'a Installed,
    /// As applied, with those that are replaced later.
    pub(super) sequence: &'a [&'a Manifest],
    /// The last of each identity.
    pub(super) manifests: Vec<&'a Manifest>,
    /// By fully qualified host.
    pub(crate) services: BTreeMap<String, Placed<'a, Service>>,
    /// By fully qualified host, several in the order of application.
    pub(crate) rules: BTreeMap<String, Vec<Placed<'a, DestinationRule>>>,
    pub(crate) routes: Vec<Placed<'a, VirtualService>>,
    /// By `namespace/name`.
    pub(crate) gateways: BTreeMap<String, Placed<'a, Gateway>>,
    pub(crate) deployments: Vec<Placed<'a, Deployment>>,
    pub(super) namespaces: BTreeMap<&'a str, Placed<'a, Namespace>>,
    pub(super) accounts: Vec<Placed<'a, ServiceAccount>>,
    pub(super) policies: Vec<Placed<'a, AuthorizationPolicy>>,
    pub(super) peer_authentications: Vec<Placed<'a, PeerAuthentication>>,
    pub(super) budgets: Vec<Placed<'a, PodDisruptionBudget>>,
    pub(super) telemetries: Vec<Placed<'a, Telemetry>>,
    pub(super) configurations: Vec<Placed<'a, ConfigMap>>,
    pub(super) secrets: Vec<Placed<'a, Secret>>,
    /// Deployments by the namespace and one label of their pods.
    by_label: HashMap<(&'a str, &'a str, &'a str), Vec<usize>>,
    destinations: OnceCell<Vec<Vec<(Destination<'a>, String)>>>,
    calls: OnceCell<Vec<Call<'a>>>,
    lane_mistakes: OnceCell<Vec<lane::Found<'a>>>,
}

impl<'a> World<'a> {
    pub(crate) fn of(sequence: &'a [&'a Manifest], installed: &'a Installed) -> Self {
        let mut world = Self {
            installed,
            sequence,
            manifests: last_of_each(sequence),
            services: BTreeMap::new(),
            rules: BTreeMap::new(),
            routes: Vec::new(),
            gateways: BTreeMap::new(),
            deployments: Vec::new(),
            namespaces: BTreeMap::new(),
            accounts: Vec::new(),
            policies: Vec::new(),
            peer_authentications: Vec::new(),
            budgets: Vec::new(),
            telemetries: Vec::new(),
            configurations: Vec::new(),
            secrets: Vec::new(),
            by_label: HashMap::new(),
            destinations: OnceCell::new(),
            calls: OnceCell::new(),
            lane_mistakes: OnceCell::new(),
        };
        for index in 0..world.manifests.len() {
            world.add(world.manifests[index]);
        }
        world
    }

    fn add(&mut self, manifest: &'a Manifest) {
        let metadata = manifest.object.metadata();
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        let name = metadata.name.as_deref().unwrap_or_default();
        macro_rules! placed {
            ($object:expr) => {
                Placed { manifest, object: &**$object, namespace, name }
            };
        }
        match &manifest.object {
            Object::AuthorizationPolicy(object) => self.policies.push(placed!(object)),
            Object::ConfigMap(object) => self.configurations.push(placed!(object)),
            Object::Deployment(object) => {
                let deployment = placed!(object);
                for (key, value) in deployment.pod_labels().into_iter().flatten() {
                    let place = (namespace, key.as_str(), value.as_str());
                    self.by_label.entry(place).or_default().push(self.deployments.len());
                }
                self.deployments.push(deployment);
            }
            Object::DestinationRule(object) => {
                let host = host::resolve(&object.spec.host, namespace);
                self.rules.entry(host).or_default().push(placed!(object));
            }
            Object::Gateway(object) => {
                self.gateways.insert(format!("{namespace}/{name}"), placed!(object));
            }
            Object::Namespace(object) => {
                self.namespaces.insert(name, placed!(object));
            }
            Object::PeerAuthentication(object) => self.peer_authentications.push(placed!(object)),
            Object::PodDisruptionBudget(object) => self.budgets.push(placed!(object)),
            Object::Secret(object) => self.secrets.push(placed!(object)),
            Object::Service(object) => {
                self.services.insert(host::service(name, namespace), placed!(object));
            }
            Object::ServiceAccount(object) => self.accounts.push(placed!(object)),
            Object::Telemetry(object) => self.telemetries.push(placed!(object)),
            Object::VirtualService(object) => self.routes.push(placed!(object)),
            // Read by istioctl and k3d, before there is a cluster.
            Object::IstioOperator(_) | Object::Simple(_) => {}
        }
    }

    /// The Deployments in `namespace` whose pods bear all labels of `selector`; an empty one selects them all.
    pub(super) fn selected(
        &self,
        namespace: &str,
        selector: &Labels,
    ) -> Vec<&Placed<'a, Deployment>> {
        let candidates = selector
            .iter()
            .map(|(key, value)| {
                self.by_label
                    .get(&(namespace, key.as_str(), value.as_str()))
                    .map_or(&[][..], Vec::as_slice)
            })
            // Fewest candidates first: a version has many pods, an app few.
            .min_by_key(|candidates| candidates.len());
        match candidates {
            Some(candidates) => candidates
                .iter()
                .map(|index| &self.deployments[*index])
                .filter(|deployment| deployment.pods_bear(selector))
                .collect(),
            None => self
                .deployments
                .iter()
                .filter(|deployment| deployment.namespace == namespace)
                .collect(),
        }
    }

    /// The Deployments behind a Service; none without a selector, as Kubernetes has it.
    pub(crate) fn behind(&self, service: &Placed<'_, Service>) -> Vec<&Placed<'a, Deployment>> {
        let selector = service.object.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        match selector {
            Some(selector) if !selector.is_empty() => self.selected(service.namespace, selector),
            _ => Vec::new(),
        }
    }

    /// Of each route in [`Self::routes`]: its destinations, with their hosts fully qualified.
    pub(super) fn destinations(&self) -> &[Vec<(Destination<'a>, String)>] {
        self.destinations.get_or_init(|| {
            let of_route = |route: &Placed<'a, VirtualService>| {
                let found = destinations(route.object).into_iter();
                found
                    .map(|destination| {
                        let host = host::resolve(destination.host, route.namespace);
                        (destination, host)
                    })
                    .collect()
            };
            self.routes.iter().map(of_route).collect()
        })
    }

    /// All calls to Services that are there.
    pub(super) fn calls(&self) -> &[Call<'a>] {
        self.calls.get_or_init(|| calls::calls(self))
    }

    /// Whether there is a Service with this host.
    pub(super) fn is_service(&self, host: &str) -> bool {
        self.services.contains_key(host) || self.installed.hosts.contains(&host)
    }

    /// The rules of a host that count for all its clients: those beside the Service, or in the root namespace.
    ///
    /// Source: `destinationRule` in istio's `pilot/pkg/model/push_context.go`.
    pub(crate) fn rules_of(
        &self,
        host: &str,
    ) -> impl Iterator<Item = &Placed<'a, DestinationRule>> {
        let namespace = self.services.get(host).map(|service| service.namespace);
        let rules = self.rules.get(host).into_iter().flatten();
        rules.filter(move |rule| {
            let exported = rule.object.spec.export_to.as_deref().unwrap_or_default();
            let everywhere = exported.is_empty() || exported.iter().any(|to| to == "*");
            let beside = namespace.is_none_or(|namespace| rule.namespace == namespace);
            everywhere && (beside || rule.namespace == ROOT_NAMESPACE)
        })
    }

    pub(super) fn lane_mistakes(&self) -> &[lane::Found<'a>] {
        self.lane_mistakes.get_or_init(|| lane::mistakes(self))
    }

    /// The names of all subsets of a host.
    pub(super) fn subsets(&self, host: &str) -> Vec<&'a str> {
        let rules = self.rules_of(host);
        rules
            .flat_map(|rule| rule.object.spec.subsets.iter().flatten())
            .map(|subset| subset.name.as_str())
            .collect()
    }
}

impl<'a> Placed<'a, Deployment> {
    pub(crate) fn pod_labels(&self) -> Option<&'a Labels> {
        let template = &self.object.spec.as_ref()?.template;
        template.metadata.as_ref()?.labels.as_ref()
    }

    pub(crate) fn pods_bear(&self, selector: &Labels) -> bool {
        self.pod_labels().is_some_and(|labels| {
            selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        })
    }

    pub(super) fn pod(&self) -> Option<&'a PodSpec> {
        self.object.spec.as_ref()?.template.spec.as_ref()
    }

    pub(super) fn account(&self) -> &'a str {
        self.pod().and_then(|pod| pod.service_account_name.as_deref()).unwrap_or("default")
    }
}

impl Placed<'_, VirtualService> {
    /// The gateways that the route is bound to, `namespace/name` or [`MESH`].
    ///
    /// Source: `getGatewayNames` in istio's `pilot/pkg/model/push_context.go`.
    pub(crate) fn gateways(&self) -> Vec<String> {
        match self.object.spec.gateways.as_deref() {
            None | Some([]) => vec![MESH.to_owned()],
            Some(names) => names.iter().map(|name| qualified(name, self.namespace)).collect(),
        }
    }
}

/// The name of a gateway with its namespace; `mesh` stays as it is.
pub(crate) fn qualified(gateway: &str, namespace: &str) -> String {
    match gateway.split_once('/') {
        None if gateway == MESH => gateway.to_owned(),
        None => format!("{namespace}/{gateway}"),
        Some((".", name)) => format!("{namespace}/{name}"),
        Some(_) => gateway.to_owned(),
    }
}

/// Labels as a command line takes them.
pub(super) fn shown(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}

/// The last manifest of each identity, at the place of the first.
fn last_of_each<'a>(sequence: &[&'a Manifest]) -> Vec<&'a Manifest> {
    let mut places: HashMap<(&str, Option<&str>, Option<&str>), usize> = HashMap::new();
    let mut last: Vec<&Manifest> = Vec::new();
    for manifest in sequence {
        let metadata = manifest.object.metadata();
        let identity =
            (manifest.object.kind(), metadata.namespace.as_deref(), metadata.name.as_deref());
        if let Some(place) = places.get(&identity) {
            last[*place] = manifest;
        } else {
            places.insert(identity, last.len());
            last.push(manifest);
        }
    }
    last
}
