//! The laws of what comes and goes: pods have the time to end, are spread over nodes, and are not taken away all at once.

use super::namespace::has_sidecar;
use super::world::{Labels, NO_LABELS, Placed, World};
use super::{Findings, Kind, Law};
use crate::object::Object;
use crate::versions::SERVER_REPOSITORY;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Container;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::HashMap;

pub(super) const TERMINATION: Law = Law {
    name: "termination",
    istio: None,
    rule: "a pod has the time to end: the server's lame duck and drain, then the sidecar's drain",
    kind: Kind::Safety,
    check: termination,
};

pub(super) const SPREAD: Law = Law {
    name: "spread",
    istio: None,
    rule: "several pods of a Deployment are spread over the nodes",
    kind: Kind::Safety,
    check: spread,
};

pub(super) const BUDGET: Law = Law {
    name: "budget",
    istio: None,
    rule: "several pods of a Deployment have a disruption budget, which lets at least one go",
    kind: Kind::Safety,
    check: budget,
};

/// The server's defaults and variables: `server/README.md`. In milliseconds.
const LAME_DUCK: (&str, i64) = ("LAME_DUCK_MS", 5_000);
const DRAIN: (&str, i64) = ("DRAIN_TIMEOUT_MS", 30_000);
/// Istio's default of `terminationDrainDuration`, in milliseconds.
const SIDECAR_DRAIN: i64 = 5_000;
/// Kubernetes' default of `terminationGracePeriodSeconds`.
const GRACE: i64 = 30;

fn termination(world: &World<'_>, findings: &mut Findings<'_>) {
    let drain = drain_of_sidecars(world);
    for deployment in &world.deployments {
        let Some(pod) = deployment.pod() else { continue };
        let sidecar = if has_sidecar(world, deployment) { drain } else { 0 };
        let servers = pod.containers.iter().filter(|container| is_server(container));
        let server = servers.map(|found| setting(found, LAME_DUCK) + setting(found, DRAIN)).max();
        let needed = server.unwrap_or_default() + sidecar;
        let grace = pod.termination_grace_period_seconds.unwrap_or(GRACE);
        if grace * 1000 < needed {
            let message = format!(
                "`{grace}` s are too short: the pod may need {} s to end",
                needed.div_euclid(1000)
            );
            let hint =
                format!("write {}, or lower the times in its environment", (needed + 999) / 1000);
            let field = "spec.template.spec.terminationGracePeriodSeconds";
            findings.add(deployment.manifest, field, message, hint);
        }
    }
}

/// In milliseconds: what the mesh is installed with, or Istio's default.
fn drain_of_sidecars(world: &World<'_>) -> i64 {
    let stated = world.manifests.iter().find_map(|manifest| match &manifest.object {
        Object::IstioOperator(operator) => {
            let proxy = &operator.spec.mesh_config.default_config;
            proxy.termination_drain_duration.strip_suffix('s')?.parse::<i64>().ok()
        }
        _ => None,
    });
    stated.map_or(SIDECAR_DRAIN, |seconds| seconds * 1000)
}

fn is_server(container: &Container) -> bool {
    let image = container.image.as_deref().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split(['@', ':']).next() == Some(SERVER_REPOSITORY)
}

fn setting(container: &Container, (name, default): (&str, i64)) -> i64 {
    let mut variables = container.env.iter().flatten();
    let found = variables.find(|variable| variable.name == name);
    found.and_then(|variable| variable.value.as_ref()?.parse().ok()).unwrap_or(default)
}

/// Those with more than one pod.
fn several<'w, 'a>(
    world: &'w World<'a>,
) -> impl Iterator<Item = (&'w Placed<'a, Deployment>, i32)> {
    world.deployments.iter().filter_map(|deployment| {
        let replicas = deployment.object.spec.as_ref()?.replicas.unwrap_or(1);
        (replicas > 1).then_some((deployment, replicas))
    })
}

