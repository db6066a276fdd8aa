//! The analysis of canaries: intervals by enumeration, samples, verdicts, the state machine, simulated releases.

mod counters;
mod interval;
mod plan;
mod reading;
mod rollout;
mod simulation;
mod verdict;

use crate::analysis::{Histogram, Pair, Sample};
use std::time::Duration;

/// A sample of which `failures` failed and `slow` were slow.
fn sample(requests: u64, failures: u64, slow: u64) -> Sample {
    Sample { requests, failures, latency: latency(requests, slow) }
}

/// `slow` of `requests` took more than 25 ms, the others no more than 10 ms.
fn latency(requests: u64, slow: u64) -> Histogram {
    let fast = requests - slow;
    let bounds = [(5, 0), (10, fast), (25, fast), (50, requests)];
    Histogram::new(bounds.map(|(bound, count)| (Duration::from_millis(bound), count)))
}

fn pair(lane: Sample, baseline: Sample) -> Pair {
    Pair { lane, baseline }
}
