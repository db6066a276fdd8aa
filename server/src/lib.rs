//! A request goes in; a greeting, the answer of the next hop and the request's own headers come out.
//!
//! One program plays every role of the lab: `/hello/service1` calls `/hello/service2`, which calls
//! `/hello/service3`; which instance answers is the business of the service URLs, or of the mesh.

mod accept;
mod acceptor;
mod access;
pub mod answer;
mod client_address;
mod clock;
mod config;
mod delay;
mod echo;
mod error;
mod greeting;
mod header;
mod hop;
mod metrics;
mod next_hop;
mod pace;
mod program;
mod routes;
mod serve;
mod service;
mod service_url;
mod telemetry;
mod text;
mod tree;
mod wire;

pub use config::Config;
pub use delay::DelayRange;
pub use error::ServerError;
pub use program::main_with;
pub use routes::endpoint;
pub use serve::run;
pub use service_url::ServiceUrl;
