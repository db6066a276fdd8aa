//! A share of all users in a lane: the rules that draw, in the routes that publish what the lane belongs to.

use super::Refusal;
use crate::check::world::MESH;
use crate::host;
use crate::model::{Edge, LANE_HEADER};
use crate::object::{Manifest, Object};
use crate::objects::draw::{self, Ways, rules};

use kcr_networking_istio_io::v1::virtualservices::{
    VirtualService, VirtualServiceHttp, VirtualServiceHttpRoute,
};
use serde::{Deserialize, Serialize};

pub use crate::objects::draw::{Side, TICKETS};

/// A lane and the share of all users that are in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    pub lane: String,
    /// 1 to 100.
    pub percent: u32,
}

impl Draw {
    /// How many of all [`TICKETS`] are in the lane: those below this number.
    pub fn tickets(&self) -> u32 {
        draw::tickets(self.percent)
    }

    /// The side to which a rule of this draw leads; nothing if this is the name of another rule.
    pub fn side(&self, rule: &str) -> Option<Side> {
        Side::of(rule, &self.lane)
    }
}

/// A cookie with a ticket for a lane, from 0 to [`TICKETS`] - 1: the lowest are the first in the lane, the highest the last.
pub fn ticket(lane: &str, number: u32) -> String {
    format!("{}=00000000-0000-4000-8000-000000000{number:03x}", draw::cookie(lane))
}

/// Puts the rules of `draw` in front of the one that takes everybody, wherever the layer of the lane has a public route.
pub(super) fn add(
    objects: &mut [Manifest],
    layer: &[Manifest],
    draw: &Draw,
) -> Result<(), Refusal> {
    for manifest in objects {
        let identity = manifest.object.identity();
        if layer.iter().all(|of_lane| of_lane.object.identity() != identity) {
            continue;
        }
        let Object::VirtualService(route) = &mut manifest.object else { continue };
        if is_public(route) {
            add_rules(route, layer, draw).ok_or_else(|| Refusal {
                message: format!("{identity} has no rule that takes everybody, with one destination: there is nobody to draw from"),
                hint: "end its rules with one that has no match, as the rendered routes do".into(),
            })?;
        }
    }
    Ok(())
}

fn is_public(route: &VirtualService) -> bool {
    let gateways = route.spec.gateways.as_deref().unwrap_or_default();
    gateways.iter().any(|gateway| gateway != MESH)
}

/// Nothing, if there is no place for them.
fn add_rules(route: &mut VirtualService, layer: &[Manifest], draw: &Draw) -> Option<()> {
    let namespace = route.metadata.namespace.clone().unwrap_or_default();
    let known = route.spec.http.get_or_insert_default();
    let place = known.iter().position(|rule| rule.r#match.is_none())?;
    let everybody = &known[place];
    let [baseline] = everybody.route.as_deref()? else { return None };
    let edge = if strips(everybody) { Edge::Closed } else { Edge::Open };
    let lane = of_lane(baseline, layer, &draw.lane, &namespace);
    let ways = Ways { lane: lane.unwrap_or_else(|| baseline.clone()), baseline: baseline.clone() };
    // At a closed edge the last of the new rules takes everybody.
    let replaced = if edge == Edge::Closed { place + 1 } else { place };
    let drawn = rules(&draw.lane, draw.percent, edge, &ways);
    known.splice(place..replaced, drawn);
    Some(())
}

fn strips(rule: &VirtualServiceHttp) -> bool {
    let request = rule.headers.as_ref().and_then(|headers| headers.request.as_ref());
    let removed = request.and_then(|request| request.remove.as_ref());
    removed.is_some_and(|removed| removed.iter().any(|name| name == LANE_HEADER))
}

/// The same service in the lane, if the lane has it.
fn of_lane(
    baseline: &VirtualServiceHttpRoute,
    layer: &[Manifest],
    lane: &str,
    namespace: &str,
) -> Option<VirtualServiceHttpRoute> {
    let host = host::resolve(&baseline.destination.host, namespace);
    let has_lane = layer.iter().any(|manifest| match &manifest.object {
        Object::DestinationRule(rule) => {
            let its = rule.metadata.namespace.as_deref().unwrap_or_default();
            let mut subsets = rule.spec.subsets.iter().flatten();
            host::resolve(&rule.spec.host, its) == host && subsets.any(|subset| subset.name == lane)
        }
        _ => false,
    });
    has_lane.then(|| {
        let mut route = baseline.clone();
        route.destination.subset = Some(lane.to_owned());
        route
    })
}
