//! `gen check`: rendered files and the folder → how they differ.

use super::Streams;
use crate::layout::RenderedFile;
use crate::out::{self, Drift, Origin};
use std::io;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(
    folder: &Path,
    rendered: &[RenderedFile],
    streams: &mut Streams<'_>,
) -> io::Result<ExitCode> {
    let found = out::drift(folder, rendered)?;
    if found.is_empty() {
        let count = rendered.len();
        writeln!(streams.output, "{}: {count} files, all as rendered", folder.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = folder.display();
    for drift in &found {
        let (path, message, hint) = match drift {
            Drift::Missing { path } => {
                (path, "is missing".to_owned(), "run `cargo gen write`".to_owned())
            }
            Drift::Stale { path, diff } => (
                path,
                format!("is not what gen renders\n{}", diff.trim_end_matches('\n')),
                "change the model in gen/src, then run `cargo gen write`".to_owned(),
            ),
            Drift::Unknown { path, origin: Origin::Ours } => (
                path,
                "is no longer rendered".to_owned(),
                "run `cargo gen write`, which removes it".to_owned(),
            ),
            Drift::Unknown { path, origin: Origin::Foreign } => (
                path,
                "is not a file of gen".to_owned(),
                format!("move it out of {folder}, which holds only rendered files"),
            ),
        };
        writeln!(streams.errors, "error: {folder}/{path}: {message}\n  hint: {hint}")?;
    }
    Ok(ExitCode::FAILURE)
}
