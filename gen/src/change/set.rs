//! Layers → the sets of them that are applied together, old and new side by side: the ground, and one lane's layer on it.

use super::{State, listed};
use crate::flow::{Class, Flow};
use crate::layout::LANE_LAYER_PREFIX;
use crate::object::Manifest;
use std::collections::BTreeSet;

/// A set of layers in both states. Where one of them does not have the lane's layer, it is the ground alone.
pub(super) struct Pair<'a> {
    /// The layer of a lane; nothing for the ground.
    layer: Option<&'a str>,
    /// Whether the new state still has the layer.
    remains: bool,
    old: Vec<&'a Manifest>,
    new: Vec<&'a Manifest>,
}

/// The ways of requests in both states of one set.
pub(super) struct Flows<'a> {
    layer: Option<&'a str>,
    remains: bool,
    pub(super) old: Flow<'a>,
    pub(super) new: Flow<'a>,
}

/// The ground first, then one pair for each layer of a lane.
pub(super) fn pairs<'a>(old: &'a State, new: &'a State) -> Vec<Pair<'a>> {
    let lanes = new.iter().chain(old).map(|(name, _)| name.as_str());
    let mut layers: Vec<&str> = Vec::new();
    for name in lanes.filter(|name| is_lane(name)) {
        if !layers.contains(&name) {
            layers.push(name);
        }
    }
    let layers = std::iter::once(None).chain(layers.into_iter().map(Some));
    layers
        .map(|layer| Pair {
            layer,
            remains: layer.is_none_or(|layer| new.iter().any(|(name, _)| name == layer)),
            old: applied(old, layer),
            new: applied(new, layer),
        })
        .collect()
}

fn is_lane(name: &str) -> bool {
    name.starts_with(LANE_LAYER_PREFIX)
}

fn applied<'a>(state: &'a State, lane: Option<&str>) -> Vec<&'a Manifest> {
    let ground = state.iter().filter(|(name, _)| !is_lane(name));
    let lane = state.iter().filter(|(name, _)| Some(name.as_str()) == lane);
    ground.chain(lane).flat_map(|(_, manifests)| manifests).collect()
}

impl Pair<'_> {
    pub(super) fn flows(&self) -> Flows<'_> {
        Flows {
            layer: self.layer,
            remains: self.remains,
            old: Flow::of(&self.old),
            new: Flow::of(&self.new),
        }
    }
}

impl Flows<'_> {
    /// No lane, and each lane that one of the two states knows in this set.
    pub(super) fn classes(&self) -> Vec<Class> {
        let lanes: BTreeSet<String> =
            self.old.lanes().into_iter().chain(self.new.lanes()).collect();
        std::iter::once(Class::NoLane).chain(lanes.into_iter().map(Class::Lane)).collect()
    }
}

/// The name of a service, as a state says it that has the service.
pub(super) fn name(flows: &[Flows<'_>], host: &str) -> String {
    let mut states = flows.iter().flat_map(|flows| [&flows.new, &flows.old]);
    let found = states.find(|flow| flow.has_service(host));
    found.map_or_else(|| host.to_owned(), |flow| flow.name(host))
}

/// What has to be said before a sentence that is true in some of `all` sets only; nothing, if it is true in all of them.
pub(super) fn qualifier(
    flows: &[Flows<'_>],
    all: &BTreeSet<usize>,
    true_in: &BTreeSet<usize>,
) -> String {
    let ground = flows.iter().position(|flows| flows.layer.is_none());
    let named = |sets: Vec<&usize>| {
        let layers: Vec<&str> = sets.iter().filter_map(|set| flows[**set].layer).collect();
        let remain = sets.iter().any(|set| flows[**set].remains);
        (listed(&layers).replace(" and ", " or "), if remain { "is" } else { "was" })
    };
    if true_in.is_superset(all) {
        String::new()
    } else if ground.is_some_and(|ground| true_in.contains(&ground)) {
        let (layers, is) = named(all.difference(true_in).collect());
        format!("unless {layers} {is} applied, ")
    } else {
        match named(true_in.iter().collect()) {
            (layers, "is") => format!("with {layers} applied, "),
            (layers, was) => format!("where {layers} {was} applied, "),
        }
    }
}
