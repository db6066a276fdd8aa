//! What runs: a Deployment for each version of a service; its account, its Service and its disruption budget.

use super::pod::{field, least_privilege, probe, resources, unprivileged, variable};
use super::{labels, metadata, selector};
use crate::model::{Lab, Lane, Service};
use crate::object::Object;
use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, PodSpec, PodTemplateSpec, Service as KubernetesService,
    ServiceAccount, ServicePort, ServiceSpec, TopologySpreadConstraint,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;

/// The port that the server listens on inside of its pod.
pub(crate) const CONTAINER_PORT: i32 = 8080;

/// The user of the server's image.
const USER: i64 = 65532;

/// How a pod of the server stops, in seconds, one after the other: it is not ready any more, but still answers;
/// what runs ends; then the sidecar drains, which stops after the application.
mod stop {
    pub(super) const LAME_DUCK: i64 = 5;
    pub(super) const DRAIN: i64 = 30;
    pub(super) const SIDECAR: i64 = super::super::cluster::SIDECAR_DRAIN_SECONDS;
}

/// The identity of a service's pods: policies name it as a principal.
pub(crate) fn account(lab: &Lab, service: &Service) -> Object {
    Object::ServiceAccount(Box::new(ServiceAccount {
        metadata: metadata(&lab.namespace, &service.name),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }))
}

pub(crate) fn service(lab: &Lab, service: &Service) -> Object {
    let app = labels([("app", &service.name)]);
    Object::Service(Box::new(KubernetesService {
        metadata: ObjectMeta {
            labels: Some(app.clone()),
            ..metadata(&lab.namespace, &service.name)
        },
        spec: Some(ServiceSpec {
            ports: Some(vec![ServicePort {
                name: Some("http".into()),
                port: 80,
                protocol: Some("TCP".into()),
                target_port: Some(IntOrString::Int(CONTAINER_PORT)),
                ..ServicePort::default()
            }]),
            selector: Some(app),
            ..ServiceSpec::default()
        }),
        status: None,
    }))
}

/// One budget for all versions of a service: of all its pods, one may be taken away at a time.
pub(crate) fn budget(lab: &Lab, service: &Service) -> Object {
    Object::PodDisruptionBudget(Box::new(PodDisruptionBudget {
        metadata: metadata(&lab.namespace, &service.name),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(selector(labels([("app", &service.name)]))),
            // A pod that is not ready serves nobody: nothing waits for it.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".into()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }))
}

/// The pods of the baseline.
pub(crate) fn baseline(lab: &Lab, service: &Service) -> Object {
    deployment(lab, service, &lab.baseline, service.replicas, None)
}

/// The pods of a lane.
pub(crate) fn canary(lab: &Lab, service: &Service, lane: &Lane) -> Object {
    deployment(lab, service, &lane.name, lane.replicas, Some(lane))
}

fn deployment(
    lab: &Lab,
    service: &Service,
    version: &str,
    replicas: i32,
    lane: Option<&Lane>,
) -> Object {
    let labels = labels([("app", &service.name), ("version", version)]);
    Object::Deployment(Box::new(Deployment {
        metadata: ObjectMeta {
            labels: Some(labels.clone()),
            ..metadata(&lab.namespace, &format!("{}-{version}", service.name))
        },
        spec: Some(DeploymentSpec {
            replicas: Some(replicas),
            selector: selector(labels.clone()),
            strategy: Some(one_more_before_one_less()),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels.clone()),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod(service, labels, container(lab, service, version, lane))),
            },
            ..DeploymentSpec::default()
        }),
        status: None,
    }))
}

fn one_more_before_one_less() -> DeploymentStrategy {
    DeploymentStrategy {
        type_: Some("RollingUpdate".into()),
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(IntOrString::Int(1)),
            max_unavailable: Some(IntOrString::Int(0)),
        }),
    }
}

fn pod(service: &Service, labels: BTreeMap<String, String>, container: Container) -> PodSpec {
    PodSpec {
        automount_service_account_token: Some(false),
        containers: vec![container],
        // Services are found by name; a variable for each of them would only fill the environment.
        enable_service_links: Some(false),
        security_context: Some(unprivileged(USER)),
        service_account_name: Some(service.name.clone()),
        termination_grace_period_seconds: Some(stop::LAME_DUCK + stop::DRAIN + stop::SIDECAR),
        topology_spread_constraints: Some(vec![TopologySpreadConstraint {
            label_selector: Some(selector(labels)),
            max_skew: 1,
            topology_key: "kubernetes.io/hostname".into(),
            when_unsatisfiable: "ScheduleAnyway".into(),
            ..TopologySpreadConstraint::default()
        }]),
        ..PodSpec::default()
    }
}

fn container(lab: &Lab, service: &Service, version: &str, lane: Option<&Lane>) -> Container {
    let (shortest, longest) = lab.delay_ms;
    let mut env = vec![variable("VERSION", version)];
    env.extend(lane.map(|lane| variable("LANE", &lane.name)));
    let calls = service.calls.iter();
    env.extend(calls.map(|call| variable(&call.variable, &format!("http://{}", call.service))));
    env.extend([
        variable("DELAY_MS", &format!("{shortest}..{longest}")),
        // Each may hold a half-sent head of 64 KiB and costs some 24 kB beside it: all together fit into the memory limit.
        variable("MAX_CONNECTIONS", "512"),
        variable("DRAIN_TIMEOUT_MS", &format!("{}", stop::DRAIN * 1000)),
        field("POD_NAME", "metadata.name"),
    ]);
    Container {
        name: "httpserver".into(),
        image: Some(lab.image.clone()),
        image_pull_policy: Some("IfNotPresent".into()),
        env: Some(env),
        ports: Some(vec![ContainerPort {
            name: Some("http".into()),
            container_port: CONTAINER_PORT,
            ..ContainerPort::default()
        }]),
        readiness_probe: Some(probe("/readyz", "http", 2)),
        liveness_probe: Some(probe("/healthz", "http", 10)),
        resources: Some(resources(("10m", "500m"), ("16Mi", "64Mi"))),
        security_context: Some(least_privilege()),
        ..Container::default()
    }
}
