//! What a release may cost: steps, tolerances and the error probability → the error probability of each single test.

use super::verdict::Metric;
use crate::failure::{Failure, Result};

/// What is tolerated, and how surely that must be known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Criteria {
    /// Requests that each side must have before anything is decided. The tests hold for fewer, too; this is for lanes
    /// whose first requests are not like the rest.
    pub(crate) minimum: u64,
    /// The increase of the share of failed requests that is tolerated: 0.01 is one percentage point.
    pub(crate) errors: f64,
    /// The increase of the share of slow requests that is tolerated.
    pub(crate) slow: f64,
    /// The share of the baseline's requests that are slow by definition: 0.1 makes its 90th percentile the limit.
    pub(crate) slow_share: f64,
    /// The error probability of the whole release, called α.
    pub(crate) error: f64,
    /// How often a step is looked at before it ends as "not enough data".
    pub(crate) looks: u32,
}

impl Default for Criteria {
    /// The minimum is that of Kayenta's documentation for its own test.
    fn default() -> Self {
        Self { minimum: 50, errors: 0.01, slow: 0.05, slow_share: 0.1, error: 0.05, looks: 10 }
    }
}

impl Criteria {
    pub(crate) fn tolerance(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Errors => self.errors,
            Metric::Slow => self.slow,
        }
    }
}

/// The error probability of a single test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Levels {
    /// For "the lane is worse than tolerated".
    pub(crate) abort: f64,
    /// For "the lane is not worse than tolerated".
    pub(crate) promote: f64,
}

/// Steps in percent of the users, and what each of them must show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Those that can be analysed: at 100 % there is no baseline left to compare with.
    steps: Vec<u8>,
    pub(crate) criteria: Criteria,
}

impl Plan {
    /// `steps` in percent, growing; a last one of 100 may be there and changes nothing, since promotion is just that.
    ///
    /// # Errors
    /// Steps that do not grow or are not from 1 to 100, and criteria that no release could meet or miss.
    pub(crate) fn new(steps: &[u8], criteria: Criteria) -> Result<Self> {
        let grows = steps.is_sorted_by(|one, next| one < next);
        let is_percent = steps.iter().all(|step| (1..=100).contains(step));
        let steps: Vec<u8> = steps.iter().copied().filter(|step| *step < 100).collect();
        if !grows || !is_percent || steps.is_empty() {
            let message = "the steps are not growing percentages, with one below 100 at least";
            return Err(Failure::input(message, "give them as in `5,25,50,100`"));
        }
        let Criteria { minimum, errors, slow, slow_share, error, looks } = criteria;
        let shares = [("errors", errors), ("slow", slow), ("slow share", slow_share)];
        if let Some((name, share)) =
            shares.iter().find(|(_, share)| !(*share > 0.0 && *share < 1.0))
        {
            let message = format!("{share} is not a share of requests for `{name}`");
            return Err(Failure::input(message, "give one between 0 and 1: 0.01 is 1 %"));
        }
        // Above one half, the bounds of an interval change places.
        if !(error > 0.0 && error < 0.5) {
            let message = format!("{error} is no error probability of a release");
            return Err(Failure::input(message, "give one between 0 and 0.5, such as 0.05"));
        }
        if minimum == 0 || looks == 0 {
            let message = "without a request or a look nothing can be decided";
            return Err(Failure::input(message, "give at least 1 for both"));
        }
        Ok(Self { steps, criteria })
    }

    pub(crate) fn steps(&self) -> &[u8] {
        &self.steps
    }

    /// α, divided among the tests of a release of so many services: see the documentation of [`super`].
    pub(crate) fn levels(&self, services: usize) -> Levels {
        let count = |count: usize| f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX));
        let Criteria { error, looks, .. } = self.criteria;
        let promote = error / f64::from(looks);
        let tests = count(self.steps.len()) * count(services) * count(Metric::ALL.len());
        Levels { abort: promote / tests, promote }
    }
}
