//! Events go in; errors come out on stderr, everything else on stdout, each line with its time.

use std::io::{self, IsTerminal};

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{layer, writer::MakeWriterExt},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub(crate) fn start() {
    let writer = io::stderr.with_max_level(tracing::Level::ERROR).or_else(io::stdout);
    let lines = layer().with_ansi(io::stdout().is_terminal()).with_writer(writer);
    // Starting and stopping is told once, by us.
    let targets =
        Targets::new().with_default(LevelFilter::INFO).with_target("poem", LevelFilter::WARN);
    if tracing_subscriber::registry().with(targets).with(lines).try_init().is_err() {
        tracing::debug!("the program around us has set up its own log");
    }
}
