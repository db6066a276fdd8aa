//! The laws of Services: there are pods behind them, and their ports say which protocol they speak and where it goes.

use super::world::{World, shown};
use super::{Findings, Kind, Law, list};
use k8s_openapi::api::core::v1::{Container, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

pub(super) const SELECTOR: Law = Law {
    name: "service-selector",
    istio: None,
    rule: "every Service selects pods",
    kind: Kind::Traffic,
    check: selector,
};

pub(super) const PORT_NAME: Law = Law {
    name: "port-name",
    istio: Some("IST0118"),
    rule: "every port is named for its protocol: `http`, `grpc-otlp`",
    kind: Kind::Traffic,
    check: port_name,
};

pub(super) const TARGET_PORT: Law = Law {
    name: "target-port",
    istio: None,
    rule: "every port of a Service leads to a port that its pods declare",
    kind: Kind::Traffic,
    check: target_port,
};

/// Source: `pkg/config/protocol/instance.go` in istio, and the page "Protocol Selection" of its documentation.
const PROTOCOLS: [&str; 11] =
    ["http", "http2", "https", "grpc", "grpc-web", "tcp", "tls", "udp", "mongo", "mysql", "redis"];

/// What Kubernetes calls some of them in `appProtocol`.
///
/// Source: `ConvertProtocol` in istio's `pkg/config/kube/conversion.go`.
const APP_PROTOCOLS: [(&str, &str); 3] =
    [("kubernetes.io/h2c", "http2"), ("kubernetes.io/ws", "http"), ("kubernetes.io/wss", "https")];

/// The protocol that Istio takes a port for, if it says one.
pub(super) fn protocol(port: &ServicePort) -> Option<String> {
    if let Some(app) = &port.app_protocol {
        let known =
            APP_PROTOCOLS.iter().find(|(name, _)| name == app).map(|(_, protocol)| *protocol);
        let app = known.unwrap_or(app).to_lowercase();
        return PROTOCOLS.contains(&app.as_str()).then_some(app);
    }
    let name = port.name.as_deref().unwrap_or_default().to_lowercase();
    // The longest one: `grpc-web` begins with `grpc`.
    let named = PROTOCOLS.iter().filter(|known| {
        name.strip_prefix(**known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    named.max_by_key(|known| known.len()).map(|known| (*known).to_owned())
}

pub(super) fn is_http(protocol: &str) -> bool {
    ["http", "http2", "grpc", "grpc-web"].contains(&protocol)
}

/// The numbers of a Service's ports.
pub(super) fn ports(service: &Service) -> Vec<i64> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    ports.map(|port| port.port.into()).collect()
}

fn selector(world: &World<'_>, findings: &mut Findings<'_>) {
    for service in world.services.values() {
        if world.behind(service).is_empty() {
            let selector = service.object.spec.as_ref().and_then(|spec| spec.selector.clone());
            let message = match selector.unwrap_or_default() {
                none if none.is_empty() => "selects no pods: there is no selector".to_owned(),
                labels => format!("no Deployment makes pods with the labels `{}`", shown(&labels)),
            };
            let hint = "select labels that the pods of a Deployment in this namespace bear";
            findings.add(service.manifest, "spec.selector", message, hint);
        }
    }
}

fn port_name(world: &World<'_>, findings: &mut Findings<'_>) {
    for service in world.services.values() {
        for (index, port) in numbered(service.object) {
            if protocol(port).is_none() && port.protocol.as_deref() != Some("UDP") {
                let (field, said) = match &port.app_protocol {
                    Some(app) => ("appProtocol", app.as_str()),
                    None => ("name", port.name.as_deref().unwrap_or_default()),
                };
                let message =
                    format!("`{said}` does not say which protocol port {} speaks", port.port);
                let hint = format!("begin it with one of: {}", PROTOCOLS.join(", "));
                let field = format!("spec.ports[{index}].{field}");
                findings.add(service.manifest, field, message, hint);
            }
        }
    }
}

fn target_port(world: &World<'_>, findings: &mut Findings<'_>) {
    for service in world.services.values() {
        let behind = world.behind(service);
        for (index, port) in numbered(service.object) {
            let target = port.target_port.clone().unwrap_or(IntOrString::Int(port.port));
            for deployment in &behind {
                let containers = deployment.pod().map_or(&[][..], |pod| &pod.containers);
                if resolved(containers, &target).is_none() {
                    let target = match &target {
                        IntOrString::Int(number) => number.to_string(),
                        IntOrString::String(name) => name.clone(),
                    };
                    let ports =
                        containers.iter().flat_map(|container| container.ports.iter().flatten());
                    let declared = ports.map(|port| port.container_port.to_string());
                    findings.add(
                        service.manifest,
                        format!("spec.ports[{index}].targetPort"),
                        format!(
                            "the pods of Deployment {} declare no port `{target}`",
                            deployment.name
                        ),
                        format!("use one of: {}", list(declared)),
                    );
                }
            }
        }
    }
}

/// The number of the container port that a Service's port leads to.
pub(super) fn resolved(containers: &[Container], target: &IntOrString) -> Option<i32> {
    let mut ports = containers.iter().flat_map(|container| container.ports.iter().flatten());
    let port = ports.find(|port| match target {
        IntOrString::Int(number) => port.container_port == *number,
        IntOrString::String(name) => port.name.as_ref() == Some(name),
    });
    port.map(|port| port.container_port)
}

pub(super) fn numbered(service: &Service) -> impl Iterator<Item = (usize, &ServicePort)> {
    service.spec.iter().flat_map(|spec| spec.ports.iter().flatten()).enumerate()
}
