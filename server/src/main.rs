//! The command line and the environment go in, the exit code comes out.

use std::process::ExitCode;

use clap::Parser;
use httpserver::Config;

/// musl's own is slow; Cargo.toml says how this one was chosen.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The demo service of the lab: greets, calls the next hop, and shows which headers travelled
#[derive(Debug, Parser)]
#[command(version, next_line_help = true, args_override_self = true)]
struct CommandLine {
    #[command(flatten)]
    config: Config,
}

fn main() -> ExitCode {
    match CommandLine::try_parse() {
        Ok(CommandLine { config }) => httpserver::main_with(config),
        Err(error) => httpserver::refuse(&error),
    }
}
