//! Layers and how far a release has come → the objects in force.
//!
//! On the ground stand the lanes that are live, all at once: a VirtualService has the rules of all of them, those of one
//! entry together. A share of all users may be drawn into one lane. A lane that was promoted is the baseline.

mod counterpart;
mod draw;
mod merge;
mod promote;
mod step;

pub use counterpart::{Counterpart, counterparts};
pub use draw::{Draw, Side, TICKETS, ticket};
pub use step::{Refusal, Step};

use crate::NamedManifests;
use crate::object::{Manifest, Object};
use serde::{Deserialize, Serialize};

/// How far a release has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The lanes that are live, in the order in which they were started.
    pub lanes: Vec<String>,
    /// The lane that a share of all users is drawn into.
    pub draw: Option<Draw>,
    /// The lanes that have become the baseline, one after the other.
    pub promoted: Vec<String>,
}

impl State {
    /// Every lane whose layer is needed for [`objects`].
    pub fn layers(&self) -> impl Iterator<Item = &String> {
        self.promoted.iter().chain(&self.lanes)
    }
}

/// The objects in force. `ground` is what is applied without any lane; `lanes` are the layers of lanes, by the names of the
/// lanes, each rendered as if it alone stood on the ground.
///
/// # Errors
/// A share of users cannot be drawn, because the ground has no rule that takes everybody else.
pub fn objects(
    ground: &[Manifest],
    lanes: &[NamedManifests],
    state: &State,
) -> Result<Vec<Manifest>, Refusal> {
    let layer = |name: &String| lanes.iter().find(|(lane, _)| lane == name);
    let mut objects = ground.to_vec();
    for (_, layer) in state.layers().filter_map(layer) {
        merge::add(&mut objects, layer);
    }
    for (lane, layer) in state.promoted.iter().filter_map(layer) {
        promote::promote(&mut objects, lane, layer);
    }
    if let Some(draw) = &state.draw {
        let drawn = layer(&draw.lane).map_or(&[][..], |(_, layer)| layer);
        draw::add(&mut objects, drawn, draw)?;
    }
    // Make before break: pods, then subsets, then the routes to them.
    objects.sort_by_key(|manifest| match manifest.object {
        Object::VirtualService(_) => 2,
        Object::DestinationRule(_) => 1,
        _ => 0,
    });
    Ok(objects)
}
