//! Gateways → the ingress listeners, their certificates, and the routes of the VirtualServices that are bound to them.
//!
//! Source: `mergeGateways` in istio's `pilot/pkg/model/gateway.go`, `buildGatewayHTTPRouteConfig` in
//! `pilot/pkg/networking/core/gateway.go`. Names keep the ports that a cluster's gateway would bind (8080, 8443).

use super::listener::{Direction, RouteSource, chain, listener, route_statistics};
use super::route::{Route, configuration};
use super::{Addresses, Origin, Proxy, Routes, Snapshot, route};
use crate::topology::view::gateway::{Server, ServerTls, TlsVersion};
use crate::topology::{Gateway, Topology};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// All plain servers of a port share one listener and one route configuration.
const HTTP_ROUTES: &str = "http.8080";
const HTTP_LISTENER: &str = "0.0.0.0_8080";
const HTTPS_LISTENER: &str = "0.0.0.0_8443";

pub(super) fn add(snapshot: &mut Snapshot, topology: &Topology, addresses: &Addresses) {
    add_http(snapshot, topology, addresses);
    add_https(snapshot, topology, addresses);
}

fn add_http(snapshot: &mut Snapshot, topology: &Topology, addresses: &Addresses) {
    let redirects = |server: &Server| server.tls.as_ref().is_some_and(|tls| tls.https_redirect);
    let (redirecting, plain): (Vec<_>, Vec<_>) =
        topology.servers(80).partition(|(_, server)| redirects(server));
    if redirecting.is_empty() && plain.is_empty() {
        return;
    }
    let redirected: BTreeSet<&String> =
        redirecting.iter().flat_map(|(_, server)| &server.hosts).collect();
    let mut hosts: Vec<Value> =
        redirected.iter().map(|host| redirect(host, addresses.https)).collect();
    // Envoy takes each domain once; a host that any server redirects is redirected.
    let served = virtual_hosts(topology, &plain, 80);
    hosts.extend(served.into_iter().filter(|(host, _)| !redirected.contains(host)).map(second));
    if hosts.is_empty() {
        hosts.push(blackhole(80));
    }
    let source = RouteSource::File { stem: HTTP_ROUTES.into(), name: HTTP_ROUTES.into() };
    let statistics = format!("outbound_{HTTP_LISTENER}");
    let chain = chain(topology, addresses, Proxy::GATEWAY, &statistics, source, settings());
    let listener = listener(HTTP_LISTENER, addresses.http, Direction::Outbound, &[chain]);
    snapshot.listeners.insert(HTTP_LISTENER.into(), listener);
    let statistics = route_statistics(&statistics, HTTP_ROUTES);
    snapshot.routes.insert(
        HTTP_ROUTES.into(),
        Routes { statistics, configuration: configuration(HTTP_ROUTES, &hosts) },
    );
}

fn add_https(snapshot: &mut Snapshot, topology: &Topology, addresses: &Addresses) {
    let mut chains = Vec::new();
    for (gateway, server) in topology.servers(443) {
        let name = format!("https.443.{}.{}.{}", server.port.name, gateway.name, gateway.namespace);
        // Dots separate the parts of a statistic's name; the prefix must not have any of its own that vary.
        let statistics = format!("outbound_{HTTPS_LISTENER}_{}", chains.len());
        let source = RouteSource::File { stem: name.clone(), name: name.clone() };
        let mut chain = chain(topology, addresses, Proxy::GATEWAY, &statistics, source, settings());
        chain["filter_chain_match"] = filter_chain_match(server);
        chain["transport_socket_connect_timeout"] = json!("15s");
        if let Some(socket) = server.tls.as_ref().and_then(|tls| transport_socket(tls, addresses)) {
            chain["transport_socket"] = socket;
        }
        chains.push(chain);
        let served = virtual_hosts(topology, &[(gateway, server)], 443);
        let mut hosts: Vec<Value> = served.into_iter().map(second).collect();
        if hosts.is_empty() {
            hosts.push(blackhole(443));
        }
        let statistics = route_statistics(&statistics, &name);
        let configuration = configuration(&name, &hosts);
        snapshot.routes.insert(name, Routes { statistics, configuration });
    }
    if chains.is_empty() {
        return;
    }
    let mut listener = listener(HTTPS_LISTENER, addresses.https, Direction::Outbound, &chains);
    listener["listener_filters"] = json!([{"name": "envoy.filters.listener.tls_inspector", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
        "initial_read_buffer_size": 512
    }}]);
    snapshot.listeners.insert(HTTPS_LISTENER.into(), listener);
}

