//! The laws of gateways: those that routes name exist, run somewhere, serve the hosts, and have their certificates.
//!
//! Source: Istio's analysis messages; `pilot/pkg/model/gateway.go` for how servers of several Gateways share a port.

use super::installed::GatewayWorkload;
use super::world::{Labels, MESH, NO_LABELS, Placed, World, qualified, shown};
use super::{Findings, Kind, Law, list};
use crate::host;
use kcr_networking_istio_io::v1::gateways::{Gateway, GatewayServers};
use std::collections::HashMap;

pub(super) const GATEWAY: Law = Law {
    name: "gateway",
    istio: Some("IST0101"),
    rule: "every gateway that a route is bound to exists",
    kind: Kind::Meaning,
    check: gateway,
};

pub(super) const MATCH_GATEWAY: Law = Law {
    name: "match-gateway",
    istio: None,
    rule: "every gateway that a match names is one that its route is bound to",
    kind: Kind::Traffic,
    check: match_gateway,
};

pub(super) const GATEWAY_HOST: Law = Law {
    name: "gateway-host",
    istio: Some("IST0132"),
    rule: "every host of a route at a gateway is one that the gateway serves",
    kind: Kind::Traffic,
    check: gateway_host,
};

pub(super) const GATEWAY_SELECTOR: Law = Law {
    name: "gateway-selector",
    istio: Some("IST0101"),
    rule: "every Gateway selects the pods of a gateway",
    kind: Kind::Traffic,
    check: gateway_selector,
};

pub(super) const GATEWAY_PORT: Law = Law {
    name: "gateway-port",
    istio: Some("IST0162"),
    rule: "every port of a Gateway is one of the gateway's Service",
    kind: Kind::Traffic,
    check: gateway_port,
};

pub(super) const GATEWAY_CONFLICT: Law = Law {
    name: "gateway-conflict",
    istio: Some("IST0145"),
    rule: "every host has one server at a port",
    kind: Kind::Traffic,
    check: gateway_conflict,
};

fn gateway(world: &World<'_>, findings: &mut Findings<'_>) {
    for route in &world.routes {
        for (index, name) in route.object.spec.gateways.iter().flatten().enumerate() {
            let gateway = qualified(name, route.namespace);
            if gateway != MESH && !world.gateways.contains_key(&gateway) {
                let message = format!("there is no Gateway `{gateway}`");
                let hint = format!("use `{MESH}` or one of: {}", list(world.gateways.keys()));
                findings.add(route.manifest, format!("spec.gateways[{index}]"), message, hint);
            }
        }
    }
}

fn match_gateway(world: &World<'_>, findings: &mut Findings<'_>) {
    for route in &world.routes {
        let bound = route.gateways();
        for (rule, http) in route.object.spec.http.iter().flatten().enumerate() {
            for (position, r#match) in http.r#match.iter().flatten().enumerate() {
                for (index, name) in r#match.gateways.iter().flatten().enumerate() {
                    if !bound.contains(&qualified(name, route.namespace)) {
                        let message = format!("the route is not bound to `{name}`");
                        let hint = format!("use one of: {}", list(&bound));
                        let field =
                            format!("spec.http[{rule}].match[{position}].gateways[{index}]");
                        findings.add(route.manifest, field, message, hint);
                    }
                }
            }
        }
    }
}

fn gateway_host(world: &World<'_>, findings: &mut Findings<'_>) {
    for route in &world.routes {
        for name in route.gateways() {
            let Some(gateway) = world.gateways.get(&name) else { continue };
            let hosts = servers(gateway).flat_map(|(_, server)| server.hosts.iter());
            let served: Vec<&str> =
                hosts.filter_map(|host| for_namespace(host, gateway, route.namespace)).collect();
            let in_mesh = route.gateways().iter().any(|name| name == MESH);
            for (index, host) in route.object.spec.hosts.iter().flatten().enumerate() {
                // Bound to the mesh as well, a route may have hosts for that alone.
                if in_mesh && world.is_service(&host::resolve(host, route.namespace)) {
                    continue;
                }
                if !served.iter().any(|served| overlap(served, host)) {
                    let message = format!("Gateway {name} does not serve `{host}`");
                    let hint = format!("use one of: {}", list(&served));
                    findings.add(route.manifest, format!("spec.hosts[{index}]"), message, hint);
                }
            }
        }
    }
}

