//! The laws of namespaces: they exist, and whoever runs in one knows whether it has a sidecar.

use super::world::{Placed, World};
use super::{Findings, Kind, Law, list};
use crate::object::Manifest;
use k8s_openapi::api::apps::v1::Deployment;
use std::collections::BTreeMap;

pub(super) const NAMESPACE: Law = Law {
    name: "namespace",
    istio: Some("IST0101"),
    rule: "every namespace that an object stands in exists",
    kind: Kind::Safety,
    check: namespace,
};

pub(super) const INJECTION: Law = Law {
    name: "injection",
    istio: Some("IST0102"),
    rule: "every pod has a sidecar, or says that it has none",
    kind: Kind::Traffic,
    check: injection,
};

fn namespace(world: &World<'_>, findings: &mut Findings<'_>) {
    let known = |name: &str| {
        world.namespaces.contains_key(name) || world.installed.namespaces.contains(&name)
    };
    // One finding for each namespace, at its first object: a missing one is one mistake.
    let mut missing: BTreeMap<&str, (&Manifest, usize)> = BTreeMap::new();
    for manifest in &world.manifests {
        let namespace = manifest.object.metadata().namespace.as_deref();
        if let Some(namespace) = namespace.filter(|namespace| !known(namespace)) {
            missing.entry(namespace).or_insert((manifest, 0)).1 += 1;
        }
    }
    for (namespace, (manifest, objects)) in missing {
        let message = format!("there is no Namespace `{namespace}` (objects in it: {objects})");
        let hint = format!("use one of: {}", list(world.namespaces.keys()));
        findings.add(manifest, "metadata.namespace", message, hint);
    }
}

/// The label of a namespace that asks for sidecars, and the one of a pod that declines its own.
const INJECTION_LABEL: &str = "istio-injection";
const REVISION_LABEL: &str = "istio.io/rev";
const POD_LABEL: &str = "sidecar.istio.io/inject";

fn injection(world: &World<'_>, findings: &mut Findings<'_>) {
    for namespace in world.namespaces.values() {
        let labels = namespace.object.metadata.labels.as_ref();
        let both = [INJECTION_LABEL, REVISION_LABEL]
            .iter()
            .all(|key| labels.is_some_and(|labels| labels.contains_key(*key)));
        if both {
            let message = format!("has both `{INJECTION_LABEL}` and `{REVISION_LABEL}` (IST0123)");
            findings.add(namespace.manifest, "metadata.labels", message, "keep one of the two");
        }
    }
    // One finding for each namespace; at the Namespace, if it is here.
    let mut bare: BTreeMap<&str, &Placed<'_, Deployment>> = BTreeMap::new();
    for deployment in &world.deployments {
        if says(deployment).is_none() && !injects(world, deployment.namespace) {
            bare.entry(deployment.namespace).or_insert(deployment);
        }
    }
    for (namespace, deployment) in bare {
        let message = format!("pods of `{namespace}` get no sidecar");
        let hint = format!(
            "label the Namespace `{INJECTION_LABEL}: enabled`, or the pods `{POD_LABEL}: \"false\"`"
        );
        let (manifest, field) = match world.namespaces.get(namespace) {
            Some(found) => (found.manifest, format!("metadata.labels.{INJECTION_LABEL}")),
            None => (deployment.manifest, format!("spec.template.metadata.labels.{POD_LABEL}")),
        };
        findings.add(manifest, field, message, hint);
    }
}

/// What a pod says about its own sidecar: by a label, or by an annotation, which counts less.
///
/// Source: `injectRequired` in istio's `pkg/kube/inject/inject.go`.
fn says<'a>(deployment: &Placed<'a, Deployment>) -> Option<&'a str> {
    let metadata = deployment.object.spec.as_ref()?.template.metadata.as_ref()?;
    let labels = metadata.labels.as_ref().and_then(|labels| labels.get(POD_LABEL));
    let annotations = metadata.annotations.as_ref().and_then(|found| found.get(POD_LABEL));
    labels.or(annotations).map(String::as_str)
}

/// Whether pods of this namespace get a sidecar, unless they decline it.
pub(super) fn injects(world: &World<'_>, namespace: &str) -> bool {
    let labels =
        world.namespaces.get(namespace).and_then(|found| found.object.metadata.labels.as_ref());
    labels.is_some_and(|labels| {
        labels.get(INJECTION_LABEL).is_some_and(|value| value == "enabled")
            || labels.contains_key(REVISION_LABEL)
    })
}

/// Whether the pods of this Deployment get a sidecar. In the network of the node, there is none.
pub(super) fn has_sidecar(world: &World<'_>, deployment: &Placed<'_, Deployment>) -> bool {
    let in_network_of_node = deployment.pod().and_then(|pod| pod.host_network) == Some(true);
    let says = says(deployment);
    !in_network_of_node
        && says.map_or_else(|| injects(world, deployment.namespace), |value| value == "true")
}
