//! Envoy's admin interface → a reading of each service, for the lane and for the baseline.
//!
//! Counters are exact and current. A histogram gets what the worker has recorded when Envoy flushes its statistics; the
//! bootstrap asks for that at each question (`stats_flush_on_admin`), which shows in the answer to the next one. All
//! proxies of the lab count into one statistic, because their clusters have one `alt_stat_name`. A request that Envoy
//! retries counts once, as it ends; Envoy's own answers (503 without an endpoint, 504 after a timeout) count as failures
//! and have no latency.

use super::{Histogram, Reading};
use crate::admin::{Admin, Histograms, Statistics, escaped};
use crate::envoy::outbound_statistics;
use crate::failure::{Failure, Result};
use manifests::release::Counterpart;
use serde::Serialize;
use serde_json::Value;

/// What Envoy has counted of a service since it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Readings {
    pub(crate) host: String,
    pub(crate) lane: Reading,
    pub(crate) baseline: Reading,
}

/// How often Envoy is asked until two answers agree.
const TRIES: usize = 5;

/// Reads all services at the same time.
///
/// While requests come in, a class may be read just before a request is counted and the sum just after, which looks like
/// a failure that was forgotten; what two answers in a row agree on is no such accident.
///
/// # Errors
/// Envoy that does not answer, and a cluster that it does not have.
pub(crate) async fn read(admin: &Admin, services: &[Counterpart]) -> Result<Vec<Readings>> {
    let mut last = once(admin, services).await?;
    for _ in 1..TRIES {
        let next = once(admin, services).await?;
        let agree = last.iter().zip(&next).all(|(last, next)| {
            last.lane.forgotten() == next.lane.forgotten()
                && last.baseline.forgotten() == next.baseline.forgotten()
        });
        last = next;
        if agree {
            break;
        }
    }
    Ok(last)
}

async fn once(admin: &Admin, services: &[Counterpart]) -> Result<Vec<Readings>> {
    let names = services.iter().flat_map(|service| {
        [&service.lane, &service.baseline].map(|subset| escaped(&prefix(service, subset)))
    });
    let names: Vec<String> = names.collect();
    let filter = format!("^({})upstream_rq_([1-5]xx|completed|time)$", names.join("|"));
    let (statistics, histograms) = admin.statistics_and_histograms(&filter).await?;
    let readings = services.iter().map(|service| {
        let reading = |subset: &str| {
            let missing = || {
                let Counterpart { host, port, .. } = service;
                let message =
                    format!("Envoy has no cluster for port {port} of {host}, subset `{subset}`");
                Failure::input(
                    message,
                    "apply the lane's layer, or name a subset of the DestinationRule",
                )
            };
            reading(&prefix(service, subset), &statistics, &histograms).ok_or_else(missing)
        };
        Ok(Readings {
            host: service.host.clone(),
            lane: reading(&service.lane)?,
            baseline: reading(&service.baseline)?,
        })
    });
    readings.collect()
}

fn prefix(service: &Counterpart, subset: &str) -> String {
    format!("cluster.{}.", outbound_statistics(service.port, subset, &service.host))
}

/// The reading of the cluster whose statistics begin with `prefix`; none if there is no such cluster.
pub(crate) fn reading(
    prefix: &str,
    statistics: &Statistics,
    histograms: &Histograms,
) -> Option<Reading> {
    let counter =
        |name: &str| statistics.get(&format!("{prefix}upstream_rq_{name}")).and_then(Value::as_u64);
    // It is there from the cluster's beginning; the others are from their first request on.
    let completed = counter("completed")?;
    let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"].map(|class| counter(class).unwrap_or(0));
    let buckets = histograms.get(&format!("{prefix}upstream_rq_time"));
    let latency =
        buckets.map(|buckets| Histogram::new(buckets.iter().copied())).unwrap_or_default();
    Some(Reading { completed, classes, latency })
}