/// What istiod sets on the connection managers of a gateway: it is the edge, so it trusts nothing about the client.
fn settings() -> Value {
    json!({
        "use_remote_address": true,
        "server_name": "istio-envoy",
        "proxy_100_continue": true,
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"subject": true, "cert": true, "dns": true, "uri": true}
    })
}

fn filter_chain_match(server: &Server) -> Value {
    let mut names = server.hosts.clone();
    names.sort();
    if names.iter().any(|name| name == "*") { json!({}) } else { json!({"server_names": names}) }
}

fn transport_socket(tls: &ServerTls, addresses: &Addresses) -> Option<Value> {
    let pair = addresses.credentials.get(tls.credential_name.as_ref()?)?;
    let mut context = json!({
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificates": [{"certificate_chain": {"filename": pair.certificate}, "private_key": {"filename": pair.key}}]
    });
    let bounds = [
        ("tls_minimum_protocol_version", tls.min_protocol_version),
        ("tls_maximum_protocol_version", tls.max_protocol_version),
    ];
    for (bound, version) in bounds {
        if let Some(version) = version {
            context["tls_params"][bound] = json!(tls_version(version));
        }
    }
    Some(json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "require_client_certificate": false,
            "common_tls_context": context
        }
    }))
}

const fn tls_version(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::Auto => "TLS_AUTO",
        TlsVersion::V12 => "TLSv1_2",
        TlsVersion::V13 => "TLSv1_3",
    }
}

/// istiod's `require_tls: ALL` keeps the port of the request; here HTTPS has another port than 443, so it is named.
fn redirect(host: &str, https: u16) -> Value {
    json!({
        "name": format!("{host}:80"),
        "domains": [host],
        "routes": [{"match": {"prefix": "/"}, "redirect": {"https_redirect": true, "port_redirect": https}}]
    })
}

/// istiod's virtual host for a server that no VirtualService is bound to: everything is 404.
fn blackhole(port: u16) -> Value {
    json!({"name": format!("blackhole:{port}"), "domains": ["*"]})
}

/// The virtual hosts of servers that share a route configuration: the hosts that VirtualServices bound to their gateways
/// serve. Routes of several VirtualServices for one host follow each other, those that match everything at the end.
fn virtual_hosts(
    topology: &Topology,
    servers: &[(&Gateway, &Server)],
    port: u16,
) -> Vec<(String, Value)> {
    let mut hosts: Vec<(String, Vec<Route>)> = Vec::new();
    for (gateway, server) in servers {
        let bound = format!("{}/{}", gateway.namespace, gateway.name);
        let origin = Origin { proxy: Proxy::GATEWAY, gateway: &bound, port };
        for virtual_service in
            topology.virtual_services.iter().filter(|route| route.gateways.contains(&bound))
        {
            let pairs = server
                .hosts
                .iter()
                .flat_map(|host| virtual_service.hosts.iter().map(move |other| (host, other)));
            let served: BTreeSet<&str> =
                pairs.filter_map(|(host, other)| intersection(host, other)).collect();
            for host in served {
                let routes = route::routes(topology, virtual_service, origin);
                match hosts.iter_mut().find(|(known, _)| known == host) {
                    Some((_, known)) => known.extend(routes),
                    None if routes.is_empty() => {}
                    None => hosts.push((host.to_owned(), routes)),
                }
            }
        }
    }
    let virtual_host = |(host, mut routes): (String, Vec<Route>)| {
        routes.sort_by_key(|route| route.catches_all);
        let value = json!({
            "name": format!("{host}:{port}"),
            "domains": [host],
            "include_request_attempt_count": true,
            "routes": routes.into_iter().map(|route| route.configuration).collect::<Vec<_>>()
        });
        (host, value)
    };
    hosts.into_iter().map(virtual_host).collect()
}

fn second<A, B>((_, second): (A, B)) -> B {
    second
}

/// The more specific one of two hosts if one of them covers the other.
fn intersection<'a>(one: &'a str, other: &'a str) -> Option<&'a str> {
    let covers = |wide: &str, narrow: &str| {
        wide == narrow
            || wide == "*"
            || wide.strip_prefix('*').is_some_and(|suffix| narrow.ends_with(suffix))
    };
    if covers(one, other) {
        Some(other)
    } else if covers(other, one) {
        Some(one)
    } else {
        None
    }
}
