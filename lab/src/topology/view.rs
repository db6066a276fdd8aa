//! Typed objects → the part of them that embedded mode honours. A field that is missing here is refused by name.
//!
//! Each struct below mirrors one kind. What stands in it is honoured, except for [`ClusterOnly`] fields: those have a
//! meaning on a cluster alone, and leaving them out changes no answer that the lab gives.

pub(crate) mod authorization_policy;
pub(crate) mod destination_rule;
pub(crate) mod gateway;
pub(crate) mod policy;
pub(crate) mod service;
pub(crate) mod virtual_service;
pub(crate) mod workload;

use manifests::object::Manifest;
use manifests::violation::Violation;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Labels, selectors, annotations.
pub(crate) type Labels = BTreeMap<String, String>;

/// An object of a cluster with a spec of type `S`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resource<S> {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    pub(crate) metadata: Metadata,
    pub(crate) spec: S,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) namespace: String,
    #[serde(default)]
    pub(crate) labels: Labels,
    #[serde(default, rename = "annotations")]
    _annotations: Annotations,
}

/// Notes for people and tools. Those of Istio change what its proxies do, and embedded mode honours none of them.
#[derive(Debug, Default)]
struct Annotations;

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let annotations = Labels::deserialize(deserializer)?;
        let of_istio = |key: &&String| {
            key.split('/').next().is_some_and(|domain| domain.ends_with("istio.io"))
        };
        match annotations.keys().find(of_istio) {
            Some(key) => Err(serde::de::Error::custom(format!("the annotation `{key}`"))),
            None => Ok(Self),
        }
    }
}

/// A value that only a cluster gives a meaning to: scheduling, privileges, what a running cluster fills in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClusterOnly;

impl<'de> Deserialize<'de> for ClusterOnly {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read in full: a skipped value would be reported as a field that nobody knows.
        serde_json::Value::deserialize(deserializer).map(|_| Self)
    }
}

/// Reads the honoured part of an object.
///
/// # Errors
/// Every field that embedded mode does not honour, and the first value that it does not.
pub(crate) fn of<S: DeserializeOwned>(manifest: &Manifest) -> Result<Resource<S>, Vec<Violation>> {
    let refused = |field: String, message: String| {
        let hint = "remove it from the manifest, or run this layer on a cluster".to_owned();
        Violation::of_field(manifest, field, message, hint)
    };
    let value = serde_json::to_value(&manifest.object)
        .map_err(|error| vec![refused(String::new(), format!("cannot be read: {error}"))])?;
    let mut unknown = Vec::new();
    let mut note = |path: serde_ignored::Path<'_>| {
        unknown.push(manifests::read::plain_path(&path.to_string()));
    };
    let read = serde_path_to_error::deserialize(serde_ignored::Deserializer::new(value, &mut note));
    let message = "embedded mode cannot honour this field";
    let mut violations: Vec<Violation> =
        unknown.into_iter().map(|field| refused(field, message.to_owned())).collect();
    match read {
        Ok(read) if violations.is_empty() => Ok(read),
        Ok(_) => Err(violations),
        Err(error) => {
            let field = manifests::read::plain_path(&error.path().to_string());
            violations.push(refused(
                field,
                format!("embedded mode cannot honour this value: {}", error.into_inner()),
            ));
            Err(violations)
        }
    }
}
