//! Services and DestinationRules → what clusters are made of: hosts, ports, selectors, subsets, load balancers.

use super::Pod;
use super::view::destination_rule::{DestinationRuleSpec, SimpleLoadBalancer, TrafficPolicy};
use super::view::service::ServiceSpec;
use super::view::workload::PortReference;
use super::view::{self, Labels};
use manifests::host;
use manifests::object::Manifest;
use manifests::violation::Violation;

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// Fully qualified.
    pub(crate) host: String,
    pub(crate) selector: Labels,
    pub(crate) ports: Vec<Port>,
    pub(crate) subsets: Vec<Subset>,
    pub(crate) load_balancer: Option<SimpleLoadBalancer>,
}

#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    pub(crate) target: PortReference,
}

#[derive(Debug)]
pub(crate) struct Subset {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) load_balancer: Option<SimpleLoadBalancer>,
}

/// A DestinationRule, before it meets its service.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) host: String,
    pub(super) subsets: Vec<Subset>,
    pub(super) load_balancer: Option<SimpleLoadBalancer>,
}

impl Service {
    /// Whether this pod stands behind this port.
    pub(crate) fn selects(&self, pod: &Pod, port: &Port) -> bool {
        !self.selector.is_empty()
            && self.namespace == pod.namespace
            && pod.has(&self.selector)
            && super::container::refers_to(&port.target, pod.port, &pod.port_name)
    }
}

pub(super) fn service(manifest: &Manifest) -> Result<Service, Vec<Violation>> {
    let service = view::of::<ServiceSpec>(manifest)?;
    for (index, port) in service.spec.ports.iter().enumerate() {
        let protocol = port
            .app_protocol
            .as_deref()
            .unwrap_or_else(|| port.name.split('-').next().unwrap_or_default());
        if protocol != "http" {
            let message = format!("embedded mode cannot tell that port {} speaks HTTP", port.port);
            let field = if port.app_protocol.is_some() { "appProtocol" } else { "name" };
            let hint = "name it `http` or `http-…`, as Istio asks for".to_owned();
            return Err(vec![Violation::of_field(
                manifest,
                format!("spec.ports[{index}].{field}"),
                message,
                hint,
            )]);
        }
    }
    let view::Metadata { name, namespace, .. } = service.metadata;
    let ports = service.spec.ports.into_iter().map(|port| Port {
        number: port.port,
        target: port.target_port.unwrap_or(PortReference::Number(port.port)),
    });
    Ok(Service {
        host: host::service(&name, &namespace),
        name,
        namespace,
        selector: service.spec.selector,
        ports: ports.collect(),
        subsets: Vec::new(),
        load_balancer: None,
    })
}

pub(super) fn rule(manifest: &Manifest) -> Result<Rule, Vec<Violation>> {
    let rule = view::of::<DestinationRuleSpec>(manifest)?;
    let host = host::resolve(&rule.spec.host, &rule.metadata.namespace);
    if !host.ends_with(&format!(".{}.{}", rule.metadata.namespace, host::CLUSTER_DOMAIN)) {
        let message =
            "embedded mode honours a DestinationRule only in the namespace of its host".to_owned();
        let hint = "put it beside the Service, where it counts for every client".to_owned();
        return Err(vec![Violation::of_field(manifest, "metadata.namespace", message, hint)]);
    }
    let subsets = rule.spec.subsets.into_iter().map(|subset| Subset {
        name: subset.name,
        labels: subset.labels,
        load_balancer: load_balancer(subset.traffic_policy),
    });
    Ok(Rule {
        host,
        subsets: subsets.collect(),
        load_balancer: load_balancer(rule.spec.traffic_policy),
    })
}

fn load_balancer(policy: Option<TrafficPolicy>) -> Option<SimpleLoadBalancer> {
    policy.and_then(|policy| policy.load_balancer).map(|balancer| balancer.simple)
}
