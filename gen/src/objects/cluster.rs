//! What only a cluster needs, before any layer: the cluster itself, and Istio.

use super::{ISTIO_NAMESPACE, jaeger, metadata};
use crate::kind::istio_operator::{
    self, AccessLogEncoding, ExtensionProvider, IstioOperator, MeshConfig, OpenTelemetryProvider,
    ProxyConfig,
};
use crate::kind::k3d::{
    self, ExtraArg, K3dOptions, K3sOptions, KubeconfigOptions, Options, Port, Simple,
};
use crate::object::Object;
use crate::versions;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The name of the trace provider that the Telemetry asks for; Istio's demo profile calls it so too.
pub(crate) const TRACE_PROVIDER: &str = "jaeger";

/// How long a sidecar lets what runs end, when it is told to stop; Istio's default, said aloud.
pub(crate) const SIDECAR_DRAIN_SECONDS: i64 = 5;

/// Ports of the host, and those of the gateway that they lead to.
const PORTS: [(u16, u16); 2] = [(8080, 80), (8443, 443)];

/// Parts of k3s that the lab has no use for, or that would take the gateway's ports.
const DISABLED: [&str; 3] = ["traefik", "metrics-server", "local-storage"];

pub(crate) fn k3d() -> Object {
    let filter = |filter: &str| vec![filter.to_owned()];
    Object::Simple(Box::new(Simple {
        api_version: k3d::API_VERSION.into(),
        kind: "Simple".into(),
        metadata: ObjectMeta { name: Some("istio-lab".into()), ..ObjectMeta::default() },
        servers: 1,
        agents: 1,
        image: versions::K3S_IMAGE.into(),
        ports: PORTS
            .map(|(host, gateway)| Port {
                port: format!("{host}:{gateway}"),
                node_filters: filter("loadbalancer"),
            })
            .into(),
        options: Options {
            k3d: K3dOptions { wait: true, timeout: "300s".into() },
            k3s: K3sOptions {
                extra_args: DISABLED
                    .map(|part| ExtraArg {
                        arg: format!("--disable={part}"),
                        node_filters: filter("server:*"),
                    })
                    .into(),
            },
            kubeconfig: KubeconfigOptions {
                update_default_kubeconfig: true,
                switch_current_context: true,
            },
        },
    }))
}

pub(crate) fn istio() -> Object {
    Object::IstioOperator(Box::new(IstioOperator {
        api_version: istio_operator::API_VERSION.into(),
        kind: "IstioOperator".into(),
        metadata: metadata(ISTIO_NAMESPACE, "istio"),
        spec: istio_operator::Spec {
            profile: "demo".into(),
            hub: versions::ISTIO_HUB.into(),
            tag: versions::ISTIO.into(),
            mesh_config: MeshConfig {
                access_log_file: "/dev/stdout".into(),
                access_log_encoding: AccessLogEncoding::Json,
                extension_providers: vec![ExtensionProvider {
                    name: TRACE_PROVIDER.into(),
                    opentelemetry: OpenTelemetryProvider {
                        service: jaeger::collector_host(),
                        port: jaeger::OTLP_GRPC,
                    },
                }],
                default_config: ProxyConfig {
                    termination_drain_duration: format!("{SIDECAR_DRAIN_SECONDS}s"),
                },
            },
        },
    }))
}
