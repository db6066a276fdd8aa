//! What all pods of the lab have in common: few privileges, stated resources, probes.

use k8s_openapi::api::core::v1::{
    Capabilities, EnvVar, EnvVarSource, HTTPGetAction, ObjectFieldSelector, PodSecurityContext,
    Probe, ResourceRequirements, SeccompProfile, SecurityContext,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;

pub(super) fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.into(), value: Some(value.into()), value_from: None }
}

/// A variable that holds a field of the pod, such as `metadata.name`.
pub(super) fn field(name: &str, path: &str) -> EnvVar {
    let field_ref =
        ObjectFieldSelector { field_path: path.into(), ..ObjectFieldSelector::default() };
    let source = EnvVarSource { field_ref: Some(field_ref), ..EnvVarSource::default() };
    EnvVar { name: name.into(), value: None, value_from: Some(source) }
}

/// `GET path` at the port of this name, every `period` seconds.
pub(super) fn probe(path: &str, port: &str, period: i32) -> Probe {
    let http_get = HTTPGetAction {
        path: Some(path.into()),
        port: IntOrString::String(port.into()),
        ..HTTPGetAction::default()
    };
    Probe { http_get: Some(http_get), period_seconds: Some(period), ..Probe::default() }
}

/// Each as `(requested, limit)`; logs are what uses the ephemeral storage.
pub(super) fn resources(cpu: (&str, &str), memory: (&str, &str)) -> ResourceRequirements {
    let quantities = |cpu: &str, memory: &str, storage: &str| {
        let quantities = [("cpu", cpu), ("memory", memory), ("ephemeral-storage", storage)];
        let owned = quantities.map(|(key, value)| (key.to_owned(), Quantity(value.to_owned())));
        Some(BTreeMap::from(owned))
    };
    ResourceRequirements {
        requests: quantities(cpu.0, memory.0, "16Mi"),
        limits: quantities(cpu.1, memory.1, "256Mi"),
        ..ResourceRequirements::default()
    }
}

/// The user of the whole pod: a number, so that a cluster can see that it is not root.
pub(super) fn unprivileged(user: i64) -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(user),
        run_as_group: Some(user),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".into(),
            ..SeccompProfile::default()
        }),
        ..PodSecurityContext::default()
    }
}

/// Nothing that a container would need to break out, and nothing that it could change.
pub(super) fn least_privilege() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".into()]),
            ..Capabilities::default()
        }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}
