//! The law that every name resolves: gateways, destination hosts, their ports and subsets, and the pods behind a subset.
//!
//! Source of the rules: Istio's analysis messages IST0101 (referenced resource not found) and IST0173 (a subset that
//! selects no pods), and what its proxies answer instead: 503 with the flag NC for an unknown cluster.

use crate::host;
use crate::object::{Manifest, Object};
use crate::violation::Violation;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use kcr_networking_istio_io::v1::destinationrules::DestinationRule;
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualService, VirtualServiceHttpRouteDestination,
};
use std::collections::BTreeMap;

/// The name that stands for all sidecars in `spec.gateways`.
const MESH: &str = "mesh";

pub(super) fn check(manifests: &[Manifest]) -> Vec<Violation> {
    let known = Known::of(manifests);
    let mut violations = Vec::new();
    for manifest in manifests {
        match &manifest.object {
            Object::VirtualService(object) => {
                virtual_service(&known, manifest, object, &mut violations);
            }
            Object::DestinationRule(object) => {
                destination_rule(&known, manifest, object, &mut violations);
            }
            _ => {}
        }
    }
    violations
}

/// What names can resolve to.
struct Known<'a> {
    services: BTreeMap<String, &'a Service>,
    rules: Vec<(String, &'a DestinationRule)>,
    gateways: Vec<String>,
    deployments: Vec<&'a Deployment>,
}

impl<'a> Known<'a> {
    fn of(manifests: &'a [Manifest]) -> Self {
        let mut known = Self {
            services: BTreeMap::new(),
            rules: Vec::new(),
            gateways: Vec::new(),
            deployments: Vec::new(),
        };
        for Manifest { object, .. } in manifests {
            let identity = object.identity();
            match object {
                Object::Service(service) => {
                    known
                        .services
                        .insert(host::service(&identity.name, &identity.namespace), service);
                }
                Object::DestinationRule(rule) => {
                    known.rules.push((host::resolve(&rule.spec.host, &identity.namespace), rule));
                }
                Object::Gateway(_) => {
                    known.gateways.push(format!("{}/{}", identity.namespace, identity.name));
                }
                Object::Deployment(deployment) => known.deployments.push(deployment),
                Object::Namespace(_)
                | Object::PeerAuthentication(_)
                | Object::Telemetry(_)
                | Object::VirtualService(_) => {}
            }
        }
        known
    }

    fn subsets(&self, host: &str) -> Vec<&str> {
        let rules = self.rules.iter().filter(|(of, _)| of == host);
        rules
            .flat_map(|(_, rule)| rule.spec.subsets.iter().flatten())
            .map(|subset| subset.name.as_str())
            .collect()
    }

    fn service_names(&self) -> String {
        list(self.services.keys().map(String::as_str))
    }
}

fn virtual_service(
    known: &Known<'_>,
    manifest: &Manifest,
    object: &VirtualService,
    violations: &mut Vec<Violation>,
) {
    let namespace = manifest.object.identity().namespace;
    for (index, gateway) in object.spec.gateways.iter().flatten().enumerate() {
        let qualified =
            if gateway.contains('/') { gateway.clone() } else { format!("{namespace}/{gateway}") };
        if gateway != MESH && !known.gateways.contains(&qualified) {
            violations.push(Violation::of_field(
                manifest,
                format!("spec.gateways[{index}]"),
                format!("there is no Gateway `{qualified}` (IST0101)"),
                format!(
                    "use `{MESH}` or one of: {}",
                    list(known.gateways.iter().map(String::as_str))
                ),
            ));
        }
    }
    for (rule, http) in object.spec.http.iter().flatten().enumerate() {
        for (index, route) in http.route.iter().flatten().enumerate() {
            let field = format!("spec.http[{rule}].route[{index}].destination");
            destination(known, manifest, &field, &route.destination, violations);
        }
    }
}

fn destination(
    known: &Known<'_>,
    manifest: &Manifest,
    field: &str,
    destination: &VirtualServiceHttpRouteDestination,
    violations: &mut Vec<Violation>,
) {
    let host = host::resolve(&destination.host, &manifest.object.identity().namespace);
    let Some(service) = known.services.get(&host) else {
        violations.push(Violation::of_field(
            manifest,
            format!("{field}.host"),
            format!("there is no Service for host `{host}` (IST0101)"),
            format!("use one of: {}", known.service_names()),
        ));
        return;
    };
    let ports: Vec<i32> = service
        .spec
        .iter()
        .flat_map(|spec| spec.ports.iter().flatten())
        .map(|port| port.port)
        .collect();
    if let Some(number) = destination.port.as_ref().and_then(|port| port.number)
        && !ports.iter().any(|port| i64::from(*port) == number)
    {
        violations.push(Violation::of_field(
            manifest,
            format!("{field}.port.number"),
            format!("`{host}` has no port {number} (IST0101)"),
            format!("use one of: {}", list(ports.iter().map(i32::to_string))),
        ));
    }
    let subsets = known.subsets(&host);
    if let Some(subset) = &destination.subset
        && !subsets.contains(&subset.as_str())
    {
        violations.push(Violation::of_field(
            manifest,
            format!("{field}.subset"),
            format!("no DestinationRule of `{host}` has a subset `{subset}` (IST0101)"),
            format!(
                "name a subset that exists ({}), or add it to the DestinationRule",
                list(subsets)
            ),
        ));
    }
}

fn destination_rule(
    known: &Known<'_>,
    manifest: &Manifest,
    object: &DestinationRule,
    violations: &mut Vec<Violation>,
) {
    let host = host::resolve(&object.spec.host, &manifest.object.identity().namespace);
    let Some(service) = known.services.get(&host) else {
        violations.push(Violation::of_field(
            manifest,
            "spec.host",
            format!("there is no Service for host `{host}` (IST0101)"),
            format!("use one of: {}", known.service_names()),
        ));
        return;
    };
    let selector = service.spec.as_ref().and_then(|spec| spec.selector.clone()).unwrap_or_default();
    for (index, subset) in object.spec.subsets.iter().flatten().enumerate() {
        let wanted = subset.labels.clone().unwrap_or_default();
        let mut of_service = known.deployments.iter().filter(|deployment| {
            // Without a selector, Kubernetes puts no pods behind a Service.
            deployment.metadata.namespace == service.metadata.namespace
                && !selector.is_empty()
                && selects(&selector, deployment)
        });
        if !of_service.any(|deployment| selects(&wanted, deployment)) {
            violations.push(Violation::of_field(
                manifest,
                format!("spec.subsets[{index}].labels"),
                format!(
                    "no Deployment makes pods of `{host}` with the labels {wanted:?} (IST0173)"
                ),
                "give the pods these labels, or remove the subset and the routes to it".into(),
            ));
        }
    }
}

fn selects(selector: &BTreeMap<String, String>, deployment: &Deployment) -> bool {
    let template = deployment.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
    let labels = template.and_then(|metadata| metadata.labels.as_ref());
    labels.is_some_and(|labels| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.as_ref().to_owned()).collect();
    if items.is_empty() { "none".into() } else { items.join(", ") }
}
