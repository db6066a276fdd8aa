//! How much is logged, and in which form.

use std::str::FromStr;

use clap::Args;
use tracing_subscriber::filter::Targets;

use crate::value::NotAccepted;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Log")]
pub struct Log {
    /// Lines for people, or JSON objects, one a line
    #[arg(long, env = "LOG_FORMAT", value_name = "text|json", default_value = "text")]
    pub log_format: LogFormat,

    /// Least level, or levels by target: `warn`, or `info,access=off` for no access log
    #[arg(long, env = "LOG_FILTER", value_name = "FILTER", default_value = "info")]
    pub log_filter: LogFilter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(NotAccepted::new("no such format", "text or json")),
        }
    }
}

#[derive(Debug, Clone)]
pub struct LogFilter(pub(crate) Targets);

impl FromStr for LogFilter {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        let form = "off, error, warn, info, debug or trace, or TARGET=LEVEL pairs, for example info,access=off";
        // A bare word that is no level would be taken for a target with everything on.
        let is_known = |part: &str| part.contains('=') || LEVELS.contains(&part.trim());
        if !text.split(',').all(is_known) {
            return Err(NotAccepted::new("no such level", form));
        }
        text.parse().map(Self).map_err(|error| NotAccepted::new(error, form))
    }
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
