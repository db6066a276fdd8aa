//! `lab …`: parse, call, exit code.

use clap::Parser;
use lab::cli::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    Arguments::parse().run()
}
