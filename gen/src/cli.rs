//! The command line of `gen`: `write`, `check` and `print`, with their output and exit code.

use crate::layout::{ROOT, RenderedFile};
use crate::model::Lab;
use crate::out::{self, Drift, Origin};
use clap::{Parser, Subcommand};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
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
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write what has changed into the folder and remove what is no longer rendered
    Write,
    /// Compare the folder with what would be written: missing, stale and unknown files are findings
    Check,
    /// Print the rendered files, or only those whose path starts with PATH
    Print {
        /// The start of a path inside of the folder, such as `v1/routes`
        path: Option<String>,
    },
}

impl Arguments {
    /// Runs the command: data on `output`, findings on `errors`. Exit code 1: the input is wrong; 2: it could not be done.
    pub fn run(self, output: &mut impl Write, errors: &mut impl Write) -> ExitCode {
        let Self { command, out } = self;
        let rendered = match crate::rendered(&Lab::demo()) {
            Ok(rendered) => rendered,
            Err(violations) => {
                for violation in crate::violation::sorted(violations) {
                    writeln!(errors, "error: {violation}").ok();
                }
                return ExitCode::FAILURE;
            }
        };
        let done = match command {
            Command::Write => write(&out, &rendered, output),
            Command::Check => check(&out, &rendered, output, errors),
            Command::Print { path } => {
                print(path.as_deref().unwrap_or_default(), &rendered, output, errors)
            }
        };
        done.unwrap_or_else(|error| {
            writeln!(
                errors,
                "error: {}: {error}\n  hint: check the path and its permissions",
                out.display()
            )
            .ok();
            ExitCode::from(2)
        })
    }
}

fn write(
    folder: &Path,
    rendered: &[RenderedFile],
    output: &mut impl Write,
) -> io::Result<ExitCode> {
    let found = out::write(folder, rendered)?;
    for drift in &found {
        match drift {
            Drift::Missing { path } => writeln!(output, "new      {path}")?,
            Drift::Stale { path, .. } => writeln!(output, "changed  {path}")?,
            Drift::Unknown { path, origin: Origin::Ours } => writeln!(output, "removed  {path}")?,
            Drift::Unknown { path, origin: Origin::Foreign } => {
                writeln!(output, "left     {path} (not rendered by gen)")?;
            }
        }
    }
    let left = |drift: &&Drift| matches!(drift, Drift::Unknown { origin: Origin::Foreign, .. });
    let changes = found.len() - found.iter().filter(left).count();
    writeln!(output, "{} files in {}, {changes} changed", rendered.len(), folder.display())?;
    Ok(ExitCode::SUCCESS)
}

fn check(
    folder: &Path,
    rendered: &[RenderedFile],
    output: &mut impl Write,
    errors: &mut impl Write,
) -> io::Result<ExitCode> {
    let found = out::drift(folder, rendered)?;
    if found.is_empty() {
        writeln!(output, "{}: {} files, all as rendered", folder.display(), rendered.len())?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = folder.display();
    for drift in &found {
        match drift {
            Drift::Missing { path } => writeln!(
                errors,
                "error: {folder}/{path}: is missing\n  hint: run `cargo gen write`"
            )?,
            Drift::Stale { path, diff } => {
                writeln!(
                    errors,
                    "error: {folder}/{path}: is not what gen renders\n{diff}  hint: change the model in gen/src, then run `cargo gen write`"
                )?;
            }
            Drift::Unknown { path, origin: Origin::Ours } => {
                writeln!(
                    errors,
                    "error: {folder}/{path}: is no longer rendered\n  hint: run `cargo gen write`, which removes it"
                )?;
            }
            Drift::Unknown { path, origin: Origin::Foreign } => {
                writeln!(
                    errors,
                    "error: {folder}/{path}: is not a file of gen\n  hint: move it out of {folder}, which holds only rendered files"
                )?;
            }
        }
    }
    Ok(ExitCode::FAILURE)
}

fn print(
    start: &str,
    rendered: &[RenderedFile],
    output: &mut impl Write,
    errors: &mut impl Write,
) -> io::Result<ExitCode> {
    let start = start.strip_prefix("out/").unwrap_or(start);
    let chosen: Vec<&RenderedFile> =
        rendered.iter().filter(|file| file.path.starts_with(start)).collect();
    if chosen.is_empty() {
        writeln!(
            errors,
            "error: no rendered file starts with `{start}`\n  hint: `cargo gen print` without a path prints all"
        )?;
        return Ok(ExitCode::FAILURE);
    }
    for file in chosen {
        match writeln!(output, "# ===== {}\n{}", file.path, file.text) {
            // The reader has seen enough, as in `gen print | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            printed => printed?,
        }
    }
    Ok(ExitCode::SUCCESS)
}
