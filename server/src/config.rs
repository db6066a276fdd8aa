//! Flags and their environment variables go in, a plain `Config` comes out; nothing else reads either.

mod drain;
mod dropped;
mod limits;
mod log;
mod pod_version;

use std::{net::SocketAddr, time::Duration};

use clap::Args;

pub use self::{
    drain::Drain,
    dropped::Dropped,
    limits::Limits,
    log::{Log, LogFilter, LogFormat},
    pod_version::PodVersion,
};
use crate::{admin::AdminListen, fault::Faults, service_url::ServiceUrl, value};

/// What one instance is told at its start
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address to accept connections on; port 0 takes any free port, which is logged
    #[arg(long, env = "LISTEN", value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8080", value_parser = value::address)]
    pub listen: SocketAddr,

    /// Address of the admin listener, where faults are switched while the server runs; `off` for none
    #[arg(
        long,
        env = "ADMIN_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8081"
    )]
    pub admin_listen: AdminListen,

    /// Where service1 finds service2
    #[arg(
        long,
        env = "SERVICE2_URL",
        value_name = "URL",
        default_value = "http://httpserver-service2"
    )]
    pub service2_url: ServiceUrl,

    /// Where service2 finds service3
    #[arg(
        long,
        env = "SERVICE3_URL",
        value_name = "URL",
        default_value = "http://httpserver-service3"
    )]
    pub service3_url: ServiceUrl,

    /// How long the next hop may take, from connecting to the last byte of its answer
    #[arg(long = "hop-timeout-ms", env = "HOP_TIMEOUT_MS", value_name = "MILLISECONDS", default_value = "15000", value_parser = value::time_limit)]
    pub hop_timeout: Duration,

    /// Request headers that are not passed on to the next hop, as in a program that loses its context
    #[arg(long, env = "DROP_HEADERS", value_name = "NAME,NAME", default_value = "")]
    pub drop_headers: Dropped,

    /// Version of this pod: the VERSION header of every answer, a label of the metrics, `version` in the JSON form
    #[arg(long, env = "VERSION", value_name = "VERSION", default_value = "")]
    pub pod_version: PodVersion,

    /// Lane of this pod: a label of the metrics, `lane` in the JSON form
    #[arg(long, env = "LANE", value_name = "LANE", default_value = "", value_parser = value::visible)]
    pub lane: String,

    /// Name of this pod, for the JSON form
    #[arg(long, env = "POD_NAME", value_name = "NAME", default_value = "", value_parser = value::visible)]
    pub pod_name: String,

    #[command(flatten)]
    pub faults: Faults,

    #[command(flatten)]
    pub drain: Drain,

    #[command(flatten)]
    pub limits: Limits,

    #[command(flatten)]
    pub log: Log,
}
