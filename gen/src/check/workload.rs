//! The laws that what workloads and policies name exists: the pods that they select, accounts, configuration, providers.

use super::calls::principal;
use super::world::{Labels, NO_LABELS, Placed, ROOT_NAMESPACE, World, shown};
use super::{Findings, Kind, Law, list};
use crate::object::{Manifest, Object};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::PodSpec;
use std::collections::HashSet;

pub(super) const WORKLOAD_SELECTOR: Law = Law {
    name: "workload-selector",
    istio: Some("IST0127"),
    rule: "every selector of a Deployment, a policy or a budget selects pods",
    kind: Kind::Safety,
    check: workload_selector,
};

pub(super) const ACCOUNT: Law = Law {
    name: "service-account",
    istio: Some("IST0101"),
    rule: "every service account that a pod or a policy names exists",
    kind: Kind::Traffic,
    check: account,
};

pub(super) const CONFIGURATION: Law = Law {
    name: "configuration",
    istio: None,
    rule: "every ConfigMap and volume that a pod names exists",
    kind: Kind::Traffic,
    check: configuration,
};

pub(super) const PROVIDER: Law = Law {
    name: "trace-provider",
    istio: Some("IST0101"),
    rule: "every provider that a Telemetry names is one that Istio is installed with",
    kind: Kind::Traffic,
    check: provider,
};

fn workload_selector(world: &World<'_>, findings: &mut Findings<'_>) {
    for deployment in &world.deployments {
        let Some(selector) = deployment.object.spec.as_ref().map(|spec| &spec.selector) else {
            continue;
        };
        let labels = selector.match_labels.as_ref().unwrap_or(NO_LABELS);
        let is_empty = labels.is_empty() && selector.match_expressions.is_none();
        if is_empty || !deployment.pods_bear(labels) {
            let message = format!("its own pods do not bear `{}`", shown(labels));
            let hint = "give the pod template every label of the selector";
            findings.add(deployment.manifest, "spec.selector.matchLabels", message, hint);
            continue;
        }
        let others = world.selected(deployment.namespace, labels);
        let other = others.iter().find(|other| other.name != deployment.name);
        if let (Some(other), None) = (other, &selector.match_expressions) {
            let message =
                format!("`{}` selects the pods of Deployment {}, too", shown(labels), other.name);
            let hint = "select a label that only its own pods bear, such as `version`";
            findings.add(deployment.manifest, "spec.selector.matchLabels", message, hint);
        }
    }
    macro_rules! selectors {
        ($objects:expr) => {
            for found in &$objects {
                let selector = found.object.spec.selector.as_ref();
                if let Some(labels) = selector.and_then(|selector| selector.match_labels.as_ref()) {
                    selects(world, found.manifest, found.namespace, labels, findings);
                }
            }
        };
    }
    selectors!(world.policies);
    selectors!(world.peer_authentications);
    selectors!(world.telemetries);
    for found in &world.budgets {
        let selector = found.object.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        let labels = selector.and_then(|selector| selector.match_labels.as_ref());
        if let Some(labels) = labels {
            selects(world, found.manifest, found.namespace, labels, findings);
        }
    }
}

fn selects(
    world: &World<'_>,
    manifest: &Manifest,
    namespace: &str,
    selector: &Labels,
    findings: &mut Findings<'_>,
) {
    // In the root namespace, Istio's policies are for the pods of all of them, gateways included.
    let is_gateway = world.installed.gateways.iter().any(|gateway| {
        gateway.namespace == namespace
            && selector
                .iter()
                .all(|(key, value)| gateway.labels.get(key.as_str()) == Some(&value.as_str()))
    });
    let anywhere = namespace == ROOT_NAMESPACE
        && world.deployments.iter().any(|deployment| deployment.pods_bear(selector));
    if !selector.is_empty()
        && !is_gateway
        && !anywhere
        && world.selected(namespace, selector).is_empty()
    {
        let message = format!("no Deployment makes pods with the labels `{}`", shown(selector));
        let hint = format!("select labels that pods of the namespace `{namespace}` bear");
        findings.add(manifest, "spec.selector.matchLabels", message, hint);
    }
}

fn account(world: &World<'_>, findings: &mut Findings<'_>) {
    let own = world.accounts.iter().map(|account| principal(account.namespace, account.name));
    let gateways = &world.installed.gateways;
    let installed = gateways.iter().map(|gateway| principal(gateway.namespace, gateway.account));
    let known: HashSet<String> = own.chain(installed).collect();
    for deployment in &world.deployments {
        let account = deployment.account();
        // Kubernetes makes this one.
        if account != "default" && !known.contains(&principal(deployment.namespace, account)) {
            let message =
                format!("there is no ServiceAccount `{account}` in {}", deployment.namespace);
            let hint = format!("use one of: {}", list(accounts_in(world, deployment)));
            findings.add(
                deployment.manifest,
                "spec.template.spec.serviceAccountName",
                message,
                hint,
            );
        }
    }
    for policy in &world.policies {
        for (rule, found) in policy.object.spec.rules.iter().flatten().enumerate() {
            for (from, source) in found.from.iter().flatten().enumerate() {
                let principals =
                    source.source.iter().flat_map(|source| source.principals.iter().flatten());
                for (index, name) in principals.enumerate() {
                    if !name.contains('*')
                        && !name.ends_with("/sa/default")
                        && !known.contains(name)
                    {
                        let field =
                            format!("spec.rules[{rule}].from[{from}].source.principals[{index}]");
                        let message =
                            format!("no ServiceAccount gives anybody the principal `{name}`");
                        let hint = "write `cluster.local/ns/NAMESPACE/sa/ACCOUNT` of an account that exists";
                        findings.add(policy.manifest, field, message, hint);
                    }
                }
            }
        }
    }
}

