//! The kinds that no published crate has types for: small, typed, and unknown fields refused.

pub mod istio_operator;
pub mod k3d;
mod kustomization;

pub(crate) use kustomization::legacy_rank;
pub use kustomization::{Kustomization, SortOptions, SortOrder};
