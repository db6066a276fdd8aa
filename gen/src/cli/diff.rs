//! `gen diff`: an earlier state and what is rendered now → what changes, for a request and in the objects.

use super::Streams;
use crate::layout::{ROOT, RenderedFile};
use crate::lint::{self, Layers};
use crate::object::Manifest;
use crate::{change, git, out};
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// `from` is a folder, or a revision of git in which `folder` is looked up.
pub(super) fn run(
    from: &str,
    folder: &Path,
    now: &[(String, Vec<Manifest>)],
    streams: &mut Streams<'_>,
) -> io::Result<ExitCode> {
    let before = if Path::new(from).is_dir() {
        read(Path::new(from))
    } else {
        match git::files(from, folder)? {
            Ok(files) => read_files(&files)?,
            Err(words) => {
                let hint =
                    "name a folder of layers, or a revision of this repository such as HEAD~1";
                writeln!(streams.errors, "error: {words}\n  hint: {hint}")?;
                return Ok(ExitCode::FAILURE);
            }
        }
    };
    if !before.violations.is_empty() {
        return super::refused(streams, before.violations);
    }
    write!(streams.output, "{}", change::changes(&before.layers, now))?;
    Ok(ExitCode::SUCCESS)
}

/// By way of a folder that ends with the command, because a kustomization lists files and folders.
fn read_files(files: &[RenderedFile]) -> io::Result<Layers> {
    let folder = tempfile::tempdir()?;
    out::write(folder.path(), files)?;
    Ok(read(folder.path()))
}

/// The layers of a folder, each file named as in the rendered folder.
fn read(folder: &Path) -> Layers {
    let mut layers = lint::layers(folder);
    let named = |file: &str| match Path::new(file).strip_prefix(folder) {
        Ok(inner) => format!("{ROOT}/{}", inner.display()),
        Err(_) => file.to_owned(),
    };
    for manifest in layers.layers.iter_mut().flat_map(|(_, manifests)| manifests) {
        manifest.file = named(&manifest.file);
    }
    for violation in &mut layers.violations {
        violation.file = named(&violation.file);
    }
    layers
}