fn accounts_in<'a>(world: &World<'a>, deployment: &Placed<'_, Deployment>) -> Vec<&'a str> {
    let accounts = world.accounts.iter().filter(|found| found.namespace == deployment.namespace);
    accounts.map(|account| account.name).collect()
}

fn configuration(world: &World<'_>, findings: &mut Findings<'_>) {
    for deployment in &world.deployments {
        let Some(pod) = deployment.pod() else { continue };
        for (container, found) in pod.containers.iter().enumerate() {
            for (index, mount) in found.volume_mounts.iter().flatten().enumerate() {
                let mut volumes = pod.volumes.iter().flatten();
                if !volumes.any(|volume| volume.name == mount.name) {
                    let field = format!(
                        "spec.template.spec.containers[{container}].volumeMounts[{index}].name"
                    );
                    let message = format!("the pod has no volume `{}`", mount.name);
                    let hint = "name a volume of the pod";
                    findings.add(deployment.manifest, field, message, hint);
                }
            }
        }
        for (field, name) in deployment.pod().map(config_maps).unwrap_or_default() {
            let known = |found: &&Placed<'_, _>| found.namespace == deployment.namespace;
            let mut maps = world.configurations.iter().filter(known);
            if !maps.clone().any(|found| found.name == name) {
                let message = format!("there is no ConfigMap `{name}` in {}", deployment.namespace);
                let hint = format!("use one of: {}", list(maps.by_ref().map(|found| found.name)));
                findings.add(deployment.manifest, field, message, hint);
            }
        }
    }
}

/// The ConfigMaps that a pod cannot start without, with the fields that name them.
fn config_maps(pod: &PodSpec) -> Vec<(String, &str)> {
    let volumes = pod.volumes.iter().flatten().enumerate().filter_map(|(index, volume)| {
        let source = volume.config_map.as_ref().filter(|source| source.optional != Some(true))?;
        Some((format!("spec.template.spec.volumes[{index}].configMap.name"), source.name.as_str()))
    });
    let environment = pod.containers.iter().enumerate().flat_map(|(container, found)| {
        let place = format!("spec.template.spec.containers[{container}]");
        let whole = found.env_from.iter().flatten().enumerate().filter_map({
            let place = place.clone();
            move |(index, source)| {
                let name = source.config_map_ref.as_ref()?.name.as_str();
                Some((format!("{place}.envFrom[{index}].configMapRef.name"), name))
            }
        });
        let single = found.env.iter().flatten().enumerate().filter_map(move |(index, variable)| {
            let key = variable.value_from.as_ref()?.config_map_key_ref.as_ref()?;
            Some((
                format!("{place}.env[{index}].valueFrom.configMapKeyRef.name"),
                key.name.as_str(),
            ))
        });
        whole.chain(single)
    });
    volumes.chain(environment).collect()
}

fn provider(world: &World<'_>, findings: &mut Findings<'_>) {
    let operators: Vec<_> = world
        .manifests
        .iter()
        .filter_map(|manifest| match &manifest.object {
            Object::IstioOperator(operator) => Some(operator),
            _ => None,
        })
        .collect();
    // A list of one's own replaces the profile's.
    let known: Vec<&str> = if operators.is_empty() {
        world.installed.trace_providers.clone()
    } else {
        let providers =
            operators.iter().flat_map(|found| &found.spec.mesh_config.extension_providers);
        providers.map(|provider| provider.name.as_str()).collect()
    };
    for telemetry in &world.telemetries {
        for (index, tracing) in telemetry.object.spec.tracing.iter().flatten().enumerate() {
            for (position, provider) in tracing.providers.iter().flatten().enumerate() {
                if !known.contains(&provider.name.as_str()) {
                    let field = format!("spec.tracing[{index}].providers[{position}].name");
                    let message = format!("Istio has no provider `{}`", provider.name);
                    let hint = format!("use one of: {}", list(&known));
                    findings.add(telemetry.manifest, field, message, hint);
                }
            }
        }
    }
    for operator in world.manifests.iter().filter(|found| found.object.kind() == "IstioOperator") {
        let Object::IstioOperator(spec) = &operator.object else { continue };
        for (index, provider) in spec.spec.mesh_config.extension_providers.iter().enumerate() {
            let host = &provider.opentelemetry.service;
            let port = i64::from(provider.opentelemetry.port);
            let service = world.services.get(host);
            let mut ports =
                service.into_iter().flat_map(|found| super::service::numbered(found.object));
            let found = ports.find(|(_, found)| i64::from(found.port) == port);
            let speaks = found.and_then(|(_, found)| super::service::protocol(found));
            // The provider speaks OTLP over gRPC.
            if speaks.as_deref() != Some("grpc") {
                let field = format!("spec.meshConfig.extensionProviders[{index}].opentelemetry");
                let message = format!("there is no Service `{host}` with a port {port} for gRPC");
                let hint = "without it, Istio sends no span".to_owned();
                findings.add(operator, field, message, hint);
            }
        }
    }
}
