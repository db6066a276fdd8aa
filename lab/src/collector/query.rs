//! Jaeger's query API, version 3, over the traces that are kept: a request → an answer, with Jaeger's status codes.
//!
//! Sources in jaegertracing/jaeger v2.17.0: `apiv3/http_gateway.go` (see `jaeger.rs`) for parameters and errors, and
//! `internal/storage/v2/memory/tenant.go` for what a search finds; a search that does not say how many traces it wants is
//! an error of that store, 500. Where this differs: spans are as they came, with `raw_traces` and without it (Jaeger's
//! adjusters add warnings, and its sanitizers give names to what has none), and the content type is that of JSON, as it is
//! from version 2.20 on.

mod parameter;

use super::Shared;
use super::store::{Kept, Store};
use crate::jaeger::{Envelope, Refusal, Spans};
use crate::otlp::{self, Received, json};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use parameter::Parameters;
use poem::http::StatusCode;
use poem::web::{Data, Path, Query};
use poem::{Body, Response, Route, handler};
use serde_json::json;
use std::collections::BTreeSet;

pub(super) fn routes() -> Route {
    Route::new()
        .at("/services", poem::get(services))
        .at("/operations", poem::get(operations))
        .at("/traces", poem::get(find))
        .at("/traces/:trace_id", poem::get(one))
}

/// What a search asks for; all of it must hold for one span of a trace.
#[derive(Debug, PartialEq)]
struct Search {
    /// Empty for any, like the operation.
    service: String,
    operation: String,
    /// The first and the last nanosecond since 1970 at which the span may start.
    start: (i128, i128),
    /// Nanoseconds that the span may last; none for any.
    shortest: Option<i128>,
    longest: Option<i128>,
    /// How many traces at most.
    depth: i64,
}

impl Search {
    fn of(parameters: &Parameters) -> Result<Self, Refusal> {
        let (earliest, latest) = ("query.start_time_min", "query.start_time_max");
        if parameters.get(earliest).is_none() || parameters.get(latest).is_none() {
            let words = format!("{earliest} and {latest} are required");
            return Err(refusal(StatusCode::BAD_REQUEST, words));
        }
        let text = |name| parameters.get(name).unwrap_or_default().to_owned();
        let start = |name| parameters.read(name, parameter::time).map(Option::unwrap_or_default);
        let search = Self {
            service: text("query.service_name"),
            operation: text("query.operation_name"),
            start: (start(earliest)?, start(latest)?),
            depth: parameters.read("query.num_traces", parameter::number)?.unwrap_or_default(),
            shortest: parameters.read("query.duration_min", parameter::duration)?,
            // No time at all is no bound.
            longest: parameters
                .read("query.duration_max", parameter::duration)?
                .filter(|longest| *longest != 0),
        };
        parameters.read("query.raw_traces", parameter::boolean)?;
        Ok(search)
    }

    fn finds(&self, span: &Received) -> bool {
        let is = |wanted: &str, seen: &str| wanted.is_empty() || wanted == seen;
        let start = i128::from(span.start());
        let duration = i128::from(span.duration());
        is(&self.service, &span.service())
            && is(&self.operation, &span.wire.name)
            && (self.start.0..=self.start.1).contains(&start)
            && self.shortest.is_none_or(|shortest| duration >= shortest)
            && self.longest.is_none_or(|longest| duration <= longest)
    }

    /// The latest traces that have such a span.
    fn run<'a>(&self, store: &'a Store) -> Result<Vec<&'a Kept>, Refusal> {
        let depth = usize::try_from(self.depth).unwrap_or_default();
        if !(1..=store.most_traces()).contains(&depth) {
            let words = "search depth must be greater than 0 and less than max traces";
            return Err(refusal(StatusCode::INTERNAL_SERVER_ERROR, words));
        }
        let found = store.latest().filter(|trace| trace.spans.iter().any(|span| self.finds(span)));
        Ok(found.take(depth).collect())
    }
}

#[handler]
fn find(Query(query): Query<Vec<(String, String)>>, store: Data<&Shared>) -> Response {
    let store = store.store();
    answer(Search::of(&Parameters(query)).and_then(|search| search.run(&store)))
}

#[handler]
fn one(
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    store: Data<&Shared>,
) -> Response {
    let store = store.store();
    let wanted = || {
        let parameters = Parameters(vec![("trace_id".to_owned(), id)]);
        let id = parameters.read("trace_id", parameter::trace_id)?.unwrap_or_default();
        let parameters = Parameters(query);
        // The memory of a Jaeger looks for a trace at any time.
        parameters.read("start_time", parameter::time)?;
        parameters.read("end_time", parameter::time)?;
        parameters.read("raw_traces", parameter::boolean)?;
        Ok(store.trace(&id).into_iter().collect())
    };
    answer(wanted())
}

#[handler]
fn services(store: Data<&Shared>) -> Response {
    let store = store.store();
    let names: BTreeSet<String> =
        each_span(&store).map(Received::service).filter(|name| !name.is_empty()).collect();
    respond(StatusCode::OK, json!({ "services": names }).to_string())
}

/// Operations of the service `service`, of the kind `span_kind` if it says one.
#[handler]
fn operations(Query(query): Query<Vec<(String, String)>>, store: Data<&Shared>) -> Response {
    let parameters = Parameters(query);
    let wanted = |name| parameters.get(name).unwrap_or_default();
    let (service, kind) = (wanted("service"), wanted("span_kind"));
    let store = store.store();
    let of_service = each_span(&store)
        .filter(|span| !service.is_empty() && span.service() == service)
        .map(|span| (&span.wire.name, kind_name(span.wire.kind())))
        .filter(|(_, name)| kind.is_empty() || *name == kind);
    let found: BTreeSet<(&String, &str)> = of_service.collect();
    let shown = found.into_iter().map(|(name, kind)| {
        // A span without a kind is internal.
        json!({ "name": name, "spanKind": if kind.is_empty() { "internal" } else { kind } })
    });
    respond(StatusCode::OK, json!({ "operations": shown.collect::<Vec<_>>() }).to_string())
}

fn each_span(store: &Store) -> impl Iterator<Item = &Received> {
    store.latest().flat_map(|trace| &trace.spans)
}

const fn kind_name(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "",
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}

fn refusal(status: StatusCode, message: impl Into<String>) -> Refusal {
    Refusal { http_code: status.as_u16(), message: message.into() }
}

fn answer(found: Result<Vec<&Kept>, Refusal>) -> Response {
    let found = match found {
        Ok(found) if found.is_empty() => Err(refusal(StatusCode::NOT_FOUND, "No traces found")),
        found => found,
    };
    let (status, envelope) = match found {
        Ok(traces) => {
            // No two traces share a resource, though both may come from the same process.
            let spans = traces.into_iter().flat_map(|trace| otlp::resource_spans(&trace.spans));
            let spans = Spans { resource_spans: spans.collect() };
            (StatusCode::OK, Envelope { result: Some(spans), error: None })
        }
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.http_code).unwrap_or_default();
            (status, Envelope { result: None, error: Some(refusal) })
        }
    };
    match json::write(&envelope) {
        Ok(body) => respond(status, body),
        Err(error) => respond(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn respond(status: StatusCode, body: impl Into<Body>) -> Response {
    Response::builder().status(status).content_type("application/json").body(body)
}
