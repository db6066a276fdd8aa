//! Who calls what, read from the objects: pods, by the URLs in their environment, and gateways, by their routes.

use super::gateway::workloads;
use super::namespace::has_sidecar;
use super::world::{MESH, Placed, World, qualified, shown};
use crate::host::{self, CLUSTER_DOMAIN};
use crate::object::Manifest;
use k8s_openapi::api::apps::v1::Deployment;
use kcr_networking_istio_io::v1::virtualservices::VirtualService;
use std::collections::HashMap;

/// One caller of one Service, and the field that says so.
pub(crate) struct Call<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) field: String,
    /// What the callee reads in the caller's certificate.
    pub(super) principal: String,
    /// Whether the caller has a sidecar to show it.
    pub(super) has_certificate: bool,
    /// Fully qualified.
    pub(super) host: String,
}

/// A URL in the environment of a pod.
pub(crate) struct Url {
    pub(crate) field: String,
    pub(crate) text: String,
    pub(crate) host: String,
    /// The one that is written, or the scheme's.
    pub(crate) port: Option<i64>,
    pub(crate) is_plain: bool,
}

/// The identity of pods. `cluster.local` is Istio's default trust domain.
pub(super) fn principal(namespace: &str, account: &str) -> String {
    format!("cluster.local/ns/{namespace}/sa/{account}")
}

/// All calls to Services that are there.
pub(super) fn calls<'a>(world: &World<'a>) -> Vec<Call<'a>> {
    let mut calls = Vec::new();
    let mesh = mesh_routes(world);
    for deployment in &world.deployments {
        for url in urls(deployment) {
            let host = in_cluster(&url.host, deployment.namespace);
            for host in behind_routes(world, &mesh, &host) {
                calls.push(Call {
                    manifest: deployment.manifest,
                    field: url.field.clone(),
                    principal: principal(deployment.namespace, deployment.account()),
                    has_certificate: has_sidecar(world, deployment),
                    host,
                });
            }
        }
    }
    for (route, destinations) in world.routes.iter().zip(world.destinations()) {
        for name in route.gateways() {
            let Some(gateway) = world.gateways.get(&name) else { continue };
            for (destination, host) in destinations {
                let is_here = destination.rule().is_none_or(|rule| applies_at(route, rule, &name));
                if !is_here || !world.services.contains_key(host) {
                    continue;
                }
                for workload in workloads(world, gateway) {
                    calls.push(Call {
                        manifest: route.manifest,
                        field: destination.field("host"),
                        principal: principal(workload.namespace, workload.account),
                        has_certificate: true,
                        host: host.clone(),
                    });
                }
            }
        }
    }
    calls
}

/// The Services that requests for a host of the mesh are sent to: its own, unless a VirtualService says otherwise.
fn behind_routes(world: &World<'_>, routes: &MeshRoutes, host: &str) -> Vec<String> {
    let here = routes.get(host).into_iter().flatten().flat_map(|index| {
        let route = &world.routes[*index];
        world.destinations()[*index].iter().filter(move |(destination, _)| {
            destination.rule().is_none_or(|rule| applies_at(route, rule, MESH))
        })
    });
    let mut hosts: Vec<String> = here.map(|(_, host)| host.clone()).collect();
    if hosts.is_empty() {
        hosts.push(host.to_owned());
    }
    hosts.retain(|host| world.services.contains_key(host));
    hosts.sort();
    hosts.dedup();
    hosts
}

/// By fully qualified host, the places of the routes in [`World::routes`].
type MeshRoutes = HashMap<String, Vec<usize>>;

fn mesh_routes(world: &World<'_>) -> MeshRoutes {
    let mut routes = MeshRoutes::new();
    for (index, route) in world.routes.iter().enumerate() {
        if route.gateways().iter().any(|name| name == MESH) {
            for name in route.object.spec.hosts.iter().flatten() {
                routes.entry(host::resolve(name, route.namespace)).or_default().push(index);
            }
        }
    }
    routes
}

