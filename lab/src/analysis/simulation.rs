//! Releases that are known to be good or bad, decided by [`Rollout`] from simulated requests → how often it errs.

mod traffic;

use super::{Action, Criteria, Plan, Rollout};
use crate::failure::Result;
use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng;
use serde::Serialize;
use std::collections::BTreeMap;
use traffic::Traffic;

/// What is simulated.
#[derive(Clone, Debug)]
pub(crate) struct Simulation {
    pub(crate) steps: Vec<u8>,
    pub(crate) criteria: Criteria,
    /// Releases of each kind.
    pub(crate) releases: u32,
    /// Requests between two looks, of all users.
    pub(crate) requests: u64,
    /// The same seed gives the same releases.
    pub(crate) seed: u64,
}

/// What the lane is like, compared with its baseline. Differences are shares: 0.02 is two percentage points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// The lane's rates are the baseline's.
    Same,
    /// Both fail much more than usual, all the time.
    BothFail,
    /// Both fail in some spans and not in others, at the same time.
    Outages,
    /// One service of the lane fails more often.
    Errors(f64),
    /// More requests to one service of the lane are slow.
    Slow(f64),
}

impl Kind {
    /// The exact limits of what is tolerated are among them: there, errors are most likely.
    pub(crate) fn all(criteria: &Criteria) -> Vec<Self> {
        vec![
            Self::Same,
            Self::BothFail,
            Self::Outages,
            Self::Errors(criteria.errors),
            Self::Slow(criteria.slow),
            Self::Errors(0.02),
            Self::Errors(0.05),
            Self::Errors(0.2),
            Self::Slow(0.1),
            Self::Slow(0.3),
        ]
    }

    /// Nowhere worse than tolerated, so that an abort is an error.
    pub(crate) fn is_good(self, criteria: &Criteria) -> bool {
        match self {
            Self::Same | Self::BothFail | Self::Outages => true,
            Self::Errors(more) => more <= criteria.errors,
            Self::Slow(more) => more <= criteria.slow,
        }
    }

    /// As bad as tolerated or worse, so that a promotion is an error. At the limit itself both are.
    pub(crate) fn is_bad(self, criteria: &Criteria) -> bool {
        match self {
            Self::Same | Self::BothFail | Self::Outages => false,
            Self::Errors(more) => more >= criteria.errors,
            Self::Slow(more) => more >= criteria.slow,
        }
    }

    pub(crate) fn words(self) -> String {
        match self {
            Self::Same => "the lane is like its baseline".into(),
            Self::BothFail => "both fail 8 points more often".into(),
            Self::Outages => "both have outages together".into(),
            Self::Errors(more) => format!("the lane fails {:.0} points more often", more * 100.0),
            Self::Slow(more) => format!("the lane is slow {:.0} points more often", more * 100.0),
        }
    }
}

/// How the releases of a kind ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    pub(crate) kind: String,
    pub(crate) good: bool,
    pub(crate) bad: bool,
    pub(crate) promoted: u32,
    pub(crate) aborted: u32,
    pub(crate) held: u32,
    /// The median of the requests that the lane got until the end, those of the first service.
    pub(crate) lane_requests: u64,
    /// The median of all requests until the end.
    pub(crate) requests: u64,
}

/// Runs all releases of all kinds.
///
/// # Errors
/// Those of [`Plan::new`].
pub(crate) fn simulate(simulation: &Simulation) -> Result<Vec<Row>> {
    let Simulation { steps, criteria, .. } = simulation;
    let plan = Plan::new(steps, criteria.clone())?;
    let kinds = (0..).zip(Kind::all(criteria));
    Ok(kinds.map(|(number, kind)| row(simulation, &plan, number, kind)).collect())
}

fn row(simulation: &Simulation, plan: &Plan, number: u64, kind: Kind) -> Row {
    // A stream of its own for each kind, so that none depends on how much another draws.
    let mut random = Pcg64::seed_from_u64(simulation.seed.wrapping_add(number));
    let releases: Vec<Release> =
        (0..simulation.releases).map(|_| release(simulation, plan, kind, &mut random)).collect();
    let ended = |is: fn(&Action) -> bool| {
        let count = releases.iter().filter(|release| is(&release.end)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    Row {
        kind: kind.words(),
        good: kind.is_good(&simulation.criteria),
        bad: kind.is_bad(&simulation.criteria),
        promoted: ended(|end| *end == Action::Promote),
        aborted: ended(|end| matches!(end, Action::Abort(_))),
        held: ended(|end| matches!(end, Action::Hold(_))),
        lane_requests: median(releases.iter().map(|release| release.lane_requests).collect()),
        requests: median(releases.iter().map(|release| release.requests).collect()),
    }
}

struct Release {
    end: Action,
    lane_requests: u64,
    requests: u64,
}

fn release(simulation: &Simulation, plan: &Plan, kind: Kind, random: &mut Pcg64) -> Release {
    let traffic = Traffic::new(kind, simulation.requests, &simulation.criteria, random);
    let services = traffic::services();
    let mut rollout = Rollout::new(plan.clone(), services.clone());
    let (mut percent, mut lane_requests, mut requests) = (0, 0, 0);
    let mut counted = BTreeMap::new();
    loop {
        for (service, pair) in services.iter().zip(traffic.span(percent, random)) {
            if service == &services[0] {
                lane_requests += pair.lane.requests;
                requests += pair.lane.requests + pair.baseline.requests;
            }
            traffic::add(counted.entry(service.clone()).or_default(), &pair);
        }
        match rollout.look(&counted) {
            Action::Raise(to) => {
                percent = to;
                counted.clear();
            }
            Action::Wait(_) => {}
            end @ (Action::Hold(_) | Action::Abort(_) | Action::Promote) => {
                return Release { end, lane_requests, requests };
            }
        }
    }
}

/// Of an even number the upper one of the two in the middle; of none, 0.
fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
