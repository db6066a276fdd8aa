//! A pod → its sidecar: the outbound listener, which is its application's HTTP proxy, and the inbound listener.
//!
//! Source: `buildHTTPProxy` in istio's `pilot/pkg/networking/core/listener.go`, `buildSidecarOutboundHTTPRouteConfig` in
//! `httproute.go`, and the inbound chains of `listener_inbound.go`.

use super::listener::{Direction, RouteSource, chain, listener, route_statistics};
use super::{Addresses, Origin, Proxy, Routes, Snapshot, cluster, inbound_statistics, route};
use crate::topology::{MESH, Pod, Service, Topology, VirtualService};
use manifests::host::CLUSTER_DOMAIN;
use serde_json::{Value, json};

/// istiod's name for the route configuration of an application's HTTP proxy.
const ROUTES: &str = "http_proxy";

pub(super) fn add(snapshot: &mut Snapshot, topology: &Topology, addresses: &Addresses, pod: &Pod) {
    let Some(ports) = addresses.pods.get(&pod.name) else { return };
    let proxy = Proxy::sidecar(pod);
    let statistics = format!("outbound_{}", pod.name);
    let name = format!("{}>outbound", pod.name);
    let source = RouteSource::File { stem: pod.name.clone(), name: ROUTES.into() };
    let outbound = chain(
        topology,
        addresses,
        proxy,
        &statistics,
        source,
        json!({
            "http_protocol_options": {"allow_absolute_url": true}
        }),
    );
    snapshot
        .listeners
        .insert(name.clone(), listener(&name, ports.outbound, Direction::Outbound, &[outbound]));
    snapshot.routes.insert(
        pod.name.clone(),
        Routes {
            statistics: route_statistics(&statistics, ROUTES),
            configuration: outbound_routes(topology, proxy),
        },
    );

    let name = format!("{}>inbound", pod.name);
    let source = RouteSource::Inline(inbound_routes(topology, pod));
    let inbound = chain(
        topology,
        addresses,
        proxy,
        &inbound_statistics(&pod.name),
        source,
        json!({
            "server_name": "istio-envoy",
            "forward_client_cert_details": "APPEND_FORWARD",
            "set_current_client_cert_details": {"subject": true, "dns": true, "uri": true}
        }),
    );
    snapshot
        .listeners
        .insert(name.clone(), listener(&name, ports.inbound, Direction::Inbound, &[inbound]));
    cluster::add_inbound(snapshot, pod, ports.app);
}

/// The virtual hosts of every service, as a sidecar in the namespace of `proxy` knows them.
fn outbound_routes(topology: &Topology, proxy: Proxy<'_>) -> Value {
    let mut hosts: Vec<Value> = Vec::new();
    for service in &topology.services {
        for port in &service.ports {
            let origin = Origin::mesh(proxy, port.number);
            let owners = topology.virtual_services.iter().filter(|route| owns(route, service));
            let routes = owners
                .map(|owner| route::routes(topology, owner, origin))
                .find(|routes| !routes.is_empty())
                .unwrap_or_else(|| vec![route::default_route(service, port.number, proxy)]);
            hosts.push(json!({
                "name": format!("{}:{}", service.host, port.number),
                "domains": domains(service, port.number, proxy.namespace),
                "include_request_attempt_count": true,
                "routes": routes.into_iter().map(|route| route.configuration).collect::<Vec<_>>()
            }));
        }
    }
    // istiod's answer to unknown hosts in the mode REGISTRY_ONLY. Its default, ALLOW_ANY, passes them to the address that
    // the application dialled, which an HTTP proxy does not know.
    hosts.push(json!({
        "name": "block_all",
        "domains": ["*"],
        "routes": [{"name": "block_all", "match": {"prefix": "/"}, "direct_response": {"status": 502}}]
    }));
    route::configuration(ROUTES, &hosts)
}

/// Of several VirtualServices for one mesh host the oldest that has a route for the sidecar applies, alone.
fn owns(route: &VirtualService, service: &Service) -> bool {
    route.gateways.iter().any(|gateway| gateway == MESH) && route.hosts.contains(&service.host)
}

/// The names by which a proxy in `namespace` may call a service: `generateVirtualHostDomains` in istio's `httproute.go`.
///
/// Unlike a sidecar's listener on port 80, a proxy sees ports only in the host, so each name is there with its port too.
fn domains(service: &Service, port: u16, namespace: &str) -> Vec<String> {
    let Service { name, namespace: home, host, .. } = service;
    let mut names = vec![
        host.clone(),
        format!("{host}."),
        format!("{name}.{home}"),
        format!("{name}.{home}.svc"),
    ];
    debug_assert!(host.ends_with(CLUSTER_DOMAIN), "services are of the cluster's domain");
    if home == namespace {
        names.push(name.clone());
    }
    let with_port: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
    if port == 80 { names.into_iter().chain(with_port).collect() } else { with_port }
}

fn inbound_routes(topology: &Topology, pod: &Pod) -> Value {
    let service = topology.services.iter().find_map(|service| {
        service
            .ports
            .iter()
            .find(|port| service.selects(pod, port))
            .map(|port| (service.host.as_str(), port.number))
    });
    let (host, port) = service.unwrap_or((pod.name.as_str(), pod.port));
    json!({
        "name": format!("inbound|{}||", pod.port),
        "validate_clusters": false,
        "virtual_hosts": [{
            "name": format!("inbound|http|{port}"),
            "domains": ["*"],
            "routes": [{
                "name": "default",
                "match": {"prefix": "/"},
                "decorator": {"operation": format!("{host}:{port}/*")},
                "route": {
                    "cluster": cluster::inbound_name(pod),
                    "timeout": "0s",
                    "max_stream_duration": {"max_stream_duration": "0s", "grpc_timeout_header_max": "0s"},
                    "retry_policy": {"retry_on": "reset-before-request", "num_retries": 2}
                }
            }]
        }]
    })
}
