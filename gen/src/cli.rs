//! The command line of `gen`, with its output and exit code.

mod check;
mod diff;
mod lint;
mod print;
mod write;

use crate::certificate;
use crate::image;
use crate::layout::{self, ROOT};
use crate::model::Lab;
use crate::violation::{Violation, sorted};
use clap::{Parser, Subcommand};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Renders the Kubernetes and Istio objects of the lab.
#[derive(Debug, Parser)]
#[command(name = "gen", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The folder that holds the rendered files
    #[arg(long, global = true, default_value = ROOT)]
    out: PathBuf,
    /// The server's image, in place of the one that the model names
    #[arg(long, global = true, value_name = "REF", value_parser = image::reference)]
    image: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Rendered(Rendered),
    /// Hold every law against a folder of manifests, whoever wrote them
    ///
    /// A folder with a kustomization is applied as a whole. Otherwise each folder inside is a layer, and layers named
    /// `canary-…` are applied one at a time on top of all others. DIR/certificates.txt, if there is one, names the secrets
    /// that are made at run time.
    Lint {
        /// The folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// What is done with the rendered files.
#[derive(Debug, Subcommand)]
enum Rendered {
    /// Write what has changed into the folder and remove what is no longer rendered
    Write,
    /// Compare the folder with what would be written: missing, stale and unknown files are findings
    Check,
    /// Print the rendered files, or only those whose path starts with PATH
    Print {
        /// The start of a path inside of the folder, such as `v1/routes`
        path: Option<String>,
    },
    /// Print the certificate of the lanes: every kind of request at every hop, the rule that decides, and who answers
    Lanes,
    /// Say what changes: from an earlier state to what is rendered now, for a request and in the objects
    Diff {
        /// A folder of layers, or a revision of git
        #[arg(value_name = "REV|DIR", default_value = "HEAD")]
        from: String,
    },
}

/// Where a command writes: data, and findings.
struct Streams<'a> {
    output: &'a mut dyn Write,
    errors: &'a mut dyn Write,
}

impl Arguments {
    /// Runs the command: data on `output`, findings on `errors`. Exit code 1: the input is wrong; 2: it could not be done.
    pub fn run(self, output: &mut impl Write, errors: &mut impl Write) -> ExitCode {
        let mut streams = Streams { output, errors };
        let out = self.out.clone();
        self.done(&mut streams).unwrap_or_else(|error| {
            // The reader has seen enough, as in `gen print | head`.
            if error.kind() == io::ErrorKind::BrokenPipe {
                return ExitCode::SUCCESS;
            }
            let hint = "check the path and its permissions";
            writeln!(streams.errors, "error: {}: {error}\n  hint: {hint}", out.display()).ok();
            ExitCode::from(2)
        })
    }

    fn done(self, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
        let Self { command, out, image } = self;
        let command = match command {
            Command::Lint { folder } => return lint::run(&folder, streams),
            Command::Rendered(command) => command,
        };
        let mut lab = Lab::demo();
        lab.image = image.unwrap_or(lab.image);
        let files = match crate::rendered(&lab) {
            Ok(files) => files,
            Err(violations) => return refused(streams, violations),
        };
        match command {
            Rendered::Write => write::run(&out, &files, streams),
            Rendered::Check => check::run(&out, &files, streams),
            Rendered::Print { path } => {
                print::run(path.as_deref().unwrap_or_default(), &files, streams)
            }
            Rendered::Lanes => {
                let now = crate::manifests(&layout::layers(&lab));
                write!(streams.output, "{}", certificate::certificates(&now))?;
                Ok(ExitCode::SUCCESS)
            }
            Rendered::Diff { from } => {
                let now = crate::manifests(&layout::layers(&lab));
                diff::run(&from, &out, &now, streams)
            }
        }
    }
}

fn refused(streams: &mut Streams<'_>, violations: Vec<Violation>) -> io::Result<ExitCode> {
    for violation in sorted(violations) {
        writeln!(streams.errors, "error: {violation}")?;
    }
    Ok(ExitCode::FAILURE)
}
