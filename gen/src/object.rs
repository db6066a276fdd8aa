//! The kinds of objects that the lab consists of, each in its typed form, and how one is recognised.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kcr_networking_istio_io::v1::destinationrules::DestinationRule;
use kcr_networking_istio_io::v1::gateways::Gateway;
use kcr_networking_istio_io::v1::virtualservices::VirtualService;
use kcr_security_istio_io::v1::peerauthentications::PeerAuthentication;
use kcr_telemetry_istio_io::v1::telemetries::Telemetry;
use serde::Serialize;
use std::fmt;

/// An object and the file it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    pub file: String,
    pub object: Object,
}

/// Any object of the lab. Serialises as the object itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Object {
    Deployment(Box<Deployment>),
    DestinationRule(Box<DestinationRule>),
    Gateway(Box<Gateway>),
    Namespace(Box<Namespace>),
    PeerAuthentication(Box<PeerAuthentication>),
    Service(Box<Service>),
    Telemetry(Box<Telemetry>),
    VirtualService(Box<VirtualService>),
}

/// What makes two objects the same one: applying a second object with this identity replaces the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
}

impl Object {
    /// Every kind as `(apiVersion, kind)`, in the order of the variants.
    pub const KINDS: [(&'static str, &'static str); 8] = [
        ("apps/v1", "Deployment"),
        ("networking.istio.io/v1", "DestinationRule"),
        ("networking.istio.io/v1", "Gateway"),
        ("v1", "Namespace"),
        ("security.istio.io/v1", "PeerAuthentication"),
        ("v1", "Service"),
        ("telemetry.istio.io/v1", "Telemetry"),
        ("networking.istio.io/v1", "VirtualService"),
    ];

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Deployment(_) => "Deployment",
            Self::DestinationRule(_) => "DestinationRule",
            Self::Gateway(_) => "Gateway",
            Self::Namespace(_) => "Namespace",
            Self::PeerAuthentication(_) => "PeerAuthentication",
            Self::Service(_) => "Service",
            Self::Telemetry(_) => "Telemetry",
            Self::VirtualService(_) => "VirtualService",
        }
    }

    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Deployment(object) => &object.metadata,
            Self::DestinationRule(object) => &object.metadata,
            Self::Gateway(object) => &object.metadata,
            Self::Namespace(object) => &object.metadata,
            Self::PeerAuthentication(object) => &object.metadata,
            Self::Service(object) => &object.metadata,
            Self::Telemetry(object) => &object.metadata,
            Self::VirtualService(object) => &object.metadata,
        }
    }

    pub fn identity(&self) -> Identity {
        let metadata = self.metadata();
        Identity {
            kind: self.kind(),
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, namespace, name } = self;
        if namespace.is_empty() {
            write!(formatter, "{kind} {name}")
        } else {
            write!(formatter, "{kind} {namespace}/{name}")
        }
    }
}
