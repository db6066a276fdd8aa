//! The collector of the embedded lab: takes spans in OTLP over HTTP, keeps the latest traces, and answers Jaeger's query
//! API, so that whoever asks cannot tell it from a Jaeger.

#![expect(clippy::needless_pass_by_value, reason = "the form of poem's handlers")]

pub(crate) mod calls;
mod query;
pub(crate) mod store;

use crate::failure::Result;
use crate::loopback::Server;
use crate::otlp::{self, Encoding, Export};
use poem::http::{StatusCode, header};
use poem::web::Data;
use poem::{Body, EndpointExt, Request, Response, Route, handler};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Store;

/// The largest export that is read, in bytes; Envoy's are below a hundredth of that.
const LARGEST_EXPORT: usize = 4 << 20;

#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) port: u16,
    pub(crate) spans: Shared,
    _server: Server,
}

/// What has arrived so far, for everybody who reads it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<Mutex<Store>>);

impl Collector {
    /// Starts to listen on a free loopback port.
    pub(crate) async fn start() -> Result<Self> {
        let spans = Shared::default();
        let server = Server::start("the collector", routes(spans.clone())).await?;
        Ok(Self { port: server.port, spans, _server: server })
    }

    /// The base of the query API, as Jaeger has it in Istio's add-on.
    pub(crate) fn query_url(&self) -> String {
        format!("http://127.0.0.1:{}/jaeger", self.port)
    }
}

impl Shared {
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        // A panic elsewhere leaves the store whole: every change to it is a single step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn routes(store: Shared) -> impl poem::Endpoint {
    Route::new()
        .at("/v1/traces", poem::post(export))
        .nest("/jaeger/api/v3", query::routes())
        .data(store)
}

/// Source: "OTLP/HTTP" in the OpenTelemetry Protocol Specification. Envoy's exporter takes only 200 for success.
#[handler]
async fn export(request: &Request, body: Body, store: Data<&Shared>) -> Response {
    let refused = |status, words: String| Response::builder().status(status).body(words);
    let content_type = request.header(header::CONTENT_TYPE).unwrap_or_default();
    let Some(encoding) = Encoding::of(content_type) else {
        let words =
            format!("`{content_type}` is neither {} nor {}", Encoding::PROTOBUF, Encoding::JSON);
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, words);
    };
    if let Some(coding) =
        request.header(header::CONTENT_ENCODING).filter(|coding| *coding != "identity")
    {
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("`{coding}` is not read"));
    }
    let bytes = match body.into_bytes_limit(LARGEST_EXPORT).await {
        Ok(bytes) => bytes,
        Err(error) => return refused(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
    };
    match otlp::spans(&bytes, encoding) {
        Ok(Export { spans, mut rejected }) => {
            let mut store = store.store();
            for (trace, span) in spans {
                rejected += usize::from(store.add(trace, span).is_err());
            }
            let answer = otlp::answer(rejected, encoding);
            Response::builder().content_type(encoding.name()).body(answer)
        }
        Err(words) => refused(StatusCode::BAD_REQUEST, words),
    }
}
