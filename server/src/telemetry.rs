//! Events go in; errors come out on stderr, everything else on stdout, each line with its time.

mod line;

use std::io::{self, IsTerminal};

use tracing_subscriber::{
    Layer,
    fmt::{layer, writer::MakeWriterExt},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use self::line::Line;
use crate::config::{Log, LogFilter, LogFormat};

/// For the whole process, and for its whole life.
pub fn start(log: &Log) {
    let writer = io::stderr.with_max_level(tracing::Level::ERROR).or_else(io::stdout);
    let LogFilter(targets) = log.log_filter.clone();
    let lines = layer().with_writer(writer);
    let lines = match log.log_format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        // People who watch like colours.
        LogFormat::Text if io::stdout().is_terminal() => lines.boxed(),
        LogFormat::Text => lines.with_ansi(false).event_format(Line).boxed(),
    };
    if tracing_subscriber::registry().with(targets).with(lines).try_init().is_err() {
        tracing::debug!("the program around us has set up its own log");
    }
}
