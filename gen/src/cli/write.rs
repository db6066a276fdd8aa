//! `gen write`: rendered files → the folder, and a line for each change.

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
    let found = out::write(folder, rendered)?;
    let output = &mut streams.output;
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
