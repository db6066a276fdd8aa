//! Jaeger's query API, version 3: what its answers look like, and a client that reads traces from a Jaeger or from the
//! lab.
//!
//! Sources, all of jaegertracing/jaeger v2.17.0, where `apiv3` is `cmd/jaeger/internal/extension/jaegerquery/internal/apiv3`:
//! - `apiv3/http_gateway.go`: paths, parameters, status codes. A search must say `query.start_time_min` and
//!   `query.start_time_max`, in RFC 3339. An unknown trace, and a search that finds none, is 404.
//! - `proto/api_v3/query_service.proto` in jaegertracing/jaeger-idl: spans are in `{"result": {"resourceSpans": […]}}`,
//!   errors in `{"error": {"httpCode": …, "message": …}}`. One such object is an answer today; several may be later, so the
//!   client reads any number of them. The spans of all traces are in one list.
//! - `apiv3/snapshots/*.json`: kind and status are numbers, ids hexadecimal; see `otlp/json.rs`.
//!
//! Version 2.20 calls the parameters `query.startTimeMin` and so on, and takes these names too (`apiv3/query_parser.go`).

use crate::clock;
use crate::failure::{Failure, Result};
use crate::http;
use crate::otlp::{self, json};
use crate::trace::Trace;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How far back the latest traces are looked for: stores other than memory keep traces by day, and look at each day.
const LOOKBACK: Duration = Duration::from_hours(7 * 24);
/// How far ahead of this clock the clocks of the proxies may be.
const AHEAD: Duration = Duration::from_mins(1);

/// An answer with spans, or with an error.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Envelope {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<Spans>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Refusal>,
}

/// `opentelemetry.proto.trace.v1.TracesData`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Spans {
    #[serde(default)]
    pub(crate) resource_spans: Vec<ResourceSpans>,
}

/// Why there are no spans: `GRPCGatewayErrorDetails`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusal {
    pub(crate) http_code: u16,
    #[serde(default)]
    pub(crate) message: String,
}

/// The traces in an answer; none if it says that nothing was found.
///
/// # Errors
/// With Jaeger's words, or with what is wrong with the answer.
pub(crate) fn traces(body: &[u8]) -> std::result::Result<Vec<Trace>, String> {
    let envelopes: Vec<Envelope> = json::read_each(body)
        .map_err(|error| format!("it is no answer of Jaeger's query API, version 3: {error}"))?;
    let mut found = Vec::new();
    for Envelope { result, error } in envelopes {
        match (result, error) {
            (Some(spans), None) => found.extend(spans.resource_spans),
            (None, Some(refusal)) if refusal.http_code == StatusCode::NOT_FOUND => {}
            (_, Some(refusal)) => return Err(refusal.message),
            (None, None) => return Err("it has neither `result` nor `error`".into()),
        }
    }
    Ok(otlp::traces(found))
}

/// Reads traces from a query API at `base`, such as `http://127.0.0.1:16686/jaeger`.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    pub(crate) fn new(base: &str) -> Result<Self> {
        let http = http::client(reqwest::Client::builder())?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned() })
    }

    /// One trace by its id, 32 hexadecimal digits; none if nothing is known of it, yet.
    pub(crate) async fn trace(&self, id: &str) -> Result<Option<Trace>> {
        let url = format!("{}/api/v3/traces/{id}", self.base);
        // As it is stored: without it, Jaeger moves spans that it takes to be of a clock that is wrong.
        let found = self.get(&url, &[("raw_traces", "true".to_owned())]).await?;
        Ok(found.into_iter().next())
    }

    /// The latest traces of the last week in which `service` took part, newest first. A Jaeger answers no more than it
    /// keeps: a `limit` above that is an error.
    pub(crate) async fn latest(&self, service: &str, limit: usize) -> Result<Vec<Trace>> {
        let url = format!("{}/api/v3/traces", self.base);
        let now = clock::now();
        let query = [
            ("query.service_name", service.to_owned()),
            ("query.start_time_min", rfc3339(now - LOOKBACK)),
            ("query.start_time_max", rfc3339(now + AHEAD)),
            ("query.num_traces", limit.to_string()),
            ("query.raw_traces", "true".to_owned()),
        ];
        let mut found = self.get(&url, &query).await?;
        found.sort_by_key(|trace| std::cmp::Reverse(trace.start()));
        Ok(found)
    }

    async fn get(&self, url: &str, query: &[(&str, String)]) -> Result<Vec<Trace>> {
        let lost = |words: String| {
            Failure::lab(
                format!("the traces at {url} cannot be read: {words}"),
                "check that the lab runs: `cargo lab status`; the URL of a Jaeger ends in its base path, such as `/jaeger`",
            )
        };
        let answer = self.http.get(url).query(query).send().await;
        let answer = answer.map_err(|error| lost(error.to_string()))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| lost(error.to_string()))?;
        traces(&body).map_err(|words| lost(format!("status {status}: {words}")))
    }
}

fn rfc3339(time: SystemTime) -> String {
    // A year that has four digits always has this form.
    OffsetDateTime::from(time).format(&Rfc3339).unwrap_or_default()
}
