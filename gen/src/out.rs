//! The folder `out/` on the disk: what differs from what should be there, and the one place that writes it.

use crate::layout::RenderedFile;
use crate::render::MARK;
use similar::TextDiff;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How a file on the disk differs from what the program renders.
#[derive(Debug, PartialEq, Eq)]
pub enum Drift {
    Missing {
        path: String,
    },
    /// The text differs; `diff` is the way from the disk to the rendered text.
    Stale {
        path: String,
        diff: String,
    },
    /// Nothing renders this file; `ours` if an earlier run of this program did.
    Unknown {
        path: String,
        origin: Origin,
    },
}

/// Who made a file that nothing renders any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Ours,
    Foreign,
}

/// Compares `folder` with the rendered files: first these, sorted by path, then the unknown files, sorted by path.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn drift(folder: &Path, rendered: &[RenderedFile]) -> io::Result<Vec<Drift>> {
    let mut found = Vec::new();
    for file in rendered {
        let path = file.path.clone();
        match fs::read(folder.join(&file.path)) {
            Ok(bytes) if bytes == file.text.as_bytes() => {}
            Ok(bytes) => found.push(Drift::Stale {
                path,
                diff: diff(&String::from_utf8_lossy(&bytes), &file.text),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                found.push(Drift::Missing { path });
            }
            Err(error) => return Err(error),
        }
    }
    let known: BTreeSet<&str> = rendered.iter().map(|file| file.path.as_str()).collect();
    for path in files_below(folder, folder)? {
        if !known.contains(path.as_str()) {
            let origin = origin(&folder.join(&path))?;
            found.push(Drift::Unknown { path, origin });
        }
    }
    Ok(found)
}

/// Makes `folder` equal to the rendered files and says how they differed. Files that others made stay.
///
/// # Errors
/// When a file cannot be written or removed.
pub fn write(folder: &Path, rendered: &[RenderedFile]) -> io::Result<Vec<Drift>> {
    let found = drift(folder, rendered)?;
    // Removal comes first: what an interrupted write left has the name that the next write of that file needs.
    for drift in &found {
        if let Drift::Unknown { path, origin: Origin::Ours } = drift {
            remove(folder, &folder.join(path))?;
        }
    }
    for drift in &found {
        if let Drift::Missing { path } | Drift::Stale { path, .. } = drift {
            let text =
                rendered.iter().find(|file| file.path == *path).map_or("", |file| &file.text);
            replace(&folder.join(path), text)?;
        }
    }
    Ok(found)
}

/// Removes a file and the folders inside of `folder` that held nothing else: a layer that is gone is gone as a whole.
fn remove(folder: &Path, path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    let parents = path.ancestors().skip(1).take_while(|parent| *parent != folder);
    for parent in parents {
        if fs::remove_dir(parent).is_err() {
            break;
        }
    }
    Ok(())
}

/// Writes beside the file and renames, so that a reader never sees half of it.
#[expect(clippy::disallowed_methods, reason = "the module that writes out/")]
fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let beside = path.with_extension("gen-new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

fn diff(old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(2)
        .header("on the disk", "rendered")
        .to_string()
}

fn origin(path: &Path) -> io::Result<Origin> {
    let bytes = fs::read(path)?;
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let ours = first.windows(MARK.len()).any(|window| window == MARK.as_bytes());
    Ok(if ours { Origin::Ours } else { Origin::Foreign })
}

/// Paths of all files below `folder`, relative to `root`, sorted.
fn files_below(root: &Path, folder: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(paths),
        entries => entries?,
    };
    for entry in entries {
        let path: PathBuf = entry?.path();
        if path.is_dir() {
            paths.extend(files_below(root, &path)?);
        } else if let Ok(relative) = path.strip_prefix(root) {
            paths.push(relative.to_string_lossy().into_owned());
        }
    }
    paths.sort();
    Ok(paths)
}
