//! kustomize's list of what a folder consists of. Other fields of that kind change objects and are refused.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kustomization {
    pub api_version: String,
    pub kind: String,
    /// Files and folders, relative to the file that lists them.
    pub resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_options: Option<SortOptions>,
}

/// In which order kubectl applies what is listed. Needs kubectl 1.27 or newer.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SortOptions {
    pub order: SortOrder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SortOrder {
    /// As listed.
    Fifo,
    /// By kind, which is what happens when nothing is said.
    Legacy,
}

/// The kinds that come first in the legacy order; all others come after them, sorted by name.
///
/// Source: `api/internal/builtins/SortOrderTransformer.go` in kustomize.
const FIRST: [&str; 7] = [
    "Namespace",
    "ServiceAccount",
    "ConfigMap",
    "Secret",
    "Service",
    "Deployment",
    "PodDisruptionBudget",
];

/// Where a kind stands in the legacy order.
pub(crate) fn legacy_rank(kind: &str) -> (usize, &str) {
    (FIRST.iter().position(|first| *first == kind).unwrap_or(FIRST.len()), kind)
}
