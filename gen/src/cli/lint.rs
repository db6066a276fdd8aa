//! `gen lint`: a folder → every finding in it.

use super::Streams;
use crate::check::LAWS;
use crate::lint::{self, Linted};
use std::io;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(folder: &Path, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    if !folder.is_dir() {
        let hint = "name the folder that holds the manifests";
        writeln!(streams.errors, "error: {}: is not a folder\n  hint: {hint}", folder.display())?;
        return Ok(ExitCode::FAILURE);
    }
    let Linted { objects, layers, violations } = lint::folder(folder);
    if objects == 0 && violations.is_empty() {
        let hint = "name a folder of YAML files, or of layers with a kustomization.yaml each";
        writeln!(streams.errors, "error: {}: holds no objects\n  hint: {hint}", folder.display())?;
        return Ok(ExitCode::FAILURE);
    }
    for violation in &violations {
        writeln!(streams.errors, "error: {violation}")?;
    }
    let count = |number: usize, noun: &str| {
        if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
    };
    let held = format!("{} in {}", count(objects, "object"), count(layers, "layer"));
    if violations.is_empty() {
        let laws = LAWS.len();
        writeln!(streams.output, "{}: {held}, all {laws} laws kept", folder.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(
        streams.errors,
        "{}: {} in {held}",
        folder.display(),
        count(violations.len(), "finding")
    )?;
    Ok(ExitCode::FAILURE)
}
