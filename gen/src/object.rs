//! The kinds of objects that the lab consists of, each in its typed form, and how one is recognised.

use crate::kind::istio_operator::IstioOperator;
use crate::kind::k3d::Simple;
use crate::read::{Place, strict};
use crate::violation::Violation;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, Service, ServiceAccount};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kcr_networking_istio_io::v1::destinationrules::DestinationRule;
use kcr_networking_istio_io::v1::gateways::Gateway;
use kcr_networking_istio_io::v1::virtualservices::VirtualService;
use kcr_security_istio_io::v1::authorizationpolicies::AuthorizationPolicy;
use kcr_security_istio_io::v1::peerauthentications::PeerAuthentication;
use kcr_telemetry_istio_io::v1::telemetries::Telemetry;
use serde::Serialize;
use serde_yaml::Value;
use std::fmt;

/// An object and the file it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    pub file: String,
    pub object: Object,
}

/// What makes two objects the same one: applying a second object with this identity replaces the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
}

/// One line for each kind; a macro, so that no list of kinds can forget one.
macro_rules! kinds {
    ($($kind:ident of $version:literal),+ $(,)?) => {
        /// Any object of the lab. Serialises as the object itself.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Object {
            $($kind(Box<$kind>)),+
        }

        impl Object {
            /// Every kind as `(apiVersion, kind)`, in the order of the variants.
            pub const KINDS: &'static [(&'static str, &'static str)] =
                &[$(($version, stringify!($kind))),+];

            pub fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => stringify!($kind)),+ }
            }

            pub fn metadata(&self) -> &ObjectMeta {
                match self { $(Self::$kind(object) => &object.metadata),+ }
            }

            /// Reads a value as the kind that it claims to be; nothing, if no kind of the lab has these two names.
            pub(crate) fn read(place: &Place<'_>, value: Value) -> Option<Result<Self, Vec<Violation>>> {
                Some(match (place.version, place.kind) {
                    $(($version, stringify!($kind)) => strict(place, value).map(Self::$kind),)+
                    _ => return None,
                })
            }
        }
    };
}

kinds! {
    AuthorizationPolicy of "security.istio.io/v1",
    ConfigMap of "v1",
    Deployment of "apps/v1",
    DestinationRule of "networking.istio.io/v1",
    Gateway of "networking.istio.io/v1",
    IstioOperator of "install.istio.io/v1alpha1",
    Namespace of "v1",
    PeerAuthentication of "security.istio.io/v1",
    PodDisruptionBudget of "policy/v1",
    Secret of "v1",
    Service of "v1",
    ServiceAccount of "v1",
    Simple of "k3d.io/v1alpha5",
    Telemetry of "telemetry.istio.io/v1",
    VirtualService of "networking.istio.io/v1",
}

impl Object {
    pub fn identity(&self) -> Identity {
        let metadata = self.metadata();
        Identity {
            kind: self.kind(),
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
        }
    }

    /// Whether objects of this kind stand in a namespace.
    pub fn is_namespaced(&self) -> bool {
        !matches!(self, Self::Namespace(_) | Self::Simple(_))
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
