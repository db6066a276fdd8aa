//! The law of order: what is needed is applied before what needs it, so that no request meets something half-done.

use super::destination::destinations;
use super::world::{NO_LABELS, World, qualified};
use super::{Findings, Kind, Law};
use crate::host;
use crate::object::{Manifest, Object};
use std::collections::{HashMap, HashSet};

pub(super) const ORDER: Law = Law {
    name: "order",
    istio: None,
    rule: "make before break: namespaces and accounts, then pods, then subsets, then the routes to them",
    kind: Kind::Traffic,
    check,
};

fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    // The place of the first object of each kind and name; `usize::MAX` is later than everything.
    let mut places: HashMap<(&str, &str, &str), usize> = HashMap::new();
    for (place, manifest) in world.sequence.iter().enumerate() {
        let metadata = manifest.object.metadata();
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        let name = metadata.name.as_deref().unwrap_or_default();
        places.entry((manifest.object.kind(), namespace, name)).or_insert(place);
    }
    let mut subsets: HashSet<(String, &str)> = HashSet::new();
    for (place, manifest) in world.sequence.iter().enumerate() {
        let namespace = manifest.object.metadata().namespace.as_deref().unwrap_or_default();
        let mut needs = |field: &str, kind: &str, needed: (&str, &str)| {
            // What is nowhere is the business of other laws.
            if places.get(&(kind, needed.0, needed.1)).is_some_and(|other| *other > place) {
                late(manifest, field, &format!("{kind} `{}`", needed.1), findings);
            }
        };
        needs("metadata.namespace", "Namespace", ("", namespace));
        match &manifest.object {
            Object::Deployment(deployment) => {
                let pod = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
                if let Some(account) = pod.and_then(|pod| pod.service_account_name.as_deref()) {
                    let field = "spec.template.spec.serviceAccountName";
                    needs(field, "ServiceAccount", (namespace, account));
                }
                for volume in pod.iter().flat_map(|pod| pod.volumes.iter().flatten()) {
                    if let Some(source) = &volume.config_map {
                        needs("spec.template.spec.volumes", "ConfigMap", (namespace, &source.name));
                    }
                }
            }
            Object::DestinationRule(rule) => {
                let host = host::resolve(&rule.spec.host, namespace);
                for (index, subset) in rule.spec.subsets.iter().flatten().enumerate() {
                    subsets.insert((host.clone(), &subset.name));
                    let wanted = subset.labels.as_ref().unwrap_or(NO_LABELS);
                    let pods = world.services.get(&host).map(|service| world.behind(service));
                    let makers: Vec<_> = pods
                        .into_iter()
                        .flatten()
                        .filter(|deployment| deployment.pods_bear(wanted))
                        .collect();
                    let is_there = makers.iter().any(|maker| {
                        let key = ("Deployment", maker.namespace, maker.name);
                        places.get(&key).is_some_and(|other| *other < place)
                    });
                    if let (false, Some(maker)) = (is_there, makers.first()) {
                        let what = format!("Deployment `{}`", maker.name);
                        late(manifest, &format!("spec.subsets[{index}]"), &what, findings);
                    }
                }
            }
            Object::VirtualService(route) => {
                for (index, name) in route.spec.gateways.iter().flatten().enumerate() {
                    let gateway = qualified(name, namespace);
                    let (namespace, name) = gateway.split_once('/').unwrap_or(("", &gateway));
                    needs(&format!("spec.gateways[{index}]"), "Gateway", (namespace, name));
                }
                for destination in destinations(route) {
                    let Some(subset) = destination.subset else { continue };
                    let host = host::resolve(destination.host, namespace);
                    let is_somewhere = world.subsets(&host).contains(&subset);
                    if is_somewhere && !subsets.contains(&(host, subset)) {
                        late(
                            manifest,
                            &destination.field("subset"),
                            &format!("the subset `{subset}`"),
                            findings,
                        );
                    }
                }
            }
            _ => {}
        }
    }
}

fn late(manifest: &Manifest, field: &str, what: &str, findings: &mut Findings<'_>) {
    let message = format!("{what} is applied later");
    findings.add(manifest, field, message, "list it earlier in the kustomization");
}
