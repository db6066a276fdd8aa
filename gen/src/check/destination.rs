//! The laws that every destination exists: its host, its port, its subset, and the pods behind that.
//!
//! Source: Istio's analysis messages, and what its proxies answer instead: 503 with the flag NC for an unknown cluster,
//! UH for one without endpoints.

use super::world::{MESH, Placed, World};
use super::{Findings, Kind, Law, list};
use crate::host::{self, CLUSTER_DOMAIN};
use kcr_networking_istio_io::v1::virtualservices::VirtualService;

pub(super) const HOST: Law = Law {
    name: "destination-host",
    istio: Some("IST0101"),
    rule: "every host that a route leads to is a Service",
    kind: Kind::Meaning,
    check: host,
};

pub(super) const SHORT_HOST: Law = Law {
    name: "short-host",
    istio: None,
    rule: "a host is a bare name or a full one: Istio takes every host with a dot as it is",
    kind: Kind::Meaning,
    check: short_host,
};

pub(super) const PORT: Law = Law {
    name: "destination-port",
    istio: Some("IST0101"),
    rule: "every port that a route leads to is one of its Service",
    kind: Kind::Meaning,
    check: port,
};

pub(super) const PORT_REQUIRED: Law = Law {
    name: "destination-port-required",
    istio: Some("IST0112"),
    rule: "a route to a Service of several ports says which one",
    kind: Kind::Traffic,
    check: port_required,
};

pub(super) const SUBSET: Law = Law {
    name: "subset",
    istio: Some("IST0101"),
    rule: "every subset that a route leads to stands in a DestinationRule of its host",
    kind: Kind::Meaning,
    check: subset,
};

pub(super) const ROUTE_HOST: Law = Law {
    name: "route-host",
    istio: Some("IST0101"),
    rule: "every host that is routed in the mesh is a Service, if it can only be meant for this cluster",
    kind: Kind::Traffic,
    check: route_host,
};

pub(super) const HTTP_PORT: Law = Law {
    name: "http-port",
    istio: None,
    rule: "rules for HTTP lead to ports that are named for HTTP",
    kind: Kind::Traffic,
    check: http_port,
};

/// Where a route leads.
pub(super) struct Destination<'a> {
    place: Place,
    pub(super) host: &'a str,
    pub(super) port: Option<i64>,
    pub(super) subset: Option<&'a str>,
}

/// The field of a destination, which is written out only when there is something to say about it.
#[derive(Clone, Copy)]
enum Place {
    Route { protocol: &'static str, rule: usize, index: usize },
    Mirror { rule: usize },
    Mirrors { rule: usize, index: usize },
}

impl Destination<'_> {
    /// The number of the HTTP rule that it stands in.
    pub(super) fn rule(&self) -> Option<usize> {
        match self.place {
            Place::Route { protocol: "http", rule, .. }
            | Place::Mirror { rule }
            | Place::Mirrors { rule, .. } => Some(rule),
            Place::Route { .. } => None,
        }
    }

    fn is_http(&self) -> bool {
        !matches!(self.place, Place::Route { protocol: "tls" | "tcp", .. })
    }

    pub(super) fn field(&self, name: &str) -> String {
        match self.place {
            Place::Route { protocol, rule, index } => {
                format!("spec.{protocol}[{rule}].route[{index}].destination.{name}")
            }
            Place::Mirror { rule } => format!("spec.http[{rule}].mirror.{name}"),
            Place::Mirrors { rule, index } => {
                format!("spec.http[{rule}].mirrors[{index}].destination.{name}")
            }
        }
    }
}

/// All destinations of a VirtualService: of routes for HTTP, TLS and TCP, and of mirrors.
pub(super) fn destinations(route: &VirtualService) -> Vec<Destination<'_>> {
    let mut found = Vec::new();
    macro_rules! found {
        ($place:expr, $destination:expr) => {
            found.push(Destination {
                place: $place,
                host: &$destination.host,
                port: $destination.port.as_ref().and_then(|port| port.number),
                subset: $destination.subset.as_deref(),
            })
        };
    }
    macro_rules! routes {
        ($protocol:literal, $rules:expr) => {
            for (rule, found) in $rules.iter().flatten().enumerate() {
                for (index, route) in found.route.iter().flatten().enumerate() {
                    found!(Place::Route { protocol: $protocol, rule, index }, route.destination);
                }
            }
        };
    }
    routes!("http", route.spec.http);
    routes!("tls", route.spec.tls);
    routes!("tcp", route.spec.tcp);
    for (rule, http) in route.spec.http.iter().flatten().enumerate() {
        if let Some(mirror) = &http.mirror {
            found!(Place::Mirror { rule }, mirror);
        }
        for (index, mirror) in http.mirrors.iter().flatten().enumerate() {
            found!(Place::Mirrors { rule, index }, mirror.destination);
        }
    }
    found
}

