//! What embedded mode honours of a Service: its selector and its HTTP ports.

use super::workload::{PortReference, Tcp};
use super::{ClusterOnly, Labels};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceSpec {
    #[serde(default)]
    pub(crate) selector: Labels,
    #[serde(default)]
    pub(crate) ports: Vec<ServicePort>,
    #[serde(default, rename = "type")]
    _type: ServiceType,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) enum ServiceType {
    #[default]
    #[serde(rename = "ClusterIP")]
    ClusterIp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServicePort {
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) port: u16,
    #[serde(default)]
    pub(crate) target_port: Option<PortReference>,
    #[serde(default, rename = "appProtocol")]
    pub(crate) app_protocol: Option<String>,
    #[serde(default, rename = "protocol")]
    _protocol: Tcp,
    #[serde(default, rename = "nodePort")]
    _node_port: ClusterOnly,
}
