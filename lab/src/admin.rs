//! Envoy's admin interface: counters and texts out of its statistics, and whether it serves.

use crate::failure::{Failure, Result};
use crate::http;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The admin interface of a running Envoy.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    client: reqwest::Client,
    address: String,
}

/// Statistics by name: numbers for counters and gauges, text for the rest.
pub(crate) type Statistics = BTreeMap<String, Value>;

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
    /// Histograms come in another shape; nothing here reads them.
    Histograms(serde::de::IgnoredAny),
}

impl Admin {
    /// `address` as Envoy writes it into its admin address file: `127.0.0.1:PORT`.
    pub(crate) fn new(address: &str) -> Result<Self> {
        let client = http::client(reqwest::Client::builder())?;
        Ok(Self { client, address: address.trim().to_owned() })
    }

    /// The statistics whose names match the regular expression `filter`.
    pub(crate) async fn statistics(&self, filter: &str) -> Result<Statistics> {
        let request = self.client.get(format!("http://{}/stats", self.address));
        let answer =
            request.query(&[("format", "json"), ("filter", filter)]).send().await.map_err(lost)?;
        let answer: Answer = answer.json().await.map_err(lost)?;
        let statistics = answer.stats.into_iter().filter_map(|entry| match entry {
            Entry::Statistic { name, value } => Some((name, value)),
            Entry::Histograms(_) => None,
        });
        Ok(statistics.collect())
    }

    /// Whether Envoy serves.
    pub(crate) async fn is_ready(&self) -> bool {
        let answer = self.client.get(format!("http://{}/ready", self.address)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
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
