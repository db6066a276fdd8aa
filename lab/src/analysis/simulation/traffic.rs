//! Requests through a chain of three services, drawn for a span of time → what Envoy would count of each.

use super::Kind;
use crate::analysis::{Criteria, Histogram, Pair, Sample};
use crate::load::bound::as_f64;
use rand_distr::{Binomial, Distribution, Uniform};
use rand_pcg::Pcg64;
use statrs::distribution::{ContinuousCDF, LogNormal};
use std::time::Duration;

/// Envoy's default bounds, in milliseconds, up to the ten seconds that no simulated request takes.
const BOUNDS: [f64; 13] =
    [0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3, 1e4];
/// The bucket of requests that were made slow: from one second to two and a half.
const SLOW: usize = 10;
/// How many services call each other.
const HOPS: usize = 3;
/// The median latency of the last service, in milliseconds; each one above it takes as much longer.
const MEDIAN: f64 = 10.0;
/// The logarithm's standard deviation of latencies: the 99th percentile is three and a half times the median.
const SPREAD: f64 = 0.54;
/// What [`Kind::BothFail`] adds to both sides, and [`Kind::Outages`] in every fourth span on average.
const TROUBLE: f64 = 0.08;

/// The rates of one release.
#[derive(Debug)]
pub(super) struct Traffic {
    kind: Kind,
    requests: u64,
    /// The usual share of failures at each service, by its own fault.
    failures: f64,
    /// The service that is worse in the lane.
    culprit: usize,
    /// The shares of requests in the buckets, for each service.
    buckets: [[f64; BOUNDS.len()]; HOPS],
    /// The share of the lane's requests to the culprit that are moved into the slow bucket.
    moved: f64,
}

impl Traffic {
    /// Draws what differs from release to release: the usual share of failures, from 0.01 % to 1 %, and the culprit.
    pub(super) fn new(kind: Kind, requests: u64, criteria: &Criteria, random: &mut Pcg64) -> Self {
        let exponent = uniform(-4.0, -2.0, random);
        let culprit = Uniform::new(0, HOPS).expect("a range").sample(random);
        let buckets = [3.0, 2.0, 1.0].map(|hops| buckets(hops * MEDIAN));
        // Only those that are not slow already can become so: the first service has the fewest.
        let moved = match kind {
            Kind::Slow(more) => more / (1.0 - slow(&buckets[0], criteria.slow_share)),
            _ => 0.0,
        };
        Self { kind, requests, failures: 10_f64.powf(exponent), culprit, buckets, moved }
    }

    /// What is counted between two looks while `percent` of the users are in the lane.
    pub(super) fn span(&self, percent: u8, random: &mut Pcg64) -> [Pair; HOPS] {
        // Users come and go: a span has between half and one and a half times the requests of another.
        let requests = as_f64(self.requests) * uniform(0.5, 1.5, random);
        let lane = binomial(whole(requests), f64::from(percent) / 100.0, random);
        let trouble = match self.kind {
            Kind::BothFail => TROUBLE,
            Kind::Outages if uniform(0.0, 1.0, random) < 0.25 => TROUBLE,
            _ => 0.0,
        };
        let mut baseline = self.side(whole(requests) - lane, trouble, None, random);
        let mut lane = self.side(lane, trouble, Some(self.culprit), random);
        std::array::from_fn(|hop| Pair {
            lane: std::mem::take(&mut lane[hop]),
            baseline: std::mem::take(&mut baseline[hop]),
        })
    }

    /// From the last service up: what fails or is slow there fails and is slow for those who called it.
    fn side(
        &self,
        requests: u64,
        trouble: f64,
        culprit: Option<usize>,
        random: &mut Pcg64,
    ) -> [Sample; HOPS] {
        let mut samples: [Sample; HOPS] = Default::default();
        let mut failures = 0;
        for hop in (0..HOPS).rev() {
            let is_culprit = culprit == Some(hop);
            let more = match self.kind {
                Kind::Errors(more) if is_culprit => more,
                _ => 0.0,
            };
            // The share of all requests that fail grows by `more`: a request that a lower hop failed fails only once.
            let own = self.failures
                + if hop == HOPS - 1 { trouble } else { 0.0 }
                + more / self.intact(hop);
            failures += binomial(requests - failures, own.min(1.0), random);
            let is_slow = culprit.is_some_and(|culprit| hop <= culprit);
            let moved = if is_slow { self.moved } else { 0.0 };
            samples[hop] =
                Sample { requests, failures, latency: self.latency(requests, hop, moved, random) };
        }
        samples
    }

    /// The share of requests that no service below `hop` fails, by the usual rates.
    fn intact(&self, hop: usize) -> f64 {
        (hop + 1..HOPS).fold(1.0, |share, _| share * (1.0 - self.failures))
    }

    fn latency(&self, requests: u64, hop: usize, moved: f64, random: &mut Pcg64) -> Histogram {
        let slow = binomial(requests, moved, random);
        let (mut left, mut share_left, mut up_to) = (requests - slow, 1.0, 0);
        let counts =
            BOUNDS.iter().zip(&self.buckets[hop]).enumerate().map(|(number, (bound, share))| {
                // One bucket after the other: a multinomial as a chain of binomials.
                let is_last = number == BOUNDS.len() - 1;
                let own = if is_last {
                    left
                } else {
                    binomial(left, (share / share_left).min(1.0), random)
                };
                left -= own;
                share_left = (share_left - share).max(f64::MIN_POSITIVE);
                up_to += own + if number == SLOW { slow } else { 0 };
                (Duration::from_secs_f64(bound / 1e3), up_to)
            });
        Histogram::new(counts)
    }
}

/// From the entry to the last hop.
pub(super) fn services() -> Vec<String> {
    (1..=HOPS).map(|number| format!("service{number}")).collect()
}

/// Adds what was counted in another span.
pub(super) fn add(sum: &mut Pair, more: &Pair) {
    let side = |sum: &Sample, more: &Sample| Sample {
        requests: sum.requests + more.requests,
        failures: sum.failures + more.failures,
        latency: sum.latency.plus(&more.latency),
    };
    *sum =
        Pair { lane: side(&sum.lane, &more.lane), baseline: side(&sum.baseline, &more.baseline) };
}

/// The shares of requests in each bucket, for a latency with this median.
fn buckets(median: f64) -> [f64; BOUNDS.len()] {
    let latency = LogNormal::new(median.ln(), SPREAD).expect("a spread above 0");
    std::array::from_fn(|number| {
        let below = number.checked_sub(1).map_or(0.0, |before| latency.cdf(BOUNDS[before]));
        latency.cdf(BOUNDS[number]) - below
    })
}

/// The share of requests beyond the smallest bound that at most `share` exceed.
fn slow(buckets: &[f64], share: f64) -> f64 {
    let mut left = 1.0;
    let beyond = buckets.iter().map(|bucket| {
        left -= bucket;
        left
    });
    beyond.into_iter().find(|left| *left <= share).unwrap_or(0.0)
}

fn binomial(trials: u64, share: f64, random: &mut Pcg64) -> u64 {
    Binomial::new(trials, share).expect("a share").sample(random)
}

fn uniform(from: f64, to: f64, random: &mut Pcg64) -> f64 {
    Uniform::new(from, to).expect("a range").sample(random)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of requests")]
fn whole(count: f64) -> u64 {
    count as u64
}
