//! Answers → counts and latencies for each lane.

use super::{Entry, Progress, Turn, bound};
use crate::target::Target;
use clap::ValueEnum;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The longest latency that is told apart, in microseconds: longer ones count as this.
const LONGEST: u64 = 60_000_000;
/// How many kinds of failures are told.
const KINDS: usize = 5;

/// What a load showed.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    /// Answers in which a hop was in another lane than the request.
    pub(crate) leaked: u64,
    /// With 95 % confidence, fewer than this share of all requests leak.
    pub(crate) leak_bound: f64,
    pub(crate) at_once: usize,
    pub(crate) seconds: f64,
    pub(crate) lanes: Vec<LaneReport>,
    /// How often each kind of failure was seen, the most frequent first.
    pub(crate) failures: Vec<(String, u64)>,
    /// The first leak, as services and lanes.
    pub(crate) first_leak: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct LaneReport {
    /// Empty for none.
    pub(crate) lane: String,
    /// `header`, `query`, `cookie` or `draw`.
    pub(crate) entry: String,
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) leaked: u64,
    /// Hops that the lane's own pods answered.
    pub(crate) hops_in_lane: u64,
    pub(crate) hops: u64,
    /// In milliseconds, of answers without a failure.
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
}

/// A service that answered, and the lane of its pod; empty for the baseline.
pub(crate) type Hop = (String, String);

#[derive(Debug)]
pub(super) struct Tally {
    lanes: Vec<LaneTally>,
    failures: BTreeMap<String, u64>,
    first_leak: Option<String>,
}

#[derive(Debug)]
struct LaneTally {
    lane: String,
    entry: Entry,
    /// The services that the lane has.
    services: BTreeSet<String>,
    requests: u64,
    failed: u64,
    leaked: u64,
    hops_in_lane: u64,
    hops: u64,
    latencies: Histogram<u64>,
}

impl Tally {
    pub(super) fn new(turns: &[Turn], target: &Target) -> Self {
        let services = |lane: &str| {
            let its = target.instances.iter().filter(|instance| instance.lane == lane);
            its.map(|instance| instance.service.clone()).collect()
        };
        let lane = |turn: &Turn| LaneTally {
            lane: turn.lane.clone(),
            entry: turn.entry,
            services: services(&turn.lane),
            requests: 0,
            failed: 0,
            leaked: 0,
            hops_in_lane: 0,
            hops: 0,
            // Three digits, from a microsecond up.
            latencies: Histogram::new_with_max(LONGEST, 3).expect("bounds that a histogram takes"),
        };
        Self {
            lanes: turns.iter().map(lane).collect(),
            failures: BTreeMap::new(),
            first_leak: None,
        }
    }

    /// Takes note of an answer to a request of the lane at `turn`: its hops, or why there is none.
    pub(super) fn add(&mut self, turn: usize, took: Duration, answer: Result<Vec<Hop>, &String>) {
        let tally = &mut self.lanes[turn];
        tally.requests += 1;
        let hops = match answer {
            Ok(hops) => hops,
            Err(words) => {
                tally.failed += 1;
                *self.failures.entry(words.clone()).or_default() += 1;
                return;
            }
        };
        tally.latencies.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST));
        let own = hops.iter().filter(|(_, lane)| *lane == tally.lane && !lane.is_empty()).count();
        tally.hops_in_lane += u64::try_from(own).unwrap_or_default();
        tally.hops += u64::try_from(hops.len()).unwrap_or_default();
        if tally.leaks(&hops) {
            tally.leaked += 1;
            let request = match (tally.entry, tally.lane.as_str()) {
                (Entry::Draw, lane) => format!("drawn into {lane} or not"),
                (_, "") => "no lane".to_owned(),
                (_, lane) => lane.to_owned(),
            };
            let hops: Vec<String> = hops
                .iter()
                .map(|(service, lane)| match lane.as_str() {
                    "" => service.clone(),
                    lane => format!("{service} in {lane}"),
                })
                .collect();
            self.first_leak.get_or_insert(format!("{request}: {}", hops.join(" → ")));
        }
    }

    pub(super) fn progress(&self) -> Progress {
        let sum = |of: fn(&LaneTally) -> u64| self.lanes.iter().map(of).sum();
        Progress {
            answered: sum(|lane| lane.requests),
            failed: sum(|lane| lane.failed),
            leaked: sum(|lane| lane.leaked),
        }
    }

    pub(super) fn report(self, took: Duration, at_once: usize) -> Report {
        let Progress { answered, failed, leaked } = self.progress();
        let mut failures: Vec<(String, u64)> = self.failures.into_iter().collect();
        failures.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        failures.truncate(KINDS);
        Report {
            requests: answered,
            failed,
            leaked,
            // A request without an answer shows nothing about lanes.
            leak_bound: bound::upper(leaked, answered - failed),
            at_once,
            seconds: took.as_secs_f64(),
            lanes: self.lanes.into_iter().map(LaneTally::report).collect(),
            failures,
            first_leak: self.first_leak,
        }
    }
}

impl LaneTally {
    /// Whether a hop was in another lane; or, of a drawn request, whether the hops that could be in the lane disagree.
    fn leaks(&self, hops: &[Hop]) -> bool {
        let strays = hops.iter().any(|(_, lane)| !lane.is_empty() && *lane != self.lane);
        let able = hops.iter().filter(|(service, _)| self.services.contains(service));
        let drawn: BTreeSet<&String> = able.map(|(_, lane)| lane).collect();
        strays || (self.entry == Entry::Draw && drawn.len() > 1)
    }

    fn report(self) -> LaneReport {
        let milliseconds = |quantile: f64| {
            let microseconds = self.latencies.value_at_quantile(quantile);
            Duration::from_micros(microseconds).as_secs_f64() * 1e3
        };
        LaneReport {
            p50: milliseconds(0.5),
            p90: milliseconds(0.9),
            p99: milliseconds(0.99),
            longest: milliseconds(1.0),
            lane: self.lane,
            entry: self
                .entry
                .to_possible_value()
                .map_or_else(String::new, |name| name.get_name().to_owned()),
            requests: self.requests,
            failed: self.failed,
            leaked: self.leaked,
            hops_in_lane: self.hops_in_lane,
            hops: self.hops,
        }
    }
}
