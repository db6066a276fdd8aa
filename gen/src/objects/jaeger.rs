//! Jaeger: takes spans by OTLP, keeps the latest traces in memory, and shows them under `/jaeger`.
//!
//! Source: `samples/addons/jaeger.yaml` of Istio, and the configuration reference of Jaeger v2.

use super::pod::{least_privilege, probe, resources, unprivileged};
use super::{ISTIO_NAMESPACE, ingress, labels, metadata, selector};
use crate::host;
use crate::model::Lab;
use crate::object::Object;
use crate::versions;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, Container, ContainerPort, PodSpec, PodTemplateSpec, Service,
    ServiceAccount, ServicePort, ServiceSpec, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualService, VirtualServiceHttp, VirtualServiceHttpMatch, VirtualServiceHttpMatchUri,
    VirtualServiceHttpRedirect, VirtualServiceHttpRoute, VirtualServiceHttpRouteDestination,
    VirtualServiceHttpRouteDestinationPort, VirtualServiceSpec,
};
use serde_json::json;
use std::collections::BTreeMap;

const NAME: &str = "jaeger";
/// The Service that proxies send spans to; Istio's addon calls it so too.
const COLLECTOR: &str = "jaeger-collector";
/// The Service of the user interface and of the query API.
const QUERY: &str = "tracing";
/// Where the user interface and the query API are, at any host.
const BASE_PATH: &str = "/jaeger";

pub(crate) const OTLP_GRPC: u16 = 4317;
const OTLP_HTTP: u16 = 4318;
const QUERY_HTTP: u16 = 16686;
const HEALTH: u16 = 13133;
/// The user of Jaeger's image.
const USER: i64 = 10001;
/// The oldest trace goes when there are more.
const MAX_TRACES: u32 = 50_000;
const CONFIGURATION: &str = "/etc/jaeger";

pub(crate) fn collector_host() -> String {
    host::service(COLLECTOR, ISTIO_NAMESPACE)
}

pub(crate) fn configuration() -> Object {
    let everywhere = |port: u16| json!({ "endpoint": format!("0.0.0.0:{port}") });
    let configuration = json!({
        "extensions": {
            "healthcheckv2": { "use_v2": true, "http": everywhere(HEALTH) },
            "jaeger_query": { "base_path": BASE_PATH, "http": everywhere(QUERY_HTTP), "storage": { "traces": "memory" } },
            "jaeger_storage": { "backends": { "memory": { "memory": { "max_traces": MAX_TRACES } } } },
        },
        "receivers": {
            "otlp": { "protocols": { "grpc": everywhere(OTLP_GRPC), "http": everywhere(OTLP_HTTP) } },
        },
        "processors": { "batch": {} },
        "exporters": { "jaeger_storage_exporter": { "trace_storage": "memory" } },
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query", "healthcheckv2"],
            "pipelines": { "traces": {
                "receivers": ["otlp"],
                "processors": ["batch"],
                "exporters": ["jaeger_storage_exporter"],
            } },
        },
    });
    // JSON's keys are strings, so YAML can always hold them.
    let text = serde_yaml::to_string(&configuration).expect("a configuration renders as YAML");
    Object::ConfigMap(Box::new(ConfigMap {
        metadata: metadata(ISTIO_NAMESPACE, NAME),
        data: Some(BTreeMap::from([("config.yaml".to_owned(), text)])),
        ..ConfigMap::default()
    }))
}

pub(crate) fn account() -> Object {
    Object::ServiceAccount(Box::new(ServiceAccount {
        metadata: metadata(ISTIO_NAMESPACE, NAME),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }))
}

pub(crate) fn deployment() -> Object {
    // Spans of a proxy that sends spans would never end.
    let labels = labels([("app", NAME), ("sidecar.istio.io/inject", "false")]);
    Object::Deployment(Box::new(Deployment {
        metadata: ObjectMeta { labels: Some(app()), ..metadata(ISTIO_NAMESPACE, NAME) },
        spec: Some(DeploymentSpec {
            // The traces are in the memory of one process.
            replicas: Some(1),
            selector: selector(app()),
            strategy: Some(DeploymentStrategy {
                type_: Some("Recreate".into()),
                rolling_update: None,
            }),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(labels), ..ObjectMeta::default() }),
                spec: Some(PodSpec {
                    automount_service_account_token: Some(false),
                    containers: vec![container()],
                    enable_service_links: Some(false),
                    security_context: Some(unprivileged(USER)),
                    service_account_name: Some(NAME.into()),
                    volumes: Some(vec![Volume {
                        name: "configuration".into(),
                        config_map: Some(ConfigMapVolumeSource {
                            name: NAME.into(),
                            ..ConfigMapVolumeSource::default()
                        }),
                        ..Volume::default()
                    }]),
                    ..PodSpec::default()
                }),
            },
            ..DeploymentSpec::default()
        }),
        status: None,
    }))
}

