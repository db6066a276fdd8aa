//! Two shares → bounds of their difference that hold for any numbers of requests.
//!
//! Each side gets half of the error probability and its exact limit (Clopper and Pearson), and the difference is between
//! the limits: if it is not, one of the two was missed (Bonferroni). That is wider than it need be: about 1.7 times as many
//! requests as Newcombe's hybrid interval when 5 % of the users are in the lane (R. G. Newcombe, "Interval estimation for
//! the difference between independent proportions", Statistics in Medicine 17, 1998, method 10). But Newcombe's holds on
//! average and at 95 %, not on one side far out in the tail, where a release of some hundred tests needs it. Every outcome
//! enumerated, a lane that is exactly as bad as tolerated is misjudged as many times as often as the error probability says:
//!
//! | interval | lane | baseline | error probability | misjudged |
//! |---|---|---|---|---|
//! | Newcombe, Wilson's limits | 50 | 950 | 0.0003 | 12 times: called worse |
//! | Newcombe, exact limits | 1,000 | 50 | 0.0001 | 19 times: called fine |
//! | this one | any | any | any | at most 1 |

use crate::load::bound::{as_f64, upper_at};
use serde::Serialize;

/// How many of how many requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Share {
    pub(crate) seen: u64,
    pub(crate) of: u64,
}

impl Share {
    pub(crate) const fn new(seen: u64, of: u64) -> Self {
        Self { seen, of }
    }

    /// From 0 to 1; of no requests, 0.
    pub(crate) fn value(self) -> f64 {
        if self.of == 0 { 0.0 } else { as_f64(self.seen) / as_f64(self.of) }
    }

    fn upper(self, error: f64) -> f64 {
        upper_at(self.seen, self.of, error)
    }

    fn lower(self, error: f64) -> f64 {
        1.0 - upper_at(self.of.saturating_sub(self.seen), self.of, error)
    }
}

/// The true difference `lane` − `baseline` is below this with a probability of at most `error`. From -1 to 1.
pub(crate) fn lower(lane: Share, baseline: Share, error: f64) -> f64 {
    lane.lower(error / 2.0) - baseline.upper(error / 2.0)
}

/// The true difference `lane` − `baseline` is above this with a probability of at most `error`. From -1 to 1.
pub(crate) fn upper(lane: Share, baseline: Share, error: f64) -> f64 {
    -lower(baseline, lane, error)
}
