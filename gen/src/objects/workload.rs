//! What runs: a Deployment for each version of a service, and the Service in front of all of them.

use super::{labels, metadata};
use crate::model::{Lab, Lane, Service};
use crate::object::Object;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EnvVar, EnvVarSource, HTTPGetAction,
    ObjectFieldSelector, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile,
    SecurityContext, Service as KubernetesService, ServicePort, ServiceSpec,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;

/// The port that the server listens on inside of its pod.
const CONTAINER_PORT: i32 = 8080;

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

/// The pods of one version of a service: of the baseline, or of a lane.
pub(crate) fn deployment(
    lab: &Lab,
    service: &Service,
    version: &str,
    lane: Option<&Lane>,
) -> Object {
    let labels = labels([("app", &service.name), ("version", version)]);
    Object::Deployment(Box::new(Deployment {
        metadata: ObjectMeta {
            labels: Some(labels.clone()),
            ..metadata(&lab.namespace, &format!("{}-{version}", service.name))
        },
        spec: Some(DeploymentSpec {
            replicas: Some(service.replicas),
            selector: LabelSelector {
                match_labels: Some(labels.clone()),
                ..LabelSelector::default()
            },
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(labels), ..ObjectMeta::default() }),
                spec: Some(PodSpec {
                    containers: vec![container(lab, version, lane)],
                    // The server's own time to stop, 5 s as a lame duck and 30 s for what still runs, and some to spare.
                    termination_grace_period_seconds: Some(40),
                    ..PodSpec::default()
                }),
            },
            ..DeploymentSpec::default()
        }),
        status: None,
    }))
}

fn container(lab: &Lab, version: &str, lane: Option<&Lane>) -> Container {
    let (shortest, longest) = lab.delay_ms;
    let mut env = vec![
        variable("VERSION", version),
        variable("DELAY_MS", &format!("{shortest}..{longest}")),
        // Each may hold a half-sent head of 64 KiB and costs some 24 kB beside it: all together fit into the memory limit.
        variable("MAX_CONNECTIONS", "512"),
        EnvVar { name: "POD_NAME".into(), value: None, value_from: Some(field("metadata.name")) },
    ];
    env.extend(lane.map(|lane| variable("LANE", &lane.name)));
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
        readiness_probe: Some(Probe { period_seconds: Some(2), ..probe("/readyz") }),
        liveness_probe: Some(Probe { period_seconds: Some(10), ..probe("/healthz") }),
        resources: Some(resources()),
        security_context: Some(least_privilege()),
        ..Container::default()
    }
}

fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.into(), value: Some(value.into()), value_from: None }
}

fn field(path: &str) -> EnvVarSource {
    let field_ref =
        ObjectFieldSelector { field_path: path.into(), ..ObjectFieldSelector::default() };
    EnvVarSource { field_ref: Some(field_ref), ..EnvVarSource::default() }
}

fn probe(path: &str) -> Probe {
    let http_get = HTTPGetAction {
        path: Some(path.into()),
        port: IntOrString::String("http".into()),
        ..HTTPGetAction::default()
    };
    Probe { http_get: Some(http_get), ..Probe::default() }
}

fn resources() -> ResourceRequirements {
    let quantities = |cpu: &str, memory: &str| {
        BTreeMap::from(
            [("cpu", cpu), ("memory", memory)]
                .map(|(key, value)| (key.to_owned(), Quantity(value.to_owned()))),
        )
    };
    ResourceRequirements {
        requests: Some(quantities("10m", "16Mi")),
        limits: Some(quantities("500m", "64Mi")),
        ..ResourceRequirements::default()
    }
}

fn least_privilege() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".into()]),
            ..Capabilities::default()
        }),
        read_only_root_filesystem: Some(true),
        run_as_non_root: Some(true),
        run_as_user: Some(65532),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".into(),
            ..SeccompProfile::default()
        }),
        ..SecurityContext::default()
    }
}
