//! How far a release has come → its part of the page: a line for each lane, and the last steps.

use super::overview::{Chip, time};
use crate::diagram::Diagram;
use crate::release::ReleaseStatus;

pub(crate) struct Release {
    pub(crate) lanes: Vec<Line>,
    /// The lane that has become the baseline.
    pub(crate) promoted: Option<String>,
    /// The latest first, each with the time of the day.
    pub(crate) steps: Vec<(String, String)>,
}

pub(crate) struct Line {
    /// None for the baseline.
    pub(crate) lane: Option<Chip>,
    pub(crate) wanted: String,
    pub(crate) seen: String,
}

impl Release {
    pub(crate) fn of(status: &ReleaseStatus, diagrams: &[Diagram]) -> Self {
        let lanes = std::iter::once("").chain(status.state.lanes.iter().map(String::as_str));
        let line = |lane: &str| {
            let (wanted, seen) = status.shares(lane);
            let lane = (!lane.is_empty()).then(|| Chip::of(lane, diagrams));
            Line { lane, wanted, seen }
        };
        let steps = status.steps.iter().rev();
        let steps = steps.map(|taken| (time(taken.at * 1_000_000), taken.step.clone()));
        Self {
            lanes: lanes.map(line).collect(),
            promoted: status.state.promoted.last().cloned(),
            steps: steps.collect(),
        }
    }
}
