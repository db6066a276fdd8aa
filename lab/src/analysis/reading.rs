//! Two readings of Envoy's counters → the requests between them.

use super::Share;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Latencies: how many requests took no longer than each bound. The bounds are Envoy's buckets, its latencies are whole
/// milliseconds of which it keeps two digits, and what took longer than the last bound, an hour, is not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(into = "Vec<Bucket>")]
pub(crate) struct Histogram(BTreeMap<Duration, u64>);

/// A bound, for programs.
#[derive(Serialize)]
struct Bucket {
    milliseconds: f64,
    up_to: u64,
}

impl From<Histogram> for Vec<Bucket> {
    fn from(Histogram(bounds): Histogram) -> Self {
        let bucket = |(bound, up_to): (Duration, u64)| Bucket {
            milliseconds: bound.as_secs_f64() * 1e3,
            up_to,
        };
        bounds.into_iter().map(bucket).collect()
    }
}

impl Histogram {
    /// From the cumulative count of each bound.
    pub(crate) fn new(cumulative: impl IntoIterator<Item = (Duration, u64)>) -> Self {
        Self(cumulative.into_iter().collect())
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(_, count)| *count)
    }

    /// The requests that took longer than `bound`, which must be one of the histogram's.
    pub(crate) fn slower(&self, bound: Duration) -> Share {
        let total = self.total();
        Share::new(total - self.0.get(&bound).copied().unwrap_or(0), total)
    }

    /// The smallest bound that at most `share` of all requests exceed.
    pub(crate) fn bound(&self, share: f64) -> Option<Duration> {
        self.0.keys().copied().find(|bound| self.slower(*bound).value() <= share)
    }

    /// The requests of both.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        for (bound, count) in &other.0 {
            *sum.0.entry(*bound).or_default() += count;
        }
        sum
    }

    fn since(&self, before: &Self) -> Option<Self> {
        let difference = |(bound, count): (&Duration, &u64)| {
            let before = before.0.get(bound).copied().unwrap_or(0);
            Some((*bound, count.checked_sub(before)?))
        };
        // An empty one is a cluster that began anew, unless nothing was ever counted.
        if self.total() < before.total() {
            return None;
        }
        self.0.iter().map(difference).collect::<Option<_>>().map(Self)
    }
}

/// What Envoy has counted for a cluster since it began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Reading {
    /// `upstream_rq_completed`: requests with an answer, be it Envoy's own.
    pub(crate) completed: u64,
    /// `upstream_rq_1xx` to `upstream_rq_5xx`.
    pub(crate) classes: [u64; 5],
    /// `upstream_rq_time`, of the requests that an endpoint answered.
    pub(crate) latency: Histogram,
}

impl Reading {
    /// Requests of which no class knows any more.
    ///
    /// Envoy keeps the counters of classes with the cluster that first needed them. When a cluster is replaced (in this lab:
    /// whenever its endpoints change) `upstream_rq_completed` lives on in the copies of other proxies, and the failures that
    /// were counted so far may be gone. Seen with Envoy 1.40: 50 failures, one pod killed, 30 failures more, and
    /// `upstream_rq_5xx` says 30.
    pub(crate) fn forgotten(&self) -> u64 {
        self.completed.saturating_sub(self.classes.iter().sum())
    }
}

/// Requests in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) requests: u64,
    /// Those with a status of 5xx: from the service, from a hop below it, or from Envoy when there was nobody to ask.
    pub(crate) failures: u64,
    pub(crate) latency: Histogram,
}

/// Counters were lost between two readings: what happened between them is not known, and the span must begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reset;

impl fmt::Display for Reset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Envoy's counters began anew, as they do when endpoints change")
    }
}

impl Sample {
    /// What was counted from `before` to `after`.
    ///
    /// # Errors
    /// Counters that fell, or failures that may have been forgotten.
    pub(crate) fn between(before: &Reading, after: &Reading) -> Result<Self, Reset> {
        let fell = before.classes.iter().zip(&after.classes).any(|(before, after)| after < before);
        if fell || after.forgotten() != before.forgotten() {
            return Err(Reset);
        }
        let requests = after.completed.checked_sub(before.completed).ok_or(Reset)?;
        let latency = after.latency.since(&before.latency).ok_or(Reset)?;
        Ok(Self { requests, failures: after.classes[4] - before.classes[4], latency })
    }

    pub(crate) fn failed(&self) -> Share {
        Share::new(self.failures, self.requests)
    }
}
