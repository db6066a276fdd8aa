//! Objects → topology: pods, services, subsets, routes and gateways with every name resolved, as istiod and the
//! kubelet would read them. What embedded mode cannot honour is a violation; nothing is skipped.

mod container;
pub(crate) mod duration;
mod pod;
mod service;
pub(crate) mod view;

pub(crate) use pod::{Pod, Readiness};
pub(crate) use service::{Port, Service, Subset};

use manifests::host;
use manifests::object::{Manifest, Object};
use manifests::violation::{Violation, sorted};
use std::collections::{BTreeMap, BTreeSet};
use view::gateway::{GatewaySpec, Server, ServerProtocol};
use view::policy::{PeerAuthenticationSpec, TelemetrySpec, Tracing};
use view::virtual_service::{HttpRoute, VirtualServiceSpec};

/// The gateway that Istio's demo profile installs, and the labels by which Gateways select it.
pub(crate) const INGRESS_NAME: &str = "istio-ingressgateway";
pub(crate) const INGRESS_NAMESPACE: &str = "istio-system";
const INGRESS_LABELS: [(&str, &str); 2] = [("app", INGRESS_NAME), ("istio", "ingressgateway")];

/// Whether the gateway's pods have this label.
pub(crate) fn ingress_has((key, value): (&String, &String)) -> bool {
    INGRESS_LABELS.contains(&(key.as_str(), value.as_str()))
}

/// [`MESH`], or `namespace/name` of a gateway that an object in `namespace` names.
pub(crate) fn gateway_name(name: &str, namespace: &str) -> String {
    match name.strip_prefix("./") {
        None if name == MESH || name.contains('/') => name.to_owned(),
        here => format!("{namespace}/{}", here.unwrap_or(name)),
    }
}

/// The label of a namespace that asks for sidecars.
const INJECTION: &str = "istio-injection";

/// The name that stands for all sidecars in `spec.gateways`.
pub(crate) const MESH: &str = "mesh";

#[derive(Debug)]
pub(crate) struct Topology {
    pub(crate) pods: Vec<Pod>,
    pub(crate) services: Vec<Service>,
    pub(crate) virtual_services: Vec<VirtualService>,
    pub(crate) gateways: Vec<Gateway>,
    /// Absent: no Telemetry asks for spans, so none are sent.
    pub(crate) tracing: Option<Tracing>,
}

#[derive(Debug)]
pub(crate) struct VirtualService {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// Fully qualified.
    pub(crate) hosts: Vec<String>,
    /// [`MESH`] or `namespace/name`.
    pub(crate) gateways: Vec<String>,
    pub(crate) http: Vec<HttpRoute>,
}

#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) servers: Vec<Server>,
}

impl Topology {
    /// Resolves everything that is applied together.
    ///
    /// # Errors
    /// All violations: broken references first, then fields and values that embedded mode does not honour.
    pub(crate) fn of(manifests: &[Manifest]) -> Result<Self, Vec<Violation>> {
        let violations = manifests::check::check(manifests);
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
            Object::VirtualService(_) => virtual_service(manifest, &self.hosts)
                .map(|route| self.virtual_services.push(route)),
            Object::Gateway(_) => {
                gateway(manifest, &self.gateways).map(|gateway| self.gateways.push(gateway))
            }
            Object::PeerAuthentication(_) => {
                view::of::<PeerAuthenticationSpec>(manifest).map(|_| ())
            }
            Object::Telemetry(_) => self.telemetry(manifest),
        };
        if let Err(violations) = added {
            self.violations.extend(violations);
        }
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
        })
    }
}

