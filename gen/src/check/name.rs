//! The law that every name is one that Kubernetes takes, so that nothing else can be hidden in it: no path, no pattern.
//!
//! Source: Kubernetes' documentation, "Object Names and IDs": DNS subdomain names (RFC 1123), and DNS labels for the rest.

use super::world::World;
use super::{Findings, Kind, Law};
use crate::object::{Manifest, Object};
use std::borrow::Cow;

pub(super) const NAME: Law = Law {
    name: "name",
    istio: Some("IST0106"),
    rule: "every object, and everything that it names anew, has a name that Kubernetes takes",
    kind: Kind::Meaning,
    check,
};

/// The longest subdomain name, in bytes.
const LONGEST: usize = 253;

fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    for manifest in &world.manifests {
        for (field, name) in names(manifest) {
            if !is_name(name) {
                let message = format!("`{name}` is not a name");
                let hint = "use lower case letters, digits, `-` and `.`, with a letter or digit at both ends";
                findings.add(manifest, field, message, hint);
            }
        }
    }
}

/// Everything in an object that names something.
fn names(manifest: &Manifest) -> Vec<(Cow<'static, str>, &str)> {
    let metadata = manifest.object.metadata();
    let mut names =
        vec![(Cow::Borrowed("metadata.name"), metadata.name.as_deref().unwrap_or_default())];
    if manifest.object.is_namespaced() {
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        names.push((Cow::Borrowed("metadata.namespace"), namespace));
    }
    match &manifest.object {
        Object::DestinationRule(rule) => {
            for (index, subset) in rule.spec.subsets.iter().flatten().enumerate() {
                names.push((format!("spec.subsets[{index}].name").into(), &subset.name));
            }
        }
        Object::Gateway(gateway) => {
            for (index, server) in gateway.spec.servers.iter().flatten().enumerate() {
                names.push((format!("spec.servers[{index}].port.name").into(), &server.port.name));
                let credential = server.tls.as_ref().and_then(|tls| tls.credential_name.as_deref());
                let field = format!("spec.servers[{index}].tls.credentialName");
                names.extend(credential.map(|name| (field.into(), name)));
            }
        }
        _ => {}
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