/// Calls `law` for each destination, with the route that it stands in and its host, fully qualified.
fn each(
    world: &World<'_>,
    mut law: impl FnMut(&Placed<'_, VirtualService>, &Destination<'_>, &str),
) {
    for (route, destinations) in world.routes.iter().zip(world.destinations()) {
        for (destination, host) in destinations {
            law(route, destination, host);
        }
    }
}

fn host(world: &World<'_>, findings: &mut Findings<'_>) {
    each(world, |route, destination, host| {
        if !world.is_service(host) && meant(world, host).is_none() {
            let message = format!("there is no Service for host `{host}`");
            let hint = format!("use one of: {}", list(world.services.keys()));
            findings.add(route.manifest, destination.field("host"), message, hint);
        }
    });
}

fn short_host(world: &World<'_>, findings: &mut Findings<'_>) {
    each(world, |route, destination, host| {
        if let Some(full) = meant(world, host) {
            let (message, hint) = not_expanded(host, &full);
            findings.add(route.manifest, destination.field("host"), message, hint);
        }
    });
    for (host, rules) in &world.rules {
        for (rule, full) in rules.iter().filter_map(|rule| Some((rule, meant(world, host)?))) {
            let (message, hint) = not_expanded(host, &full);
            findings.add(rule.manifest, "spec.host", message, hint);
        }
    }
}

fn not_expanded(host: &str, full: &str) -> (String, String) {
    let message =
        format!("there is no Service for host `{host}`: with a dot in it, it is not expanded");
    (message, format!("write `{full}`"))
}

/// The Service that a host stands for, if it is written in a form that DNS completes and Istio does not.
pub(super) fn meant(world: &World<'_>, host: &str) -> Option<String> {
    let (_, rest) = CLUSTER_DOMAIN.split_once('.')?;
    let completed = [format!("{host}.{CLUSTER_DOMAIN}"), format!("{host}.{rest}")];
    completed.into_iter().find(|full| host.contains('.') && world.services.contains_key(full))
}

fn port(world: &World<'_>, findings: &mut Findings<'_>) {
    each(world, |route, destination, host| {
        let (Some(number), Some(service)) = (destination.port, world.services.get(host)) else {
            return;
        };
        let ports = super::service::ports(service.object);
        if !ports.contains(&number) {
            let message = format!("`{host}` has no port `{number}`");
            let hint = format!("use one of: {}", list(ports.iter().map(i64::to_string)));
            let field = destination.field("port.number");
            findings.add(route.manifest, field, message, hint);
        }
    });
}

fn port_required(world: &World<'_>, findings: &mut Findings<'_>) {
    each(world, |route, destination, host| {
        let Some(service) = world.services.get(host) else { return };
        let ports = super::service::ports(service.object);
        if destination.port.is_none() && ports.len() > 1 {
            let message = format!("`{host}` has several ports");
            let hint =
                format!("add `port.number`, one of: {}", list(ports.iter().map(i64::to_string)));
            findings.add(route.manifest, destination.field("port"), message, hint);
        }
    });
}

fn route_host(world: &World<'_>, findings: &mut Findings<'_>) {
    for route in
        world.routes.iter().filter(|route| route.gateways().iter().any(|name| name == MESH))
    {
        for (index, name) in route.object.spec.hosts.iter().flatten().enumerate() {
            let host = host::resolve(name, route.namespace);
            let is_of_cluster = !host.starts_with('*') && host.ends_with(CLUSTER_DOMAIN);
            if (is_of_cluster || meant(world, &host).is_some()) && !world.is_service(&host) {
                let message =
                    format!("there is no Service for host `{host}`, so nothing is routed");
                let hint = format!("use one of: {}", list(world.services.keys()));
                findings.add(route.manifest, format!("spec.hosts[{index}]"), message, hint);
            }
        }
    }
}

fn http_port(world: &World<'_>, findings: &mut Findings<'_>) {
    each(world, |route, destination, host| {
        let Some(service) = world.services.get(host).filter(|_| destination.is_http()) else {
            return;
        };
        let mut ports = super::service::numbered(service.object);
        let port = ports
            .find(|(_, port)| destination.port.is_none_or(|number| number == i64::from(port.port)));
        let other = port.and_then(|(_, port)| super::service::protocol(port));
        if let Some(protocol) = other.filter(|protocol| !super::service::is_http(protocol)) {
            let message = format!("the port of `{host}` is named for `{protocol}`");
            let hint = "name the Service's port `http`, or route by `tcp`";
            findings.add(route.manifest, destination.field("port"), message, hint);
        }
    });
}

fn subset(world: &World<'_>, findings: &mut Findings<'_>) {
    each(world, |route, destination, host| {
        let (Some(subset), true) = (destination.subset, world.services.contains_key(host)) else {
            return;
        };
        let known = world.subsets(host);
        if !known.contains(&subset) {
            let message = format!("no DestinationRule of `{host}` has a subset `{subset}`");
            let hint = format!(
                "name a subset that exists ({}), or add it to the DestinationRule",
                list(known)
            );
            findings.add(route.manifest, destination.field("subset"), message, hint);
        }
    });
}
