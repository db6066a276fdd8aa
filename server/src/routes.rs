//! A configuration goes in, the endpoint that answers every path comes out.

use std::sync::Arc;

use poem::{
    Endpoint, IntoResponse, Response, Route, endpoint::make_sync, error::InternalServerError,
    http::HeaderValue,
};

use crate::{
    access::AccessLog,
    config::Config,
    echo::Echo,
    error::ServerError,
    greeting::Greeting,
    hop::Hop,
    metrics::Metrics,
    next_hop::{self, NextHop},
    pace::Pace,
    service::Service,
    tree::Identity,
};

/// Everything `config` decides except the address to listen on.
pub fn endpoint(
    config: &Config,
) -> Result<impl Endpoint<Output = Response> + 'static + use<>, ServerError> {
    let metrics = Arc::new(Metrics::new()?);
    let pace = Arc::new(Pace { delay: config.delay, metrics: Arc::clone(&metrics) });
    let identity = identity(config);
    let client = next_hop::client(config.hop_timeout)?;
    let greeting = |text| Greeting { text, pace: Arc::clone(&pace) };
    let hop =
        |service, next| Hop { service, next, identity: identity.clone(), pace: Arc::clone(&pace) };
    let second = NextHop::new(Service::Two, &config.service2_url, &client);
    let third = NextHop::new(Service::Three, &config.service3_url, &client);
    // `at` without a method: any method is answered.
    let routes = Route::new()
        .at("/hello/golang", greeting("Hello, Golang!"))
        .at("/hello/rust", greeting("Hello, Rust!"))
        .at(Service::One.path(), hop(Service::One, Some(second)))
        .at(Service::Two.path(), hop(Service::Two, Some(third)))
        .at(Service::Three.path(), hop(Service::Three, None))
        .at("/healthz", make_sync(|_| "Status OK!"))
        .at("/metrics", make_sync(move |_| exposition(&metrics)));
    Ok(AccessLog(Echo { inner: routes, version: version(config)? }))
}

fn identity(config: &Config) -> Identity {
    let unless_empty = |text: &String| (!text.is_empty()).then(|| text.clone());
    Identity {
        version: config.pod_version.clone(),
        lane: unless_empty(&config.lane),
        pod: unless_empty(&config.pod_name),
    }
}

fn version(config: &Config) -> Result<Option<HeaderValue>, ServerError> {
    let version = &config.pod_version;
    if version.is_empty() {
        return Ok(None);
    }
    version.parse().map(Some).map_err(|_| ServerError::Version(version.clone()))
}

fn exposition(metrics: &Metrics) -> Response {
    match metrics.text() {
        Ok(text) => text.with_content_type(Metrics::content_type()).into_response(),
        Err(error) => InternalServerError(error).into_response(),
    }
}