/// Labels of nodes over which pods can be spread.
///
/// Source: "Well-Known Labels, Annotations and Taints" in Kubernetes' documentation.
const NODES: [&str; 3] =
    ["kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

fn spread(world: &World<'_>, findings: &mut Findings<'_>) {
    for (deployment, replicas) in several(world) {
        let Some(pod) = deployment.pod() else { continue };
        let constraints = pod.topology_spread_constraints.as_deref().unwrap_or_default();
        let selects_own = constraints.iter().any(|constraint| {
            let selector = constraint.label_selector.as_ref();
            let labels = selector.and_then(|selector| selector.match_labels.as_ref());
            NODES.contains(&constraint.topology_key.as_str())
                && labels.is_some_and(|labels| deployment.pods_bear(labels))
        });
        if !selects_own && pod.affinity.is_none() {
            let message = format!("its {replicas} pods may all run on `one node`");
            let hint = "add a constraint on `kubernetes.io/hostname` that selects the pods";
            let field = "spec.template.spec.topologySpreadConstraints";
            findings.add(deployment.manifest, field, message, hint);
        }
    }
}

fn budget(world: &World<'_>, findings: &mut Findings<'_>) {
    let mut by_label: HashMap<(&str, &str, &str), Vec<&Budget<'_>>> = HashMap::new();
    for budget in &world.budgets {
        if let Some((key, value)) = labels(budget).and_then(|labels| labels.iter().next()) {
            by_label.entry((budget.namespace, key, value)).or_default().push(budget);
        }
        if let Some((field, value)) = locked(world, budget) {
            let message = format!("lets no pod go: with `{value}`, a node can never be emptied");
            findings.add(budget.manifest, field, message, "write `maxUnavailable: 1`");
        }
    }
    let unlabelled: Vec<&Budget<'_>> =
        world.budgets.iter().filter(|budget| labels(budget).is_none_or(Labels::is_empty)).collect();
    for (deployment, replicas) in several(world) {
        let pairs = deployment.pod_labels().into_iter().flatten();
        let candidates = pairs.flat_map(|(key, value)| {
            by_label
                .get(&(deployment.namespace, key.as_str(), value.as_str()))
                .into_iter()
                .flatten()
        });
        let for_all =
            unlabelled.iter().copied().filter(|budget| budget.namespace == deployment.namespace);
        let bears = |budget: &&&Budget<'_>| {
            labels(budget).is_some_and(|labels| deployment.pods_bear(labels))
        };
        let covering = candidates.filter(bears).copied().chain(for_all).collect::<Vec<_>>();
        match covering.as_slice() {
            [] => {
                let message = format!("its {replicas} pods may all be evicted `at once`");
                let hint = "add a PodDisruptionBudget that selects them";
                findings.add(deployment.manifest, "spec.replicas", message, hint);
            }
            [_] => {}
            [first, second, ..] => {
                let message =
                    format!("two budgets are for its pods: `{}`, `{}`", first.name, second.name);
                let hint = "leave one: with several, Kubernetes evicts none";
                findings.add(second.manifest, "spec.selector", message, hint);
            }
        }
    }
}

type Budget<'a> = Placed<'a, PodDisruptionBudget>;

fn labels<'a>(budget: &Budget<'a>) -> Option<&'a Labels> {
    budget.object.spec.as_ref()?.selector.as_ref()?.match_labels.as_ref()
}

/// The field of a budget that lets no pod go, and its value.
fn locked(world: &World<'_>, budget: &Budget<'_>) -> Option<(&'static str, String)> {
    let spec = budget.object.spec.as_ref()?;
    let text = |value: &IntOrString| match value {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => text.clone(),
    };
    if let Some(most) = &spec.max_unavailable {
        let most = text(most);
        return ["0", "0%"].contains(&most.as_str()).then_some(("spec.maxUnavailable", most));
    }
    let least = text(spec.min_available.as_ref()?);
    let selected = world.selected(budget.namespace, labels(budget).unwrap_or(NO_LABELS));
    let pods: i64 = selected
        .iter()
        .map(|deployment| {
            i64::from(deployment.object.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1))
        })
        .sum();
    let all = least == "100%" || least.parse::<i64>().is_ok_and(|least| least >= pods);
    all.then_some(("spec.minAvailable", least))
}
