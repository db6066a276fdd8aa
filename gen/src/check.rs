//! Objects → violations: every law, over the objects that are applied together. All findings, not just the first.

mod name;
mod reference;
mod route;

use crate::object::Manifest;
use crate::violation::{Violation, sorted};

/// Runs every law over `manifests`, which stand for everything that a cluster holds.
pub fn check(manifests: &[Manifest]) -> Vec<Violation> {
    sorted(
        [name::check, reference::check, route::check]
            .iter()
            .flat_map(|law| law(manifests))
            .collect(),
    )
}
