//! Events go in; errors come out on stderr, everything else on stdout, each line with its time.

use std::io::{self, IsTerminal};

use tracing_subscriber::{
    Layer,
    fmt::{layer, writer::MakeWriterExt},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::config::{Log, LogFilter, LogFormat};

pub(crate) fn start(log: &Log) {
    let writer = io::stderr.with_max_level(tracing::Level::ERROR).or_else(io::stdout);
    let LogFilter(targets) = log.log_filter.clone();
    let lines = match log.log_format {
        LogFormat::Text => {
            layer().with_ansi(io::stdout().is_terminal()).with_writer(writer).boxed()
        }
        LogFormat::Json => layer().json().flatten_event(true).with_writer(writer).boxed(),
    };
    if tracing_subscriber::registry().with(targets).with(lines).try_init().is_err() {
        tracing::debug!("the program around us has set up its own log");
    }
}
