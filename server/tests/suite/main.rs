//! Requests go in over real connections, on ports the system chose; what came back is compared.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod access_log;
mod child;
mod client;
mod connection;
mod contract;
mod drain;
mod failures;
mod faults;
mod flags;
mod fuzz;
mod h2c;
mod hops;
mod limits;
mod metrics;
mod next_hop;
mod program;
mod routes;
mod server;
