//! Observed requests go in, the Prometheus text format comes out.
//!
//! Names and labels follow OpenTelemetry's conventions for HTTP servers; rate, errors and duration are all in one
//! histogram. No label takes a value that a client makes up.

mod exposition;
#[cfg(target_os = "linux")]
mod process;

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use poem::http::{Method, StatusCode};
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramTimer, HistogramVec, IntGauge, Opts, Registry,
    TextEncoder, exponential_buckets,
};

use self::exposition::Bounds;
use crate::route::Route;

/// In seconds, as the conventions advise.
const DURATION_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// A registry per server, so that several in one process count apart.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    execution: Histogram,
    active: IntGauge,
    duration: HistogramVec,
    /// What nearly every request is: a GET that is answered with 200. Found once for each route.
    usual: [OnceLock<Histogram>; Route::ALL.len()],
    bounds: Bounds,
    /// Of the last exposition, in bytes: the next one is about as long.
    length: AtomicUsize,
}

impl Metrics {
    /// `version` and `lane` are the pod's own, and so labels of bounded cardinality.
    pub(crate) fn new(version: &str, lane: &str) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let execution_buckets = exponential_buckets(0.001, 2.0, 15)?;
        let options = HistogramOpts::new(
            "httpserver_execution_latency_seconds",
            "Time spent on a hello, its delay and the next hop included",
        )
        .buckets(execution_buckets.clone());
        let execution = HistogramVec::new(options, &["step"])?;
        registry.register(Box::new(execution.clone()))?;

        let options = HistogramOpts::new(
            "http_server_request_duration_seconds",
            "Time from the head of a request to its answer",
        )
        .buckets(DURATION_BUCKETS.to_vec())
        .const_label("version", version)
        .const_label("lane", lane);
        let labels = ["http_request_method", "http_route", "http_response_status_code"];
        let duration = HistogramVec::new(options, &labels)?;
        registry.register(Box::new(duration.clone()))?;

        let options = Opts::new("http_server_active_requests", "Requests that are being answered");
        let active =
            IntGauge::with_opts(options.const_label("version", version).const_label("lane", lane))?;
        registry.register(Box::new(active.clone()))?;

        let options = Opts::new("httpserver_build_info", "Which program this is; always 1")
            .const_label("version", env!("CARGO_PKG_VERSION"))
            .const_label("arch", std::env::consts::ARCH)
            .const_label("os", std::env::consts::OS);
        let build = IntGauge::with_opts(options)?;
        build.set(1);
        registry.register(Box::new(build))?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(process::Process::new()))?;
        Ok(Self {
            registry,
            execution: execution.get_metric_with_label_values(&["total"])?,
            active,
            duration,
            usual: [const { OnceLock::new() }; Route::ALL.len()],
            bounds: Bounds::of(DURATION_BUCKETS.into_iter().chain(execution_buckets)),
            length: AtomicUsize::new(0),
        })
    }

    /// Observes when dropped, so a request given up by its client counts as well.
    pub(crate) fn execution(&self) -> HistogramTimer {
        self.execution.start_timer()
    }

    /// Counts a request for as long as the returned value lives.
    pub(crate) fn active(&self) -> Active<'_> {
        self.active.inc();
        Active(&self.active)
    }

    pub(crate) fn observe(
        &self,
        route: Route,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let seconds = took.as_secs_f64();
        if *method == Method::GET && status == StatusCode::OK {
            let usual = &self.usual[route.index()];
            usual.get_or_init(|| self.series(route, method, status)).observe(seconds);
        } else {
            self.series(route, method, status).observe(seconds);
        }
    }

    fn series(&self, route: Route, method: &Method, status: StatusCode) -> Histogram {
        self.duration.with_label_values(&[known(method), route.template(), status.as_str()])
    }

    pub(crate) fn text(&self) -> Result<String, prometheus::Error> {
        let text =
            exposition::text(&self.registry.gather(), &self.bounds, self.length.load(Relaxed))?;
        self.length.store(text.len(), Relaxed);
        Ok(text)
    }

    pub(crate) fn content_type() -> String {
        TextEncoder::new().format_type().to_owned()
    }
}

#[derive(Debug)]
pub(crate) struct Active<'a>(&'a IntGauge);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// `_OTHER` is what the conventions call a method that a client made up.
fn known(method: &Method) -> &str {
    match method.as_str() {
        name @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "CONNECT" | "OPTIONS" | "TRACE"
        | "PATCH") => name,
        _ => "_OTHER",
    }
}
