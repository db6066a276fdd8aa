//! A request goes in; a greeting, the answer of the next hop and the request's own headers come out.
//!
//! One program plays every role of the lab: `/hello/service1` calls `/hello/service2`, which calls
//! `/hello/service3`; which instance answers is the business of the service URLs, or of the mesh.

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
pub use config::{Config, Drain, Limits, Log, LogFilter, LogFormat, PodVersion};
pub use error::ServerError;
pub use fault::{Delay, ErrorStatus, Faults, Rate};
pub use program::{main_with, refuse};
pub use serve::{Listeners, Stop, run};
pub use service_url::ServiceUrl;
pub use telemetry::start as start_log;
pub use value::NotAccepted;
