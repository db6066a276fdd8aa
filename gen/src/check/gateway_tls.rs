//! The laws of what a Gateway serves: by a protocol that Istio knows, encrypted, with a certificate of its hosts.
//!
//! Source: `pkg/config/validation/validation.go` in istio, `validateServer` and `validateTLSOptions`.

use super::gateway::{bare, servers, workloads};
use super::world::World;
use super::{Findings, Kind, Law, list};
use kcr_networking_istio_io::v1::gateways::{
    GatewayServers, GatewayServersTls, GatewayServersTlsMinProtocolVersion as Version,
    GatewayServersTlsMode as Mode,
};

pub(super) const CREDENTIAL: Law = Law {
    name: "credential",
    istio: Some("IST0101"),
    rule: "every HTTPS server names a secret in the gateway's own namespace, with a certificate of its hosts",
    kind: Kind::Traffic,
    check: credential,
};

pub(super) const GATEWAY_PROTOCOL: Law = Law {
    name: "gateway-protocol",
    istio: Some("IST0106"),
    rule: "every server of a Gateway speaks a protocol that Istio knows, and has TLS settings that fit",
    kind: Kind::Traffic,
    check: gateway_protocol,
};

pub(super) const TLS: Law = Law {
    name: "tls",
    istio: None,
    rule: "what is public is served by TLS 1.2 or newer, and plain HTTP only redirects there",
    kind: Kind::Safety,
    check: tls,
};

fn credential(world: &World<'_>, findings: &mut Findings<'_>) {
    for gateway in world.gateways.values() {
        let namespaces: Vec<&str> =
            workloads(world, gateway).map(|found| found.namespace).collect();
        for (index, server) in servers(gateway).filter(|(_, server)| ends_tls(server)) {
            let field = format!("spec.servers[{index}].tls.credentialName");
            let name = server.tls.as_ref().and_then(|tls| tls.credential_name.as_deref());
            let Some(name) = name else {
                let message = "an HTTPS server needs a certificate".to_owned();
                findings.add(gateway.manifest, field, message, "name the secret that holds it");
                continue;
            };
            for namespace in &namespaces {
                if let Err((message, hint)) = certified(world, namespace, name, server) {
                    findings.add(gateway.manifest, field.clone(), message, hint);
                }
            }
        }
    }
}

/// Whether the secret exists, and its certificate covers the hosts of the server. What stands in a Secret is not looked at.
fn certified(
    world: &World<'_>,
    namespace: &str,
    name: &str,
    server: &GatewayServers,
) -> Result<(), (String, String)> {
    if world.secrets.iter().any(|secret| secret.namespace == namespace && secret.name == name) {
        return Ok(());
    }
    let known = world.installed.certificates.iter().filter(|known| known.namespace == namespace);
    let certificates: Vec<&str> = known
        .clone()
        .filter(|known| known.secret == name)
        .map(|known| known.host.as_str())
        .collect();
    if certificates.is_empty() {
        let hint = format!("use one of: {}", list(known.map(|known| &known.secret)));
        return Err((format!("there is no secret `{name}` in {namespace}"), hint));
    }
    let covered =
        |host: &&String| certificates.iter().any(|certified| certifies(certified, bare(host)));
    match server.hosts.iter().find(|host| !covered(host)) {
        None => Ok(()),
        Some(host) => {
            let hint = format!("its certificate is for: {}", list(certificates));
            Err((format!("the secret `{name}` has no certificate of `{host}`"), hint))
        }
    }
}

/// Source: `pkg/config/protocol/instance.go` in istio.
const PROTOCOLS: [&str; 8] = ["HTTP", "HTTPS", "HTTP2", "GRPC", "GRPC-WEB", "TLS", "TCP", "MONGO"];

fn gateway_protocol(world: &World<'_>, findings: &mut Findings<'_>) {
    for gateway in world.gateways.values() {
        for (index, server) in servers(gateway) {
            let protocol = server.port.protocol.to_uppercase();
            if !PROTOCOLS.contains(&protocol.as_str()) {
                let message = format!("`{}` is no protocol", server.port.protocol);
                let hint = format!("use one of: {}", PROTOCOLS.join(", "));
                findings.add(
                    gateway.manifest,
                    format!("spec.servers[{index}].port.protocol"),
                    message,
                    hint,
                );
            }
            let mode = server.tls.as_ref().and_then(|tls| tls.mode.as_ref());
            let misfit = match (protocol.as_str(), mode) {
                ("HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB", Some(_)) => {
                    Some("plain HTTP has no TLS mode")
                }
                ("HTTPS", Some(Mode::Passthrough | Mode::AutoPassthrough)) => {
                    Some("what is passed through is TLS, not HTTPS: the gateway cannot read it")
                }
                _ => None,
            };
            if let Some(misfit) = misfit {
                let message = format!("the mode does not fit `{protocol}`: {misfit}");
                let hint = "write `protocol: HTTPS` and `mode: SIMPLE`, or `protocol: TLS` and `mode: PASSTHROUGH`";
                findings.add(
                    gateway.manifest,
                    format!("spec.servers[{index}].tls.mode"),
                    message,
                    hint,
                );
            }
        }
    }
}

fn tls(world: &World<'_>, findings: &mut Findings<'_>) {
    for gateway in world.gateways.values() {
        for (index, server) in servers(gateway) {
            let field = |name: &str| format!("spec.servers[{index}].tls{name}");
            let settings = server.tls.as_ref();
            if ends_tls(server) && !settings.is_some_and(is_modern) {
                let message = "older versions than TLS 1.2 are not refused by name".to_owned();
                let hint = "write `minProtocolVersion: TLSV1_2`";
                findings.add(gateway.manifest, field(".minProtocolVersion"), message, hint);
            }
            let redirects = settings.and_then(|tls| tls.https_redirect) == Some(true);
            if speaks_plainly(server) && !redirects {
                let message = format!("port `{}` serves plain HTTP", server.port.number);
                findings.add(
                    gateway.manifest,
                    field(".httpsRedirect"),
                    message,
                    "write `httpsRedirect: true`",
                );
            }
        }
    }
}

fn is_modern(tls: &GatewayServersTls) -> bool {
    matches!(tls.min_protocol_version, Some(Version::Tlsv12 | Version::Tlsv13))
}

fn speaks_plainly(server: &GatewayServers) -> bool {
    let protocol = server.port.protocol.to_uppercase();
    ["HTTP", "HTTP2", "GRPC", "GRPC-WEB"].contains(&protocol.as_str())
        && server.tls.as_ref().is_none_or(|tls| tls.mode.is_none())
}

/// Whether the gateway itself holds the certificate.
fn ends_tls(server: &GatewayServers) -> bool {
    let mode = server.tls.as_ref().and_then(|tls| tls.mode.as_ref());
    ["HTTPS", "TLS"].contains(&server.port.protocol.to_uppercase().as_str())
        && !matches!(mode, Some(Mode::Passthrough | Mode::AutoPassthrough | Mode::IstioMutual))
}

/// Whether a certificate for one host is one for the other; an asterisk stands for one label (RFC 6125).
fn certifies(certified: &str, host: &str) -> bool {
    let rest = certified.strip_prefix("*.");
    certified == host
        || rest.is_some_and(|rest| {
            host.split_once('.').is_some_and(|(label, end)| label != "*" && end == rest)
        })
}
