//! How a server that is told to stop gets rid of its requests without losing one.

use std::time::Duration;

use clap::Args;

use crate::value;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Stopping")]
pub struct Drain {
    /// After SIGTERM, how long requests are still accepted while `/readyz` says 503 and connections are told to close
    #[arg(long = "lame-duck-ms", env = "LAME_DUCK_MS", value_name = "MILLISECONDS", default_value = "5000", value_parser = value::milliseconds)]
    pub lame_duck: Duration,

    /// After that, how long the requests that still run may take; a second signal cuts them off at once
    #[arg(long = "drain-timeout-ms", env = "DRAIN_TIMEOUT_MS", value_name = "MILLISECONDS", default_value = "30000", value_parser = value::milliseconds)]
    pub drain_timeout: Duration,
}
