//! Whether a lane may have more users: counters of the lane and of the baseline → raise, wait, hold, abort or promote.
//!
//! # What is decided
//!
//! For each service of the lane and each metric (the share of failed requests, the share of slow ones) the difference
//! lane − baseline is compared with what is tolerated, by a confidence interval:
//!
//! ```text
//!            tolerance
//!   |----|       |            within: the upper bound is below the tolerance
//!                |   |-----|  beyond: the lower bound is above it
//!          |-----|----|       open:   more requests are needed
//! ```
//!
//! A difference that is tolerated can therefore never be proved to be a fault, however many requests there are, and a
//! baseline that fails as much as the lane excuses the lane. A step passes when every metric of every service is within;
//! the release is aborted as soon as one is beyond; if the last look of a step leaves something open, the release holds,
//! neither raised nor aborted, and says how many requests are missing.
//!
//! # What is promised
//!
//! With α the error probability of a whole release, at any true rates: a lane that is nowhere worse than tolerated is
//! aborted with a probability of at most α, and one that is worse somewhere is promoted with at most α.
//!
//! - To abort wrongly, one of steps × looks × services × metrics tests must err: each gets that part of α (Bonferroni,
//!   which needs no independence; looks at one growing sample are far from independent).
//! - To promote wrongly, every test of the metric that is worse must err at every step, so it is enough that those of one
//!   step do: each look gets α / looks (an intersection-union test: R. L. Berger, Technometrics 24, 1982).
//! - Which requests are slow is fixed by the baseline before the lane has a user, so that no data is used twice.
//!
//! What this takes for granted: requests fail independently of each other. Faults that come in bursts on one side only
//! make the true error larger than α; bursts that hit both sides alike do not. The baseline is the whole fleet, not a
//! control group of the lane's size: a lane with cold caches looks slow at first.

pub(crate) mod counters;
mod criteria;
mod interval;
mod reading;
mod rollout;
pub(crate) mod simulation;
pub(crate) mod verdict;

pub(crate) use criteria::{Criteria, Levels, Plan};
pub(crate) use interval::{Share, lower, upper};
pub(crate) use reading::{Histogram, Reading, Reset, Sample};
pub(crate) use rollout::{Action, Pair, Rollout};
pub(crate) use verdict::{Compared, Verdict, judge};
