//! A request goes in; a greeting, the answer of the next hop and the request's own headers come out.
//!
//! One program plays every role of the lab: `/hello/service1` calls `/hello/service2`, which calls
//! `/hello/service3`; which instance answers is the business of the service URLs, or of the mesh.
//!
//! # The header contract
//!
//! A field of a request either travels, or it stops here. What travels goes to the next hop *and* comes back to the
//! client as a field of the answer, with all its values in their order, whatever bytes they are made of.
//!
//! | fields | fate | source |
//! |---|---|---|
//! | `Connection` and every field that it names | stop | RFC 9110 §7.6.1 |
//! | `Keep-Alive`, `Proxy-Connection`, `TE`, `Trailer`, `Transfer-Encoding`, `Upgrade` | stop | RFC 9110 §7.6.1 |
//! | `Proxy-Authenticate`, `Proxy-Authorization` | stop: they are about the connection to a proxy | RFC 9110 §11.7 |
//! | `Content-Length`, `Content-Type`, `Content-Encoding`, `Content-Range`, `Expect` | stop: the next message has another body, or none | RFC 9110 §6.4, §8, §10.1.1 |
//! | `Host` | stops: the next hop has its own | RFC 9110 §7.2 |
//! | any other, `traceparent`, `tracestate`, `baggage`, `x-lane`, `x-request-id` and `x-b3-*` among them | travels | W3C Trace Context, W3C Baggage |
//!
//! Of its own, an answer has `Content-Type`, `Content-Length`, `Date` and, if the pod has a version, `VERSION`; while
//! the server drains, also `Connection: close`. The answer's own fields come beside those of the echo, not instead.
//!
//! # A failing hop
//!
//! Neither form of an answer hides a failure: the hop above the failing one answers 503 if it could not be reached, 504
//! if it took longer than the time-out, and 502 if it answered with a 5xx or with something unusable. The text, and in
//! the JSON form [`answer::Answer::error`], name the failing hop and why.

mod access;
mod admin;
pub mod answer;
mod app;
mod body;
mod client_address;
mod clock;
mod config;
mod edge;
mod error;
mod fault;
mod form;
mod header;
mod hop;
mod metrics;
mod next_hop;
mod program;
mod readiness;
mod route;
mod serve;
mod service;
mod service_url;
mod telemetry;
mod text;
mod trace_id;
mod tree;
mod value;
mod wire;

pub use admin::AdminListen;
pub use config::{Config, Drain, Dropped, Limits, Log, LogFilter, LogFormat, PodVersion};
pub use error::ServerError;
pub use fault::{Delay, ErrorStatus, Faults, Rate};
pub use form::Form;
pub use header::end_to_end;
pub use program::{main_with, refuse};
pub use route::Route;
pub use serve::{Listeners, Stop, run};
pub use service::Service;
pub use service_url::ServiceUrl;
pub use telemetry::start as start_log;
pub use value::NotAccepted;