fn container() -> Container {
    let port = |name: &str, number: u16| ContainerPort {
        name: Some(name.into()),
        container_port: number.into(),
        ..ContainerPort::default()
    };
    Container {
        name: NAME.into(),
        image: Some(versions::JAEGER_IMAGE.into()),
        image_pull_policy: Some("IfNotPresent".into()),
        args: Some(vec![format!("--config={CONFIGURATION}/config.yaml")]),
        ports: Some(vec![
            port("otlp-grpc", OTLP_GRPC),
            port("otlp-http", OTLP_HTTP),
            port("query", QUERY_HTTP),
            port("health", HEALTH),
        ]),
        readiness_probe: Some(probe("/status", "health", 5)),
        liveness_probe: Some(probe(&format!("{BASE_PATH}/"), "query", 10)),
        resources: Some(resources(("10m", "1"), ("64Mi", "512Mi"))),
        security_context: Some(least_privilege()),
        volume_mounts: Some(vec![VolumeMount {
            name: "configuration".into(),
            mount_path: CONFIGURATION.into(),
            read_only: Some(true),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}

pub(crate) fn services() -> Vec<Object> {
    let port = |name: &str, port: u16, target: &str| ServicePort {
        name: Some(name.into()),
        port: port.into(),
        protocol: Some("TCP".into()),
        target_port: Some(IntOrString::String(target.into())),
        ..ServicePort::default()
    };
    let service = |name: &str, ports: Vec<ServicePort>| {
        Object::Service(Box::new(Service {
            metadata: ObjectMeta { labels: Some(app()), ..metadata(ISTIO_NAMESPACE, name) },
            spec: Some(ServiceSpec {
                ports: Some(ports),
                selector: Some(app()),
                ..ServiceSpec::default()
            }),
            status: None,
        }))
    };
    vec![
        service(
            COLLECTOR,
            vec![
                port("grpc-otlp", OTLP_GRPC, "otlp-grpc"),
                port("http-otlp", OTLP_HTTP, "otlp-http"),
            ],
        ),
        service(QUERY, vec![port("http-query", 80, "query")]),
    ]
}

fn app() -> BTreeMap<String, String> {
    labels([("app", NAME)])
}

/// The user interface at a host of its own, with a certificate of its own: browsers reuse a connection for every host
/// that its certificate covers, and another host of the same certificate would answer 404 (IST0138).
pub(crate) fn routes(lab: &Lab) -> Vec<Object> {
    let query = VirtualServiceHttpRoute {
        destination: VirtualServiceHttpRouteDestination {
            host: host::service(QUERY, ISTIO_NAMESPACE),
            port: Some(VirtualServiceHttpRouteDestinationPort { number: Some(80) }),
            subset: None,
        },
        ..VirtualServiceHttpRoute::default()
    };
    let uri = |uri: VirtualServiceHttpMatchUri| {
        Some(vec![VirtualServiceHttpMatch { uri: Some(uri), ..VirtualServiceHttpMatch::default() }])
    };
    let exact = |path: &str| VirtualServiceHttpMatchUri {
        exact: Some(path.into()),
        ..VirtualServiceHttpMatchUri::default()
    };
    let prefix = |path: &str| VirtualServiceHttpMatchUri {
        prefix: Some(path.into()),
        ..VirtualServiceHttpMatchUri::default()
    };
    let rules = vec![
        VirtualServiceHttp {
            name: Some("jaeger".into()),
            r#match: uri(prefix(BASE_PATH)),
            route: Some(vec![query]),
            ..VirtualServiceHttp::default()
        },
        VirtualServiceHttp {
            name: Some("home".into()),
            r#match: uri(exact("/")),
            redirect: Some(VirtualServiceHttpRedirect {
                uri: Some(format!("{BASE_PATH}/")),
                ..VirtualServiceHttpRedirect::default()
            }),
            ..VirtualServiceHttp::default()
        },
    ];
    let route = VirtualService {
        metadata: metadata(ISTIO_NAMESPACE, NAME),
        spec: VirtualServiceSpec {
            gateways: Some(vec![NAME.into()]),
            hosts: Some(vec![lab.traces.host.clone()]),
            http: Some(rules),
            ..VirtualServiceSpec::default()
        },
        status: None,
    };
    vec![
        ingress::gateway(ISTIO_NAMESPACE, NAME, &lab.traces),
        Object::VirtualService(Box::new(route)),
    ]
}