fn virtual_service(
    manifest: &Manifest,
    services: &BTreeSet<String>,
) -> Result<VirtualService, Vec<Violation>> {
    let route = view::of::<VirtualServiceSpec>(manifest)?;
    let namespace = route.metadata.namespace;
    let gateways = route.spec.gateways.iter().map(|name| gateway_name(name, &namespace));
    let mut gateways: Vec<String> = gateways.collect();
    if gateways.is_empty() {
        gateways.push(MESH.to_owned());
    }
    let hosts = route.spec.hosts.iter().map(|host| host::resolve(host, &namespace));
    let hosts: Vec<String> = hosts.collect();
    let mut violations = Vec::new();
    if hosts.is_empty() {
        let message = "embedded mode has no delegates: without hosts, nothing is routed".to_owned();
        let hint = "write the rules into the VirtualService that has the hosts".to_owned();
        violations.push(Violation::of_field(manifest, "spec.hosts", message, hint));
    }
    for (index, host) in hosts.iter().enumerate() {
        if gateways.iter().any(|gateway| gateway == MESH) && !services.contains(host) {
            let message = format!("in the mesh, embedded mode routes only Services, not `{host}`");
            let hint = "name a Service in full, or bind the VirtualService to a Gateway alone";
            let field = format!("spec.hosts[{index}]");
            violations.push(Violation::of_field(manifest, field, message, hint.to_owned()));
        }
    }
    for (index, http) in route.spec.http.iter().enumerate() {
        violations.extend(rule(manifest, index, http));
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    Ok(VirtualService {
        hosts,
        name: route.metadata.name,
        namespace,
        gateways,
        http: route.spec.http,
    })
}

/// What is wrong with one rule of a VirtualService.
fn rule(manifest: &Manifest, index: usize, http: &HttpRoute) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut refuse = |field: &str, message: String, hint: &str| {
        let field = format!("spec.http[{index}].{field}");
        violations.push(Violation::of_field(manifest, field, message, hint.to_owned()));
    };
    if http.route.is_empty() {
        let hint = "give it a `route` with a destination";
        refuse("route", "this rule leads nowhere".into(), hint);
    }
    for (position, r#match) in http.r#match.iter().enumerate() {
        for (field, headers) in
            [("headers", &r#match.headers), ("withoutHeaders", &r#match.without_headers)]
        {
            for name in headers.keys().filter(|name| name.starts_with('@')) {
                let message = format!("embedded mode knows no tokens, so nothing of `{name}`");
                let hint = "match a header of the request";
                refuse(&format!("match[{position}].{field}.{name}"), message, hint);
            }
        }
    }
    let retries = http.retries.iter().flat_map(|retries| {
        [("retries.perTryTimeout", &retries.per_try_timeout), ("retries.backoff", &retries.backoff)]
    });
    for (field, text) in std::iter::once(("timeout", &http.timeout)).chain(retries) {
        if let Some(text) = text
            && duration::parse(text).is_none()
        {
            let hint = "write a number and a unit, such as `1.5s` or `300ms`";
            refuse(field, format!("`{text}` is not a duration"), hint);
        }
    }
    violations
}

fn gateway(manifest: &Manifest, earlier: &[Gateway]) -> Result<Gateway, Vec<Violation>> {
    let gateway = view::of::<GatewaySpec>(manifest)?;
    let mut violations = Vec::new();
    let mut refuse = |field: String, message: String, hint: &str| {
        violations.push(Violation::of_field(manifest, field, message, hint.to_owned()));
    };
    if !gateway.spec.selector.iter().all(ingress_has) {
        let message = format!("no gateway has the labels {:?}", gateway.spec.selector);
        refuse(
            "spec.selector".into(),
            message,
            "the demo profile's gateway has `istio: ingressgateway`",
        );
    }
    let is_https = |server: &&Server| server.port.protocol == ServerProtocol::Https;
    let earlier = earlier.iter().flat_map(|gateway| &gateway.servers).filter(is_https);
    let mut taken: BTreeSet<&String> = earlier.flat_map(|server| &server.hosts).collect();
    let mut names = BTreeSet::new();
    for (index, server) in gateway.spec.servers.iter().enumerate() {
        let field = |name: &str| format!("spec.servers[{index}].{name}");
        let expected = match server.port.protocol {
            ServerProtocol::Http => 80,
            ServerProtocol::Https => 443,
        };
        if server.port.number != expected {
            let message = format!(
                "the gateway's Service has no {:?} port {} (IST0162)",
                server.port.protocol, server.port.number
            );
            refuse(field("port.number"), message, &format!("use port {expected}"));
        }
        let credential =
            server.tls.as_ref().and_then(|tls| tls.mode.and(tls.credential_name.as_ref()));
        if server.port.protocol == ServerProtocol::Https && credential.is_none() {
            let message = "an HTTPS server needs a certificate".to_owned();
            refuse(field("tls"), message, "set `mode: SIMPLE` and `credentialName`");
        }
        if !names.insert(&server.port.name) {
            let message =
                format!("another server of this Gateway is called `{}`", server.port.name);
            refuse(field("port.name"), message, "give each server a name of its own");
        }
        for (position, host) in server.hosts.iter().enumerate() {
            if is_https(&server) && !taken.insert(host) {
                let message = format!("`{host}` has a certificate from another server (IST0145)");
                let hint = "serve each host over HTTPS in one place";
                refuse(field(&format!("hosts[{position}]")), message, hint);
            }
            if host.contains('/') {
                let message = format!("embedded mode cannot honour the namespace in `{host}`");
                refuse(field(&format!("hosts[{position}]")), message, "write the host alone");
            }
        }
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    let view::Metadata { name, namespace, .. } = gateway.metadata;
    Ok(Gateway { name, namespace, servers: gateway.spec.servers })
}