fn gateway_selector(world: &World<'_>, findings: &mut Findings<'_>) {
    for gateway in world.gateways.values() {
        let selector = gateway.object.spec.selector.clone().unwrap_or_default();
        let own_pods = world.selected(gateway.namespace, &selector);
        if workloads(world, gateway).next().is_none()
            && (selector.is_empty() || own_pods.is_empty())
        {
            let message = format!("no gateway has the labels `{}`", shown(&selector));
            let hint = "the ingress gateway of Istio's profiles has `istio: ingressgateway`";
            findings.add(gateway.manifest, "spec.selector", message, hint);
        }
    }
}

fn gateway_port(world: &World<'_>, findings: &mut Findings<'_>) {
    for gateway in world.gateways.values() {
        for workload in workloads(world, gateway) {
            for (index, server) in servers(gateway) {
                if !workload.ports.contains(&server.port.number) {
                    let message =
                        format!("the gateway's Service has no port `{}`", server.port.number);
                    let hint =
                        format!("use one of: {}", list(workload.ports.iter().map(i64::to_string)));
                    let field = format!("spec.servers[{index}].port.number");
                    findings.add(gateway.manifest, field, message, hint);
                }
            }
        }
    }
}

fn gateway_conflict(world: &World<'_>, findings: &mut Findings<'_>) {
    let mut taken: HashMap<(String, i64, &str), &str> = HashMap::new();
    for gateway in world.gateways.values() {
        // Two selectors may mean the same pods.
        let pods: Vec<&str> = workloads(world, gateway).map(|found| found.account).collect();
        let selector = match pods.as_slice() {
            [] => shown(gateway.object.spec.selector.as_ref().unwrap_or(NO_LABELS)),
            pods => pods.join(","),
        };
        for (index, server) in servers(gateway) {
            for (position, host) in server.hosts.iter().enumerate() {
                let place = (selector.clone(), server.port.number, bare(host));
                if let Some(first) = taken.get(&place) {
                    let message = format!(
                        "`{host}` has a server at port {} in Gateway {first} already",
                        server.port.number
                    );
                    let field = format!("spec.servers[{index}].hosts[{position}]");
                    findings.add(
                        gateway.manifest,
                        field,
                        message,
                        "serve each host at a port in one place",
                    );
                } else {
                    taken.insert(place, gateway.name);
                }
            }
        }
    }
}

pub(super) fn servers<'a>(
    gateway: &Placed<'a, Gateway>,
) -> impl Iterator<Item = (usize, &'a GatewayServers)> + use<'a> {
    gateway.object.spec.servers.iter().flatten().enumerate()
}

/// The installed gateways that a Gateway selects, wherever they run.
pub(super) fn workloads<'a>(
    world: &World<'a>,
    gateway: &Placed<'a, Gateway>,
) -> impl Iterator<Item = &'a GatewayWorkload> + use<'a> {
    let selector: &Labels = match &gateway.object.spec.selector {
        Some(selector) => selector,
        None => const { &Labels::new() },
    };
    world.installed.gateways.iter().filter(move |workload| {
        selector
            .iter()
            .all(|(key, value)| workload.labels.get(key.as_str()) == Some(&value.as_str()))
    })
}

/// The host of a server, if VirtualServices of this namespace may be bound to it.
fn for_namespace<'a>(
    host: &'a str,
    gateway: &Placed<'_, Gateway>,
    namespace: &str,
) -> Option<&'a str> {
    let Some((kept_for, host)) = host.split_once('/') else { return Some(host) };
    let is_kept = match kept_for {
        "*" => true,
        "." => gateway.namespace == namespace,
        other => other == namespace,
    };
    is_kept.then_some(host)
}

/// A host without the namespace that it is kept for: `./host`, `*/host`, `namespace/host`.
pub(super) fn bare(host: &str) -> &str {
    host.split_once('/').map_or(host, |(_, host)| host)
}

/// Whether one of two hosts, each perhaps with a wildcard for its beginning, includes the other.
fn overlap(one: &str, other: &str) -> bool {
    let includes = |wide: &str, narrow: &str| {
        wide == narrow || wide.strip_prefix('*').is_some_and(|end| narrow.ends_with(end))
    };
    includes(one, other) || includes(other, one)
}
