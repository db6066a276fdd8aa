//! Envoy's admin interface: counters and texts out of its statistics, and whether it serves.

use crate::failure::{Failure, Result};
use crate::http;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The admin interface of a running Envoy.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    client: reqwest::Client,
    address: String,
}

/// Statistics by name: numbers for counters and gauges, text for the rest.
pub(crate) type Statistics = BTreeMap<String, Value>;

/// Histograms by name: for each bound how many values are not above it, since Envoy began. Values are milliseconds.
pub(crate) type Histograms = BTreeMap<String, Vec<(Duration, u64)>>;

#[derive(Deserialize)]
struct Answer {
    stats: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Statistic {
        name: String,
        value: Value,
    },
    /// All of them, in the shape of `histogram_buckets=cumulative`.
    Histograms {
        histograms: Vec<HistogramEntry>,
    },
}

#[derive(Deserialize)]
struct HistogramEntry {
    name: String,
    buckets: Vec<Bucket>,
}

#[derive(Deserialize)]
struct Bucket {
    /// In milliseconds.
    upper_bound: f64,
    cumulative: u64,
}

impl Admin {
    /// `address` as Envoy writes it into its admin address file: `127.0.0.1:PORT`.
    pub(crate) fn new(address: &str) -> Result<Self> {
        let client = http::client(reqwest::Client::builder())?;
        Ok(Self { client, address: address.trim().to_owned() })
    }

    /// The statistics whose names match the regular expression `filter`.
    pub(crate) async fn statistics(&self, filter: &str) -> Result<Statistics> {
        Ok(self.statistics_and_histograms(filter).await?.0)
    }

    /// The statistics and the histograms whose names match the regular expression `filter`.
    pub(crate) async fn statistics_and_histograms(
        &self,
        filter: &str,
    ) -> Result<(Statistics, Histograms)> {
        let query = [("format", "json"), ("histogram_buckets", "cumulative"), ("filter", filter)];
        let request = self.client.get(format!("http://{}/stats", self.address)).query(&query);
        let answer = request.send().await.map_err(lost)?;
        let answer: Answer = answer.json().await.map_err(lost)?;
        let (mut statistics, mut all) = (Statistics::new(), Histograms::new());
        for entry in answer.stats {
            match entry {
                Entry::Statistic { name, value } => drop(statistics.insert(name, value)),
                Entry::Histograms { histograms } => {
                    all.extend(
                        histograms.into_iter().map(|entry| (entry.name, bounds(entry.buckets))),
                    );
                }
            }
        }
        Ok((statistics, all))
    }

    /// Whether Envoy serves.
    pub(crate) async fn is_ready(&self) -> bool {
        let answer = self.client.get(format!("http://{}/ready", self.address)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}

fn bounds(buckets: Vec<Bucket>) -> Vec<(Duration, u64)> {
    let bound = |Bucket { upper_bound, cumulative }| {
        Some((Duration::try_from_secs_f64(upper_bound / 1e3).ok()?, cumulative))
    };
    buckets.into_iter().filter_map(bound).collect()
}

/// The sum of all numbers in `statistics`.
pub(crate) fn total(statistics: &Statistics) -> u64 {
    statistics.values().filter_map(Value::as_u64).sum()
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn lost(error: reqwest::Error) -> Failure {
    Failure::lab(
        format!("Envoy's admin interface does not answer: {error}"),
        "see envoy.log in the logs of the state folder",
    )
}

/// A statistic's name as a regular expression that matches it alone.
pub(crate) fn escaped(name: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || character == '_';
    name.chars()
        .map(
            |character| {
                if plain(character) { character.to_string() } else { format!("\\{character}") }
            },
        )
        .collect()
}
