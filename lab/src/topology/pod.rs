//! A Deployment → its pods, each with the name, labels, environment and readiness that a kubelet would give it.

use super::container;
use super::view::workload::{Container, DeploymentSpec, FieldPath, PodTemplate};
use super::view::{self, Labels};
use manifests::object::Manifest;
use manifests::violation::Violation;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// A pod: embedded, one process of the server.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    /// `<deployment>-<hash of the template>-<number>`: a changed template makes other pods, as a rolling update does.
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) labels: Labels,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) args: Vec<String>,
    /// The one port that the container listens on.
    pub(crate) port: u16,
    pub(crate) port_name: String,
    pub(crate) readiness: Option<Readiness>,
    /// How long a stopping pod may take to finish what is running.
    pub(crate) grace: Duration,
}

/// An HTTP readiness probe, on the container's port.
#[derive(Clone, Debug)]
pub(crate) struct Readiness {
    pub(crate) path: String,
    pub(crate) initial_delay: Duration,
    pub(crate) period: Duration,
    pub(crate) timeout: Duration,
    pub(crate) failure_threshold: u32,
    pub(crate) success_threshold: u32,
}

impl Pod {
    pub(crate) fn label(&self, key: &str) -> &str {
        self.labels.get(key).map_or("", String::as_str)
    }

    /// Whether the pod bears all of these labels.
    pub(crate) fn has(&self, labels: &Labels) -> bool {
        labels.iter().all(|(key, value)| self.labels.get(key) == Some(value))
    }
}

/// The label by which a pod declines its sidecar.
const INJECT: &str = "sidecar.istio.io/inject";

/// The pods that a Deployment asks for.
pub(super) fn pods(manifest: &Manifest) -> Result<Vec<Pod>, Vec<Violation>> {
    let deployment = view::of::<DeploymentSpec>(manifest)?;
    let template = &deployment.spec.template;
    let selected =
        |(key, value): (&String, &String)| template.metadata.labels.get(key) == Some(value);
    if !deployment.spec.selector.match_labels.iter().all(selected) {
        let message = "does not select the labels of the pod template".to_owned();
        let hint = "give the template every label of the selector".to_owned();
        return Err(vec![Violation::of_field(
            manifest,
            "spec.selector.matchLabels",
            message,
            hint,
        )]);
    }
    if template.metadata.labels.get(INJECT).is_some_and(|value| value != "true") {
        let field = format!("spec.template.metadata.labels.{INJECT}");
        let message = "embedded mode gives every pod a sidecar".to_owned();
        let hint = "remove the label, or run this layer on a cluster".to_owned();
        return Err(vec![Violation::of_field(manifest, field, message, hint)]);
    }
    let [container] = template.spec.containers.as_slice() else {
        let count = template.spec.containers.len();
        let message = format!("embedded mode runs pods of one container, not of {count}");
        let hint = "leave the sidecar to the lab, and other containers to a cluster".to_owned();
        return Err(vec![Violation::of_field(
            manifest,
            "spec.template.spec.containers",
            message,
            hint,
        )]);
    };
    let objections = container::objections(container);
    if !objections.is_empty() {
        let violation = |(field, message, hint)| {
            let field = format!("spec.template.spec.containers[0].{field}");
            Violation::of_field(manifest, field, message, hint)
        };
        return Err(objections.into_iter().map(violation).collect());
    }
    let hash = hash(manifest);
    let name = |number| format!("{}-{hash:08x}-{number}", deployment.metadata.name);
    let namespace = &deployment.metadata.namespace;
    Ok((0..deployment.spec.replicas)
        .map(|number| pod(name(number), namespace, template, container))
        .collect())
}

fn pod(name: String, namespace: &str, template: &PodTemplate, container: &Container) -> Pod {
    let env = container.env.iter().map(|variable| {
        let value = match variable.value_from.as_ref().map(|source| source.field_ref.field_path) {
            None => variable.value.clone(),
            Some(FieldPath::Name) => name.clone(),
            Some(FieldPath::Namespace) => namespace.to_owned(),
        };
        (variable.name.clone(), value)
    });
    let port = &container.ports[0];
    let readiness = container.readiness_probe.as_ref().map(|probe| Readiness {
        path: probe.http_get.path.clone(),
        initial_delay: Duration::from_secs(probe.initial_delay_seconds),
        period: Duration::from_secs(probe.period_seconds.max(1)),
        timeout: Duration::from_secs(probe.timeout_seconds.max(1)),
        failure_threshold: probe.failure_threshold.max(1),
        success_threshold: probe.success_threshold.max(1),
    });
    Pod {
        env: env.collect(),
        name,
        namespace: namespace.to_owned(),
        labels: template.metadata.labels.clone(),
        args: container.args.clone(),
        port: port.number,
        port_name: port.name.clone(),
        readiness,
        grace: Duration::from_secs(template.spec.termination_grace_period_seconds),
    }
}

/// A number that changes with the pod template, as the hash in a ReplicaSet's name does.
fn hash(manifest: &Manifest) -> u32 {
    let mut hasher = DefaultHasher::new();
    let template =
        serde_json::to_value(&manifest.object).map(|object| object["spec"]["template"].to_string());
    template.unwrap_or_default().hash(&mut hasher);
    // Pods of two namespaces may bear one name on a cluster; here they share a machine.
    manifest.object.identity().namespace.hash(&mut hasher);
    let [.., a, b, c, d] = hasher.finish().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
