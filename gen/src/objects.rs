//! The model → typed objects: one function for each object that the lab consists of.

pub(crate) mod cluster;
pub(crate) mod draw;
pub(crate) mod entry;
pub(crate) mod ingress;
pub(crate) mod jaeger;
pub(crate) mod mesh;
pub(crate) mod pod;
pub(crate) mod policy;
pub(crate) mod traffic;
pub(crate) mod workload;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use std::collections::BTreeMap;

/// The namespace that Istio itself is installed in.
pub(crate) const ISTIO_NAMESPACE: &str = "istio-system";

fn metadata(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        namespace: Some(namespace.into()),
        ..ObjectMeta::default()
    }
}

fn labels<const N: usize>(labels: [(&str, &str); N]) -> BTreeMap<String, String> {
    labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn selector(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels), ..LabelSelector::default() }
}
