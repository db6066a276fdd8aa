//! Objects and a lane → the services that the lane has, each with the subset that answers everybody else.

use crate::flow::{Class, Flow};
use crate::object::Manifest;
use serde::{Deserialize, Serialize};

/// A service in a lane and at the baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counterpart {
    /// Fully qualified.
    pub host: String,
    pub port: u16,
    /// The subset of the lane.
    pub lane: String,
    /// The subset of the baseline.
    pub baseline: String,
}

/// From the entrance to the last hop. A service without a subset for everybody else has no counterpart.
pub fn counterparts(objects: &[Manifest], lane: &str) -> Vec<Counterpart> {
    let sequence: Vec<&Manifest> = objects.iter().collect();
    let flow = Flow::of(&sequence);
    let counterpart = |host: String| {
        let last = |class: &Class| {
            let decisions = flow.at_host(&host, class);
            decisions.last()?.answer.shares().first()?.subset.clone()
        };
        let of_lane = last(&Class::Lane(lane.to_owned()))?;
        let baseline = last(&Class::NoLane)?;
        let port = flow.ports(&host).first().and_then(|port| u16::try_from(*port).ok())?;
        (of_lane != baseline).then_some(Counterpart { host, port, lane: of_lane, baseline })
    };
    flow.services().into_iter().filter_map(counterpart).collect()
}
