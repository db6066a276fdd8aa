//! A request goes in; its answer, counted, logged and with the echo of its headers, comes out.
//!
//! One endpoint instead of poem's router and a stack of middlewares: each of those is another allocation and another
//! copy of the request, which together cost as much as the rest of the server.

use std::{mem, sync::Arc, time::Instant};

use poem::{
    Endpoint, IntoResponse, Request, Response, Result,
    error::InternalServerError,
    http::{HeaderName, StatusCode, Version, header},
};

use crate::{
    access, body,
    config::{Config, Limits, PodVersion},
    error::ServerError,
    fault::Injector,
    header::echo,
    hop::Hops,
    metrics::Metrics,
    readiness::Readiness,
    route::Route,
};

const VERSION: HeaderName = HeaderName::from_static("version");

pub(crate) struct App {
    hops: Hops,
    injector: Arc<Injector>,
    limits: Limits,
    metrics: Metrics,
    readiness: Arc<Readiness>,
    version: PodVersion,
}

impl App {
    pub(crate) fn new(
        config: &Config,
        injector: Arc<Injector>,
        readiness: Arc<Readiness>,
    ) -> std::result::Result<Self, ServerError> {
        Ok(Self {
            hops: Hops::new(config)?,
            injector,
            limits: config.limits.clone(),
            metrics: Metrics::new(config.pod_version.as_str(), &config.lane)?,
            readiness,
            version: config.pod_version.clone(),
        })
    }
}

impl Endpoint for App {
    type Output = Response;

    /// Never an error: a 404 is an answer too, and gets its echo.
    async fn call(&self, mut request: Request) -> Result<Response> {
        let start = Instant::now();
        let route = Route::of(request.uri().path());
        let active = self.metrics.active();
        let mut response = match body::discard(&mut request, &self.limits).await {
            Ok(()) if !is_addressed(&request) => bad_request(),
            Ok(()) => self.answer(route, &request, start).await,
            Err(refusal) => refusal.into_response(),
        };
        drop(active);
        let (status, took) = (response.status(), start.elapsed());
        self.metrics.observe(route, request.method(), status, took);
        access::log(&request, status, took);
        // The handlers set content fields only, and those are never among the echoed.
        echo(mem::take(request.headers_mut()), response.headers_mut());
        if let Some(version) = self.version.header() {
            response.headers_mut().append(VERSION, version.clone());
        }
        Ok(response)
    }
}

impl App {
    /// Any method is answered, as in the tutorial.
    async fn answer(&self, route: Route, request: &Request, start: Instant) -> Response {
        match route {
            Route::Golang => self.greet(route, request, "Hello, Golang!").await,
            Route::Rust => self.greet(route, request, "Hello, Rust!").await,
            Route::Hop(service) => {
                let _execution = self.metrics.execution();
                let fate = self.injector.apply(request.headers(), route).await;
                self.hops.answer(service, request.headers(), fate, start).await
            }
            Route::Health => text("Status OK!"),
            Route::Readiness if self.readiness.is_draining() => unavailable("draining"),
            Route::Readiness if self.injector.faults().unready => unavailable("fault: not ready"),
            Route::Readiness => text("Ready"),
            Route::Metrics => self.exposition(),
            Route::Unmatched => "not found".with_status(StatusCode::NOT_FOUND).into_response(),
        }
    }

    async fn greet(&self, route: Route, request: &Request, greeting: &'static str) -> Response {
        let _execution = self.metrics.execution();
        match self.injector.apply(request.headers(), route).await {
            Ok(()) => text(greeting),
            Err(injected) => injected.reason.with_status(injected.status).into_response(),
        }
    }

    fn exposition(&self) -> Response {
        match self.metrics.text() {
            Ok(text) => text.with_content_type(Metrics::content_type()).into_response(),
            Err(error) => InternalServerError(error).into_response(),
        }
    }
}

fn text(text: &'static str) -> Response {
    text.into_response()
}

fn unavailable(reason: &'static str) -> Response {
    reason.with_status(StatusCode::SERVICE_UNAVAILABLE).into_response()
}

/// RFC 9112 §3.2: a request of HTTP/1.1 has exactly one `Host`, and one with none or several is answered with 400.
fn is_addressed(request: &Request) -> bool {
    request.version() != Version::HTTP_11
        || request.headers().get_all(header::HOST).into_iter().take(2).count() == 1
}

fn bad_request() -> Response {
    "the request must have exactly one Host header\n"
        .with_status(StatusCode::BAD_REQUEST)
        .into_response()
}
