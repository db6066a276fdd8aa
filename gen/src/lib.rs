//! model → typed objects → checks → layout → render → `out/`; and back again: files → typed objects.

pub mod check;
pub mod cli;
pub mod host;
pub mod layout;
pub mod model;
pub mod object;
mod objects;
pub mod out;
pub mod read;
mod render;
#[cfg(test)]
mod tests;
pub mod versions;
pub mod violation;

use layout::{Layer, RenderedFile};
use model::Lab;
use violation::Violation;

/// Renders the whole of `out/`: every file of every layer with its text, sorted by path.
///
/// # Errors
/// All violations of the laws in [`check`], for every set of layers that can be applied together.
pub fn rendered(lab: &Lab) -> Result<Vec<RenderedFile>, Vec<Violation>> {
    let layers = layout::layers(lab);
    let violations: Vec<Violation> = applicable_sets(&layers)
        .iter()
        .flat_map(|set| check::check(&layout::applied(set)))
        .collect();
    if violations.is_empty() { Ok(render::files(&layers)) } else { Err(violations) }
}

/// The sets of layers that users apply: the ground, and the ground with one lane on top.
fn applicable_sets(layers: &[Layer]) -> Vec<Vec<&Layer>> {
    let (ground, lanes): (Vec<&Layer>, Vec<&Layer>) =
        layers.iter().partition(|layer| !layer.name.starts_with(layout::LANE_LAYER_PREFIX));
    let with_lane = lanes.into_iter().map(|lane| ground.iter().copied().chain([lane]).collect());
    std::iter::once(ground.clone()).chain(with_lane).collect()
}
