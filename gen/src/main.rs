//! `gen write | check | print | diff | lint`: parse, call, print what was found, exit code.

use clap::Parser;
use manifests::cli::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    Arguments::parse().run(&mut std::io::stdout(), &mut std::io::stderr())
}
