//! What a client may ask of one instance.

use std::time::Duration;

use clap::Args;

use crate::value;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Open connections; beyond that, the one that has kept the server waiting for the longest time is closed
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "COUNT", default_value = "4096", value_parser = value::count)]
    pub max_connections: usize,

    /// Size of the head of a request (request line and headers), to within one read; a larger one is answered with 431
    #[arg(long, env = "MAX_HEAD_BYTES", value_name = "BYTES", default_value = "65536", value_parser = value::head_bytes)]
    pub max_head_bytes: usize,

    /// Size of the body of a request, which is read and forgotten; a larger one is answered with 413
    #[arg(long, env = "MAX_BODY_BYTES", value_name = "BYTES", default_value = "1048576", value_parser = value::bytes)]
    pub max_body_bytes: u64,

    /// Time for the head of a request, from its first byte; for the first request, from the beginning of the connection
    #[arg(long = "head-timeout-ms", env = "HEAD_TIMEOUT_MS", value_name = "MILLISECONDS", default_value = "10000", value_parser = value::time_limit)]
    pub head_timeout: Duration,

    /// Time for the body of a request, and then again for the client to take the answer
    #[arg(long = "transfer-timeout-ms", env = "TRANSFER_TIMEOUT_MS", value_name = "MILLISECONDS", default_value = "30000", value_parser = value::time_limit)]
    pub transfer_timeout: Duration,

    /// Time that a connection may be idle between requests; longer than Envoy's hour, so that the proxy hangs up first
    #[arg(long = "idle-timeout-ms", env = "IDLE_TIMEOUT_MS", value_name = "MILLISECONDS", default_value = "3900000", value_parser = value::time_limit)]
    pub idle_timeout: Duration,
}
