//! A release as a state machine: samples at each look → what to do next. It sends, waits and reads nothing itself.

use super::{Compared, Plan, Sample, Verdict, judge, verdict::NotEnough};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What was counted of a service since the last [`Action::Raise`]; before the first one, as far back as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) lane: Sample,
    pub(crate) baseline: Sample,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Send this percentage of the users to the lane, and count anew.
    Raise(u8),
    /// Go on counting, and look again.
    Wait(Missing),
    /// Leave everything as it is: the looks are used up. The end.
    Hold(Missing),
    /// Send nobody to the lane any more, for this reason. The end.
    Abort(String),
    /// Send everybody to the lane. The end.
    Promote,
}

/// What is missing for a decision, in words when it is printed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Missing {
    /// Requests of the baseline before the lane has users, with how many more.
    Calibration {
        service: String,
        more: u64,
    },
    Requests(NotEnough),
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calibration { service, more } => write!(
                formatter,
                "{service}: {more} more requests of the baseline tell what a slow one is"
            ),
            Self::Requests(requests) => requests.fmt(formatter),
        }
    }
}

/// A release on its way.
#[derive(Clone, Debug)]
pub(crate) struct Rollout {
    plan: Plan,
    /// From the entry to the last hop.
    services: Vec<String>,
    stage: Stage,
    /// How often this stage has been looked at.
    looks: u32,
}

#[derive(Clone, Debug)]
enum Stage {
    /// Nobody is in the lane.
    Before,
    /// The number of the step, and what a slow request of each service takes longer than.
    Step(usize, Vec<Duration>),
    Over(Action),
}

impl Rollout {
    /// A release of the services that the lane has, in the order in which a request reaches them. Nobody may be in the lane.
    pub(crate) fn new(plan: Plan, services: Vec<String>) -> Self {
        Self { plan, services, stage: Stage::Before, looks: 0 }
    }

    /// Looks at what was counted, by service; one that is left out has had no request. After the end, the answer is the end
    /// again.
    ///
    /// When a span was cut short by a [`super::Reset`], count anew and look again: what was lost decides nothing.
    pub(crate) fn look(&mut self, counted: &BTreeMap<String, Pair>) -> Action {
        self.looks += 1;
        let none = Pair::default();
        let pairs: Vec<&Pair> =
            self.services.iter().map(|service| counted.get(service).unwrap_or(&none)).collect();
        match &self.stage {
            Stage::Before => match self.slow(&pairs) {
                Ok(slow) => self.enter(0, slow),
                Err(missing) => self.wait(missing),
            },
            Stage::Step(number, slow) => match self.judge(slow, &pairs) {
                Verdict::Pass => self.enter(number + 1, slow.clone()),
                Verdict::Fail { words, .. } => self.end(Action::Abort(words)),
                Verdict::NotEnough(requests) => self.wait(Missing::Requests(requests)),
            },
            Stage::Over(action) => action.clone(),
        }
    }

    /// What a slow request of each service takes longer than, by its baseline.
    fn slow(&self, pairs: &[&Pair]) -> Result<Vec<Duration>, Missing> {
        let criteria = &self.plan.criteria;
        let slow = |(service, pair): (&String, &&Pair)| {
            let latency = &pair.baseline.latency;
            let more = criteria.minimum.saturating_sub(latency.total());
            let bound = latency.bound(criteria.slow_share).filter(|_| more == 0);
            bound.ok_or_else(|| Missing::Calibration { service: service.clone(), more })
        };
        self.services.iter().zip(pairs).map(slow).collect()
    }

    fn judge(&self, slow: &[Duration], pairs: &[&Pair]) -> Verdict {
        let compared = self.services.iter().zip(slow).zip(pairs);
        let compared: Vec<Compared<'_>> = compared
            .map(|((service, slow), pair)| Compared {
                service,
                slow: *slow,
                lane: &pair.lane,
                baseline: &pair.baseline,
            })
            .collect();
        judge(&self.plan.criteria, self.plan.levels(self.services.len()), &compared)
    }

    fn enter(&mut self, number: usize, slow: Vec<Duration>) -> Action {
        match self.plan.steps().get(number).copied() {
            Some(percent) => {
                (self.stage, self.looks) = (Stage::Step(number, slow), 0);
                Action::Raise(percent)
            }
            None => self.end(Action::Promote),
        }
    }

    fn wait(&mut self, missing: Missing) -> Action {
        if self.looks < self.plan.criteria.looks {
            Action::Wait(missing)
        } else {
            self.end(Action::Hold(missing))
        }
    }

    fn end(&mut self, action: Action) -> Action {
        self.stage = Stage::Over(action.clone());
        action
    }
}
