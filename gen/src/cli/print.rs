//! `gen print`: rendered files → those whose path starts so.

use super::Streams;
use crate::layout::RenderedFile;
use std::io;
use std::process::ExitCode;

pub(super) fn run(
    start: &str,
    rendered: &[RenderedFile],
    streams: &mut Streams<'_>,
) -> io::Result<ExitCode> {
    let start = start.strip_prefix("out/").unwrap_or(start);
    let chosen: Vec<&RenderedFile> =
        rendered.iter().filter(|file| file.path.starts_with(start)).collect();
    if chosen.is_empty() {
        writeln!(
            streams.errors,
            "error: no rendered file starts with `{start}`\n  hint: `cargo gen print` without a path prints all"
        )?;
        return Ok(ExitCode::FAILURE);
    }
    for file in chosen {
        writeln!(streams.output, "# ===== {}\n{}", file.path, file.text)?;
    }
    Ok(ExitCode::SUCCESS)
}
