//! The law that every name is one that Kubernetes takes, so that nothing else can be hidden in it: no path, no pattern.
//!
//! Source: Kubernetes' documentation, "Object Names and IDs": DNS subdomain names (RFC 1123), and DNS labels for the rest.

use crate::object::{Manifest, Object};
use crate::violation::Violation;

/// The longest subdomain name, in bytes.
const LONGEST: usize = 253;

pub(super) fn check(manifests: &[Manifest]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for manifest in manifests {
        for (field, name) in names(manifest) {
            if !is_name(&name) {
                let message = format!("`{name}` is not a name");
                let hint = "use lower case letters, digits, `-` and `.`, with a letter or digit at both ends";
                violations.push(Violation::of_field(manifest, field, message, hint.to_owned()));
            }
        }
    }
    violations
}

/// Everything in an object that names something.
fn names(manifest: &Manifest) -> Vec<(String, String)> {
    let identity = manifest.object.identity();
    let mut names = vec![("metadata.name".to_owned(), identity.name)];
    if !matches!(manifest.object, Object::Namespace(_)) {
        names.push(("metadata.namespace".to_owned(), identity.namespace));
    }
    match &manifest.object {
        Object::DestinationRule(rule) => {
            for (index, subset) in rule.spec.subsets.iter().flatten().enumerate() {
                names.push((format!("spec.subsets[{index}].name"), subset.name.clone()));
            }
        }
        Object::Gateway(gateway) => {
            for (index, server) in gateway.spec.servers.iter().flatten().enumerate() {
                names.push((format!("spec.servers[{index}].port.name"), server.port.name.clone()));
                let credential = server.tls.as_ref().and_then(|tls| tls.credential_name.clone());
                names.extend(
                    credential
                        .map(|name| (format!("spec.servers[{index}].tls.credentialName"), name)),
                );
            }
        }
        Object::Deployment(_)
        | Object::Namespace(_)
        | Object::PeerAuthentication(_)
        | Object::Service(_)
        | Object::Telemetry(_)
        | Object::VirtualService(_) => {}
    }
    names
}

fn is_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= LONGEST && name.split('.').all(label)
}
