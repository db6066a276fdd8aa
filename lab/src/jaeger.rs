//! Jaeger's query API, both sides: traces ↔ its JSON, and a client that reads traces from a Jaeger or from the lab.
//!
//! Source: the JSON API of Jaeger's query service, `model/json/model.go` in jaegertracing/jaeger.

use crate::failure::{Failure, Result};
use crate::http;
use crate::trace::{Kind, Span, Trace};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer<T> {
    #[serde(default = "Vec::new")]
    pub(crate) data: Vec<T>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JaegerTrace {
    #[serde(rename = "traceID")]
    trace_id: String,
    spans: Vec<JaegerSpan>,
    processes: BTreeMap<String, Process>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JaegerSpan {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    operation_name: String,
    references: Vec<Reference>,
    start_time: u64,
    duration: u64,
    tags: Vec<Tag>,
    #[serde(rename = "processID")]
    process_id: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: String,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Tag {
    key: String,
    #[serde(rename = "type")]
    kind: String,
    value: serde_json::Value,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    service_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// The tag in which Jaeger keeps a span's kind.
const KIND: &str = "span.kind";
const CHILD_OF: &str = "CHILD_OF";

impl From<&Trace> for JaegerTrace {
    fn from(trace: &Trace) -> Self {
        let mut processes: BTreeMap<String, Process> = BTreeMap::new();
        let spans = trace.spans.iter().map(|span| {
            let known = processes
                .iter()
                .find(|(_, process)| process.service_name == span.service)
                .map(|(id, _)| id.clone());
            let process_id = known.unwrap_or_else(|| {
                let id = format!("p{}", processes.len() + 1);
                processes.insert(
                    id.clone(),
                    Process { service_name: span.service.clone(), tags: Vec::new() },
                );
                id
            });
            jaeger_span(&trace.id, span, process_id)
        });
        Self { trace_id: trace.id.clone(), spans: spans.collect(), processes }
    }
}

fn jaeger_span(trace: &str, span: &Span, process_id: String) -> JaegerSpan {
    let parent = (!span.parent.is_empty()).then(|| Reference {
        ref_type: CHILD_OF.into(),
        trace_id: trace.to_owned(),
        span_id: span.parent.clone(),
    });
    let kind = (KIND.to_owned(), span.kind.name().to_owned());
    let tags = std::iter::once(kind).chain(span.tags.clone());
    JaegerSpan {
        trace_id: trace.to_owned(),
        span_id: span.id.clone(),
        operation_name: span.operation.clone(),
        references: parent.into_iter().collect(),
        start_time: span.start,
        duration: span.duration,
        tags: tags
            .map(|(key, value)| Tag { key, kind: "string".into(), value: value.into() })
            .collect(),
        process_id,
    }
}

impl From<JaegerTrace> for Trace {
    fn from(trace: JaegerTrace) -> Self {
        let processes = trace.processes;
        let mut spans: Vec<Span> =
            trace.spans.into_iter().map(|span| read(span, &processes)).collect();
        spans.sort_by_key(|span| span.start);
        Self { id: trace.trace_id, spans }
    }
}

fn read(span: JaegerSpan, processes: &BTreeMap<String, Process>) -> Span {
    let mut tags: BTreeMap<String, String> =
        span.tags.into_iter().map(|tag| (tag.key, text(&tag.value))).collect();
    let kind = match tags.remove(KIND).as_deref() {
        Some("client" | "producer") => Kind::Client,
        Some("server" | "consumer") => Kind::Server,
        _ => Kind::Internal,
    };
    let parent = span.references.into_iter().find(|reference| reference.ref_type == CHILD_OF);
    Span {
        id: span.span_id,
        parent: parent.map(|reference| reference.span_id).unwrap_or_default(),
        service: processes
            .get(&span.process_id)
            .map(|process| process.service_name.clone())
            .unwrap_or_default(),
        operation: span.operation_name,
        kind,
        start: span.start_time,
        duration: span.duration,
        tags,
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
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

    /// One trace; none if nothing is known of it, yet.
    pub(crate) async fn trace(&self, id: &str) -> Result<Option<Trace>> {
        let found = self.get(&format!("{}/api/traces/{id}", self.base), &[]).await?;
        Ok(found.into_iter().next())
    }

    /// The latest traces in which `service` took part, newest first.
    pub(crate) async fn latest(&self, service: &str, limit: usize) -> Result<Vec<Trace>> {
        let url = format!("{}/api/traces", self.base);
        let mut found = self
            .get(&url, &[("service", service.to_owned()), ("limit", limit.to_string())])
            .await?;
        found.sort_by_key(|trace| std::cmp::Reverse(trace.start()));
        Ok(found)
    }

    async fn get(&self, url: &str, query: &[(&str, String)]) -> Result<Vec<Trace>> {
        let lost = |error: reqwest::Error| {
            Failure::lab(
                format!("the traces at {url} cannot be read: {error}"),
                "check that the lab runs: `cargo lab status`",
            )
        };
        let answer = self.http.get(url).query(query).send().await.map_err(lost)?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        let answer: Answer<JaegerTrace> =
            answer.error_for_status().map_err(lost)?.json().await.map_err(lost)?;
        Ok(answer.data.into_iter().map(Trace::from).collect())
    }
}
