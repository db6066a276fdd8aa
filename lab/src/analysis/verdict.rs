//! Samples of a lane and its baseline → pass, fail, or not enough data, in words with the numbers.

use super::{Criteria, Levels, Sample, Share, lower, upper};
use crate::load::bound::as_f64;
use std::fmt;
use std::time::Duration;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    Errors,
    /// Requests that took longer than the bound that was fixed before the release.
    Slow,
}

impl Metric {
    pub(crate) const ALL: [Self; 2] = [Self::Errors, Self::Slow];
}

/// A service of the lane, and what was counted of it at the same time on both sides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compared<'a> {
    pub(crate) service: &'a str,
    /// Requests that take longer are slow.
    pub(crate) slow: Duration,
    pub(crate) lane: &'a Sample,
    pub(crate) baseline: &'a Sample,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    Pass,
    Fail { service: String, metric: Metric, words: String },
    NotEnough(NotEnough),
}

/// The comparisons that are open; as text, what each of them lacks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NotEnough(Vec<Comparison>);

#[derive(Clone, Debug, PartialEq)]
struct Comparison {
    service: String,
    metric: Metric,
    slow: Duration,
    lane: Share,
    baseline: Share,
    tolerance: f64,
    levels: Levels,
    minimum: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Within,
    Beyond,
    Open,
}

/// Every service by every metric. `compared` goes from the entry to the last hop: a failure of one service is a failure of
/// those above it, too, so the one that is named is the lowest, and its errors before its latency.
pub(crate) fn judge(criteria: &Criteria, levels: Levels, compared: &[Compared<'_>]) -> Verdict {
    let comparisons = compared.iter().map(|compared| {
        Metric::ALL.map(|metric| {
            let comparison = Comparison::new(criteria, levels, compared, metric);
            (comparison.relation(), comparison)
        })
    });
    let comparisons: Vec<[(Relation, Comparison); 2]> = comparisons.collect();
    let mut from_below = comparisons.iter().rev().flatten();
    if let Some((_, comparison)) = from_below.find(|(relation, _)| *relation == Relation::Beyond) {
        let Comparison { service, metric, .. } = comparison;
        let words = comparison.beyond();
        return Verdict::Fail { service: service.clone(), metric: *metric, words };
    }
    let open = comparisons.into_iter().flatten();
    let open = open.filter(|(relation, _)| *relation == Relation::Open);
    let open: Vec<Comparison> = open.map(|(_, comparison)| comparison).collect();
    if open.is_empty() { Verdict::Pass } else { Verdict::NotEnough(NotEnough(open)) }
}

impl Comparison {
    fn new(criteria: &Criteria, levels: Levels, compared: &Compared<'_>, metric: Metric) -> Self {
        let share = |sample: &Sample| match metric {
            Metric::Errors => sample.failed(),
            Metric::Slow => sample.latency.slower(compared.slow),
        };
        Self {
            service: compared.service.to_owned(),
            metric,
            slow: compared.slow,
            lane: share(compared.lane),
            baseline: share(compared.baseline),
            tolerance: criteria.tolerance(metric),
            levels,
            minimum: criteria.minimum,
        }
    }

    fn relation(&self) -> Relation {
        let Self { lane, baseline, tolerance, levels, minimum, .. } = self;
        if lane.of < *minimum || baseline.of < *minimum {
            Relation::Open
        } else if lower(*lane, *baseline, levels.abort) > *tolerance {
            Relation::Beyond
        } else if upper(*lane, *baseline, levels.promote) < *tolerance {
            Relation::Within
        } else {
            Relation::Open
        }
    }

    fn beyond(&self) -> String {
        let Self { lane, baseline, tolerance, levels, .. } = self;
        let (least, most) =
            (lower(*lane, *baseline, levels.abort), upper(*lane, *baseline, levels.abort));
        format!(
            "{self}: {:.1} to {:.1} percentage points more, {:.1} are tolerated",
            least * 100.0,
            most * 100.0,
            tolerance * 100.0
        )
    }

    /// How many more requests of the lane would decide, if both sides go on as they began; none if far too many would.
    fn missing(&self) -> Option<u64> {
        // Each a quarter more than the one before, up to a hundredfold.
        let factors = std::iter::successors(Some(1.25), |factor| Some(factor * 1.25));
        let enough = factors.take_while(|factor| *factor < 100.0).find(|factor| {
            let more =
                |share: Share| Share::new(times(share.seen, *factor), times(share.of, *factor));
            let (lane, baseline) = (more(self.lane), more(self.baseline));
            Self { lane, baseline, ..self.clone() }.relation() != Relation::Open
        });
        enough.map(|factor| times(self.lane.of, factor - 1.0))
    }
}

/// To two digits, since it is an estimate.
fn rounded(count: u64) -> u64 {
    let digits = count.checked_ilog10().unwrap_or(0);
    let unit = 10_u64.pow(digits.saturating_sub(1));
    count.div_ceil(unit) * unit
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of requests, a hundredfold at most"
)]
fn times(count: u64, factor: f64) -> u64 {
    (as_f64(count) * factor).round() as u64
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, metric, slow, lane, baseline, .. } = self;
        let what = match metric {
            Metric::Errors => "failed".to_owned(),
            Metric::Slow => format!("took longer than {slow:?}"),
        };
        write!(
            formatter,
            "{service}: {} of {} requests {what} in the lane, {} of {} at the baseline",
            lane.seen, lane.of, baseline.seen, baseline.of
        )
    }
}

impl fmt::Display for NotEnough {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, comparison) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{comparison}: ")?;
            let Comparison { lane, baseline, minimum, .. } = comparison;
            let short = |share: &Share| minimum.saturating_sub(share.of);
            match (short(lane), short(baseline)) {
                (0, 0) => match comparison.missing() {
                    Some(more) => {
                        write!(formatter, "some {} more of the lane would tell", rounded(more))?;
                    }
                    None => formatter.write_str("too near to what is tolerated to tell")?,
                },
                (of_lane, 0) => write!(formatter, "{of_lane} more of the lane are the minimum")?,
                (0, of_baseline) => {
                    write!(formatter, "{of_baseline} more of the baseline are the minimum")?;
                }
                (of_lane, of_baseline) => write!(
                    formatter,
                    "{of_lane} more of the lane and {of_baseline} of the baseline are the minimum"
                )?,
            }
        }
        Ok(())
    }
}
