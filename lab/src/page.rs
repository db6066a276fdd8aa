//! The page of the running lab: what runs, where requests go, how many went there, and the latest traces. Served on the
//! loopback interface as HTML that needs no script and nothing from elsewhere.

#![expect(clippy::needless_pass_by_value, reason = "the form of poem's handlers")]

pub(crate) mod overview;
pub(crate) mod picture;
mod release;
pub(crate) mod waterfall;

use crate::collector::Shared;
use crate::control::Status;
use crate::diagram::Diagram;
use crate::failure::Result;
use crate::loopback::Server;
use crate::release::ReleaseStatus;
use askama::Template;
use overview::{Overview, Refresh};
use poem::http::{StatusCode, header};
use poem::middleware::SetHeader;
use poem::web::{Data, Html, Json, Path, Query};
use poem::{EndpointExt, IntoResponse, Request, Response, Route, handler};
use serde::Deserialize;
use std::net::IpAddr;
use tokio::sync::watch;
use waterfall::Waterfall;

/// No script, no font, no frame, nothing from elsewhere; styles are part of the page.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
                              form-action 'none'; frame-ancestors 'none'";

/// What the lab shows of itself, from one change to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub(crate) status: Status,
    pub(crate) diagrams: Vec<Diagram>,
    /// Per cent of the requests that make spans; none where no Telemetry asks for them.
    pub(crate) sampled: Option<f64>,
}

/// What the handlers look at.
#[derive(Clone)]
struct Seen {
    scene: watch::Receiver<Scene>,
    /// None, if spans go elsewhere.
    spans: Option<Shared>,
}

/// Starts to serve the page; it shows the scene as it is when somebody looks.
pub(crate) async fn serve(scene: watch::Receiver<Scene>, spans: Option<Shared>) -> Result<Server> {
    Server::start("the lab's page", routes(Seen { scene, spans })).await
}

fn routes(seen: Seen) -> impl poem::Endpoint {
    let headers = SetHeader::new()
        .overriding(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY)
        .overriding(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .overriding(header::REFERRER_POLICY, "no-referrer")
        .overriding(header::CACHE_CONTROL, "no-store")
        .overriding("cross-origin-resource-policy", "same-origin")
        .overriding("cross-origin-opener-policy", "same-origin");
    Route::new()
        .at("/", poem::get(first))
        .at("/traces/:id", poem::get(trace))
        .at("/api/diagram", poem::get(diagram))
        .data(seen)
        .before(to_loopback)
        .catch_all_error(async |error: poem::Error| refused(error.status()))
        .with(headers)
}

/// A page elsewhere that makes its own name lead to this machine must not read what is shown here.
async fn to_loopback(request: Request) -> poem::Result<Request> {
    let host = request.header(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let address: Option<IpAddr> = name.trim_matches(['[', ']']).parse().ok();
    if name == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        Ok(request)
    } else {
        Err(StatusCode::MISDIRECTED_REQUEST.into())
    }
}

#[derive(Deserialize)]
struct Asked {
    refresh: Option<String>,
}

#[handler]
fn first(Query(asked): Query<Asked>, seen: Data<&Seen>) -> Response {
    let refresh = if asked.refresh.as_deref() == Some("off") { Refresh::Off } else { Refresh::On };
    let mut scene = seen.scene.borrow().clone();
    scene.status.release.iter_mut().for_each(ReleaseStatus::count);
    let store = seen.spans.as_ref().map(Shared::store);
    shown(StatusCode::OK, &Overview::of(scene, store.as_deref(), refresh))
}

#[handler]
fn trace(Path(id): Path<String>, seen: Data<&Seen>) -> Response {
    let scene = seen.scene.borrow();
    let store = seen.spans.as_ref().map(Shared::store);
    let Some(store) = store else { return elsewhere(&id, &scene.status.traces) };
    match store.trace(&id) {
        Some(trace) => shown(StatusCode::OK, &Waterfall::of(&trace.into(), &scene.diagrams)),
        None => unknown(&id),
    }
}

/// The diagrams as data, with their counts.
#[handler]
fn diagram(seen: Data<&Seen>) -> Json<Vec<Diagram>> {
    let Scene { status, diagrams, .. } = seen.scene.borrow().clone();
    let store = seen.spans.as_ref().map(Shared::store);
    let calls = store.as_deref().map(|store| &store.calls);
    Json(diagrams.into_iter().map(|diagram| diagram.live(&status.pods, calls)).collect())
}

/// A page that says what is not there, and the way on.
#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    title: String,
    hint: String,
    /// Address and name.
    link: Option<[String; 2]>,
}

fn refused(status: StatusCode) -> Response {
    let title = match status {
        StatusCode::NOT_FOUND => "There is no such page".to_owned(),
        StatusCode::MISDIRECTED_REQUEST => "This page is for this machine alone".to_owned(),
        other => other.to_string(),
    };
    let hint = match status {
        StatusCode::MISDIRECTED_REQUEST => {
            "Open it as http://127.0.0.1, with the port that cargo lab status prints."
        }
        _ => "The overview shows what runs, where requests go, and the latest traces.",
    };
    shown(status, &Missing { title, hint: hint.to_owned(), link: None })
}

fn unknown(id: &str) -> Response {
    let hint = "The lab keeps the latest traces only, and a span takes a few seconds to arrive. \
                The overview and the command cargo lab traces list those that are there.";
    let title = format!("There is no trace {id}");
    shown(StatusCode::NOT_FOUND, &Missing { title, hint: hint.to_owned(), link: None })
}

fn elsewhere(id: &str, query: &str) -> Response {
    let missing = Missing {
        title: format!("Trace {id} is not kept here"),
        hint: "This lab sends its spans to another Jaeger, which keeps the traces.".to_owned(),
        link: Some([format!("{query}/trace/{id}"), "Look for it there".to_owned()]),
    };
    shown(StatusCode::NOT_FOUND, &missing)
}

fn shown(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).with_status(status).into_response(),
        Err(error) => {
            Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).body(error.to_string())
        }
    }
}
