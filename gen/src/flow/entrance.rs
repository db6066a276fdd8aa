//! Gateways and VirtualServices → the entrances: each host that is published, and the route behind it.

use super::Flow;
use crate::check::world::Placed;
use crate::host;
use crate::object::Identity;
use kcr_networking_istio_io::v1::gateways::{
    Gateway, GatewayServers, GatewayServersTlsMode as Mode,
};

/// A host that is published at a port of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// `https://host`, with the port where it is not the usual one.
    pub url: String,
    /// Perhaps with a wildcard for its beginning.
    pub host: String,
    pub port: i64,
    /// The Gateway, `namespace/name`.
    pub gateway: String,
    /// The VirtualService that routes it.
    pub route: Option<Identity>,
    /// Whether every request is only told to come again by HTTPS.
    pub to_https: bool,
}

impl Flow<'_> {
    /// All entrances, by gateway and in the order of its servers. Of two for one URL, the first one.
    pub fn entrances(&self) -> Vec<Entrance> {
        let mut entrances: Vec<Entrance> = Vec::new();
        for (name, gateway) in &self.world.gateways {
            for server in gateway.object.spec.servers.iter().flatten() {
                let Some(scheme) = scheme(server) else { continue };
                for host in self.published(name, gateway, server) {
                    let entrance = self.entrance(name, scheme, host, server);
                    if entrances.iter().all(|known| known.url != entrance.url) {
                        entrances.push(entrance);
                    }
                }
            }
        }
        entrances
    }

    fn entrance(
        &self,
        gateway: &str,
        scheme: &str,
        host: String,
        server: &GatewayServers,
    ) -> Entrance {
        let port = server.port.number;
        let usual = [("https", 443), ("http", 80)].contains(&(scheme, port));
        let shown = if usual { String::new() } else { format!(":{port}") };
        let route = self.route_at(gateway, &host);
        Entrance {
            url: format!("{scheme}://{host}{shown}"),
            port,
            gateway: gateway.to_owned(),
            route: route.map(|route| route.manifest.object.identity()),
            to_https: server.tls.as_ref().and_then(|tls| tls.https_redirect) == Some(true),
            host,
        }
    }

    /// The hosts of a server: those of its routes, as far as it serves them; its own ones, where it has no route.
    fn published(
        &self,
        name: &str,
        gateway: &Placed<'_, Gateway>,
        server: &GatewayServers,
    ) -> Vec<String> {
        let bound = self
            .world
            .routes
            .iter()
            .filter(|route| route.gateways().iter().any(|bound| bound == name));
        let routed: Vec<String> = bound
            .flat_map(|route| {
                let hosts = route.object.spec.hosts.iter().flatten();
                hosts.map(|host| host::resolve(host, route.namespace))
            })
            .collect();
        let mut hosts = Vec::new();
        for own in &server.hosts {
            let own = own.split_once('/').map_or(own.as_str(), |(_, host)| host);
            let own = host::resolve(own, gateway.namespace);
            let narrow = routed.iter().filter_map(|routed| {
                let narrow = includes(&own, routed).then_some(routed);
                narrow.or_else(|| includes(routed, &own).then_some(&own))
            });
            let mut narrow: Vec<String> = narrow.cloned().collect();
            if narrow.is_empty() {
                narrow.push(own);
            }
            hosts.extend(narrow);
        }
        hosts
    }
}

/// Nothing for what is not HTTP once it has passed the gateway.
fn scheme(server: &GatewayServers) -> Option<&'static str> {
    let mode = server.tls.as_ref().and_then(|tls| tls.mode.as_ref());
    match server.port.protocol.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTP2" | "GRPC" => Some("http"),
        "HTTPS" if !matches!(mode, Some(Mode::Passthrough | Mode::AutoPassthrough)) => {
            Some("https")
        }
        _ => None,
    }
}

/// Whether a host, perhaps with a wildcard for its beginning, includes another one.
pub(super) fn includes(wide: &str, narrow: &str) -> bool {
    wide == narrow || wide.strip_prefix('*').is_some_and(|end| narrow.ends_with(end))
}
