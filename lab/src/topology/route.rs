//! A VirtualService → its rules, with hosts and gateways by their full names.

use super::view::virtual_service::{HttpRoute, VirtualServiceSpec};
use super::{duration, view};
use manifests::host;
use manifests::object::Manifest;
use manifests::violation::Violation;
use std::collections::BTreeSet;

/// The name that stands for all sidecars in `spec.gateways`.
pub(crate) const MESH: &str = "mesh";

/// [`MESH`], or `namespace/name` of a gateway that an object in `namespace` names.
pub(crate) fn gateway_name(name: &str, namespace: &str) -> String {
    match name.strip_prefix("./") {
        None if name == MESH || name.contains('/') => name.to_owned(),
        here => format!("{namespace}/{}", here.unwrap_or(name)),
    }
}

#[derive(Debug)]
pub(crate) struct VirtualService {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// Fully qualified.
    pub(crate) hosts: Vec<String>,
    /// [`MESH`] or `namespace/name`.
    pub(crate) gateways: Vec<String>,
    pub(crate) http: Vec<HttpRoute>,
}

pub(super) fn virtual_service(
    manifest: &Manifest,
    services: &BTreeSet<String>,
) -> Result<VirtualService, Vec<Violation>> {
    let route = view::of::<VirtualServiceSpec>(manifest)?;
    let namespace = route.metadata.namespace;
    let gateways = route.spec.gateways.iter().map(|name| gateway_name(name, &namespace));
    let mut gateways: Vec<String> = gateways.collect();
    if gateways.is_empty() {
        gateways.push(MESH.to_owned());
    }
    let hosts = route.spec.hosts.iter().map(|host| host::resolve(host, &namespace));
    let hosts: Vec<String> = hosts.collect();
    let mut violations = Vec::new();
    if hosts.is_empty() {
        let message = "embedded mode has no delegates: without hosts, nothing is routed".to_owned();
        let hint = "write the rules into the VirtualService that has the hosts".to_owned();
        violations.push(Violation::of_field(manifest, "spec.hosts", message, hint));
    }
    for (index, host) in hosts.iter().enumerate() {
        if gateways.iter().any(|gateway| gateway == MESH) && !services.contains(host) {
            let message = format!("in the mesh, embedded mode routes only Services, not `{host}`");
            let hint = "name a Service in full, or bind the VirtualService to a Gateway alone";
            let field = format!("spec.hosts[{index}]");
            violations.push(Violation::of_field(manifest, field, message, hint.to_owned()));
        }
    }
    for (index, http) in route.spec.http.iter().enumerate() {
        violations.extend(rule(manifest, index, http));
    }
    if !violations.is_empty() {
        return Err(violations);
    }
    Ok(VirtualService {
        hosts,
        name: route.metadata.name,
        namespace,
        gateways,
        http: route.spec.http,
    })
}

/// What is wrong with one rule of a VirtualService.
fn rule(manifest: &Manifest, index: usize, http: &HttpRoute) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut refuse = |field: &str, message: String, hint: &str| {
        let field = format!("spec.http[{index}].{field}");
        violations.push(Violation::of_field(manifest, field, message, hint.to_owned()));
    };
    if http.route.is_empty() {
        let hint = "give it a `route` with a destination";
        refuse("route", "this rule leads nowhere".into(), hint);
    }
    for (position, r#match) in http.r#match.iter().enumerate() {
        for (field, headers) in
            [("headers", &r#match.headers), ("withoutHeaders", &r#match.without_headers)]
        {
            for name in headers.keys().filter(|name| name.starts_with('@')) {
                let message = format!("embedded mode knows no tokens, so nothing of `{name}`");
                let hint = "match a header of the request";
                refuse(&format!("match[{position}].{field}.{name}"), message, hint);
            }
        }
    }
    let retries = http.retries.iter().flat_map(|retries| {
        [("retries.perTryTimeout", &retries.per_try_timeout), ("retries.backoff", &retries.backoff)]
    });
    for (field, text) in std::iter::once(("timeout", &http.timeout)).chain(retries) {
        if let Some(text) = text
            && duration::parse(text).is_none()
        {
            let hint = "write a number and a unit, such as `1.5s` or `300ms`";
            refuse(field, format!("`{text}` is not a duration"), hint);
        }
    }
    violations
}
