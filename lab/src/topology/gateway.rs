//! A Gateway → its servers, once they fit the gateway that Istio's demo profile installs.

use super::view;
use super::view::gateway::{GatewaySpec, Server, ServerProtocol};
use manifests::object::Manifest;
use manifests::violation::Violation;
use std::collections::BTreeSet;

/// The gateway that Istio's demo profile installs, and the labels by which Gateways select it.
pub(crate) const INGRESS_NAME: &str = "istio-ingressgateway";
pub(crate) const INGRESS_NAMESPACE: &str = "istio-system";
const INGRESS_LABELS: [(&str, &str); 2] = [("app", INGRESS_NAME), ("istio", "ingressgateway")];

/// Whether the gateway's pods have this label.
pub(crate) fn ingress_has((key, value): (&String, &String)) -> bool {
    INGRESS_LABELS.contains(&(key.as_str(), value.as_str()))
}

#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) servers: Vec<Server>,
}

pub(super) fn gateway(manifest: &Manifest, earlier: &[Gateway]) -> Result<Gateway, Vec<Violation>> {
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
