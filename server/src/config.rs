//! Flags and their environment variables go in, a plain `Config` comes out; nothing else reads either.

use std::{net::SocketAddr, time::Duration};

use clap::Args;

use crate::{delay::DelayRange, service_url::ServiceUrl};

/// What one instance is told at its start
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address to accept connections on; port 0 takes any free port, which is logged
    #[arg(long, env = "LISTEN", value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,

    /// Each hello waits this long, drawn evenly from the range in milliseconds; `0..0` never waits
    #[arg(
        long = "delay-ms",
        env = "DELAY_MS",
        value_name = "MIN..MAX",
        default_value = "10..2000"
    )]
    pub delay: DelayRange,

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
    #[arg(
        long = "hop-timeout-ms",
        env = "HOP_TIMEOUT_MS",
        value_name = "MILLISECONDS",
        default_value = "15000",
        value_parser = milliseconds
    )]
    pub hop_timeout: Duration,

    /// Version of this pod: the VERSION header of every answer, and `version` in the JSON form
    #[arg(long, env = "VERSION", value_name = "VERSION", default_value = "")]
    pub pod_version: String,

    /// Lane of this pod, for the JSON form
    #[arg(long, env = "LANE", value_name = "LANE", default_value = "")]
    pub lane: String,

    /// Name of this pod, for the JSON form
    #[arg(long, env = "POD_NAME", value_name = "NAME", default_value = "")]
    pub pod_name: String,
}

/// Zero is refused: it would make every call of the next hop fail.
fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        Err(error) => Err(format!("not a whole number of milliseconds: {error}")),
    }
}
