//! The collector of the embedded lab: takes spans in OTLP over HTTP, keeps the latest traces, and answers Jaeger's query
//! API, so that whoever asks cannot tell it from a Jaeger.

#![expect(clippy::needless_pass_by_value, reason = "the form of poem's handlers")]

use crate::failure::{Failure, Result};
use crate::jaeger::{Answer, JaegerTrace};
use crate::otlp;
use crate::trace::{Span, Trace};
use poem::http::StatusCode;
use poem::listener::TcpAcceptor;
use poem::web::{Data, Json, Path, Query};
use poem::{EndpointExt, Route, handler};
use serde::Deserialize;
use std::collections::{BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How many traces are kept; the oldest go first.
const CAPACITY: usize = 2_000;
/// How many traces a query gets that does not say.
const DEFAULT_LIMIT: usize = 20;

#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) port: u16,
    task: JoinHandle<std::io::Result<()>>,
}

#[derive(Clone, Debug, Default)]
struct Store(Arc<Mutex<VecDeque<Trace>>>);

impl Collector {
    /// Starts to listen on a free loopback port.
    pub(crate) async fn start() -> Result<Self> {
        let failed = |error: std::io::Error| {
            Failure::lab(format!("the collector cannot listen: {error}"), "run it again")
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let acceptor = TcpAcceptor::from_tokio(listener).map_err(failed)?;
        let task =
            tokio::spawn(poem::Server::new_with_acceptor(acceptor).run(routes(Store::default())));
        Ok(Self { port, task })
    }

    /// The base of the query API, as Jaeger has it in Istio's add-on.
    pub(crate) fn query_url(&self) -> String {
        format!("http://127.0.0.1:{}/jaeger", self.port)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Store {
    fn traces(&self) -> MutexGuard<'_, VecDeque<Trace>> {
        // A panic elsewhere leaves the list whole: every change to it is a single step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, trace: String, span: Span) {
        let mut traces = self.traces();
        // Spans of one request arrive close to each other, so its trace is near the end.
        if let Some(known) = traces.iter_mut().rev().find(|known| known.id == trace) {
            known.spans.push(span);
            known.spans.sort_by_key(|span| span.start);
        } else {
            if traces.len() == CAPACITY {
                traces.pop_front();
            }
            traces.push_back(Trace { id: trace, spans: vec![span] });
        }
    }
}

fn routes(store: Store) -> impl poem::Endpoint {
    Route::new()
        .at("/v1/traces", poem::post(export))
        .at("/jaeger/api/services", poem::get(services))
        .at("/jaeger/api/traces", poem::get(latest))
        .at("/jaeger/api/traces/:id", poem::get(one))
        .data(store)
}

/// Envoy's exporter takes only 200 for success. The body of the answer is an empty `ExportTraceServiceResponse`.
#[handler]
fn export(body: Vec<u8>, store: Data<&Store>) -> poem::Response {
    match otlp::spans(&body) {
        Ok(spans) => {
            for (trace, span) in spans {
                store.add(trace, span);
            }
            poem::Response::builder().content_type("application/x-protobuf").finish()
        }
        Err(error) => {
            poem::Response::builder().status(StatusCode::BAD_REQUEST).body(error.to_string())
        }
    }
}

#[handler]
fn services(store: Data<&Store>) -> Json<Answer<String>> {
    let names: BTreeSet<String> = store
        .traces()
        .iter()
        .flat_map(|trace| trace.spans.iter().map(|span| span.service.clone()))
        .collect();
    Json(Answer { data: names.into_iter().collect() })
}

#[derive(Deserialize)]
struct Search {
    service: Option<String>,
    limit: Option<usize>,
}

#[handler]
fn latest(Query(search): Query<Search>, store: Data<&Store>) -> Json<Answer<JaegerTrace>> {
    let traces = store.traces();
    let wanted = traces.iter().rev().filter(|trace| {
        search
            .service
            .as_ref()
            .is_none_or(|service| trace.spans.iter().any(|span| span.service == *service))
    });
    Json(Answer {
        data: wanted.take(search.limit.unwrap_or(DEFAULT_LIMIT)).map(JaegerTrace::from).collect(),
    })
}

#[handler]
fn one(Path(id): Path<String>, store: Data<&Store>) -> poem::Result<Json<Answer<JaegerTrace>>> {
    let traces = store.traces();
    let found = traces.iter().find(|trace| trace.id == id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(Answer { data: vec![JaegerTrace::from(found)] }))
}