/// Whether an HTTP rule can take requests at this gateway: some match of it names the gateway, or none at all.
fn applies_at(route: &Placed<'_, VirtualService>, rule: usize, gateway: &str) -> bool {
    let http = route.object.spec.http.as_ref().and_then(|rules| rules.get(rule));
    let matches = http.and_then(|http| http.r#match.as_deref()).unwrap_or_default();
    let is_at = |names: &[String]| {
        names.is_empty() || names.iter().any(|name| qualified(name, route.namespace) == gateway)
    };
    matches.is_empty()
        || matches.iter().any(|found| is_at(found.gateways.as_deref().unwrap_or_default()))
}

/// The URLs in the environment of a Deployment's containers.
pub(crate) fn urls(deployment: &Placed<'_, Deployment>) -> Vec<Url> {
    let containers = deployment.pod().map_or(&[][..], |pod| &pod.containers);
    let mut urls = Vec::new();
    for (container, found) in containers.iter().enumerate() {
        for (index, variable) in found.env.iter().flatten().enumerate() {
            let Some(text) = &variable.value else { continue };
            let Some((scheme, rest)) = text.split_once("://") else { continue };
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let authority = authority.rsplit('@').next().unwrap_or_default();
            // An address, or what Kubernetes puts together when the pod starts.
            if authority.starts_with('[') || authority.contains('$') {
                continue;
            }
            let (host, port) = match authority.split_once(':') {
                Some((host, port)) => (host, port.parse().ok()),
                None => (authority, if scheme == "https" { Some(443) } else { Some(80) }),
            };
            if ["http", "https"].contains(&scheme) {
                urls.push(Url {
                    field: format!("spec.template.spec.containers[{container}].env[{index}].value"),
                    text: text.clone(),
                    host: host.to_owned(),
                    port,
                    is_plain: scheme == "http",
                });
            }
        }
    }
    urls
}

/// What is wrong with a URL that can only be meant for a Service: a message and a hint.
pub(super) fn mistake(
    world: &World<'_>,
    deployment: &Placed<'_, Deployment>,
    url: &Url,
) -> Option<(String, String)> {
    let full = in_cluster(&url.host, deployment.namespace);
    let text = &url.text;
    let Some(service) = world.services.get(&full) else {
        let is_meant = is_of_cluster(world, &url.host) && !world.is_service(&full);
        let names = super::list(world.services.keys());
        let hint = format!("use the name of one of: {names}");
        return is_meant
            .then(|| (format!("`{text}` leads to no Service: there is no `{full}`"), hint));
    };
    let ports = super::service::ports(service.object);
    let numbers = super::list(ports.iter().map(i64::to_string));
    if url.port.is_some_and(|port| !ports.contains(&port)) {
        let message = format!("`{text}` leads to a port that `{full}` does not have");
        return Some((message, format!("use one of its ports: {numbers}")));
    }
    let mut numbered = super::service::numbered(service.object);
    let port = numbered.find(|(_, port)| Some(i64::from(port.port)) == url.port);
    let speaks = port.and_then(|(_, port)| super::service::protocol(port));
    let fits =
        speaks.as_deref().is_none_or(|protocol| url.is_plain == super::service::is_http(protocol));
    (!fits).then(|| {
        let selector = service.object.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        let pods = selector.map(shown).unwrap_or_default();
        let message = format!("`{text}` does not speak the protocol of the port");
        (message, format!("the pods with `{pods}` speak {}", speaks.unwrap_or_default()))
    })
}

/// The fully qualified host of a Service, as DNS completes it for a pod of `namespace`.
pub(crate) fn in_cluster(host: &str, namespace: &str) -> String {
    let host = host.trim_end_matches('.');
    match host.split('.').collect::<Vec<_>>().as_slice() {
        [name] => host::service(name, namespace),
        [name, namespace] | [name, namespace, "svc"] => host::service(name, namespace),
        _ => host.to_owned(),
    }
}

/// Whether a host can only be meant for this cluster.
fn is_of_cluster(world: &World<'_>, host: &str) -> bool {
    match host.split('.').collect::<Vec<_>>().as_slice() {
        ["localhost"] => false,
        [name, namespace] => {
            let is_name_here = world.services.values().any(|service| service.name == *name);
            world.namespaces.contains_key(namespace) || is_name_here
        }
        [_] | [.., "svc"] => true,
        _ => host.ends_with(CLUSTER_DOMAIN),
    }
}
