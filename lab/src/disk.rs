//! The one module that writes and removes files: whole files, by rename, so that no reader sees half of one.

use crate::failure::{Failure, Result};
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Who may read a file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    Everyone,
    /// Mode 0600: private keys.
    Owner,
}

/// Replaces `path` by `content` in one step.
pub(crate) fn replace(path: &Path, content: &[u8], access: Access) -> Result<()> {
    let mode = match access {
        Access::Everyone => 0o644,
        Access::Owner => 0o600,
    };
    // Beside the file: a rename must stay on one file system.
    let beside = path.with_extension("new");
    remove(&beside)?;
    let written = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside);
    let written = written
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| Failure::disk(path, &error))
}

pub(crate) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| Failure::disk(path, &error))
}

/// Creates a folder that only its owner may enter.
pub(crate) fn create_private_folder(path: &Path) -> Result<()> {
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.map_err(|error| Failure::disk(path, &error))
}

/// Makes a file that is there one for its owner alone.
pub(crate) fn make_private(path: &Path) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .map_err(|error| Failure::disk(path, &error))
}

/// Removes a file if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    absent_is_fine(path, fs::remove_file(path))
}

/// Removes a folder with everything in it if it is there.
#[expect(clippy::disallowed_methods, reason = "the module that removes files")]
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    absent_is_fine(path, fs::remove_dir_all(path))
}

/// The last lines of a text file, at most `lines`; empty where there is none.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// The length of a file in bytes; 0 where there is none.
pub(crate) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// What stands in a text file from a place on, in bytes, as far as its last whole line; empty where there is none.
pub(crate) fn text_from(path: &Path, place: u64) -> String {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(place))?;
        file.read_to_end(&mut bytes)
    });
    bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
    read.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&bytes).into_owned())
}

fn absent_is_fine(path: &Path, result: std::io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::disk(path, &error))
        }
        _ => Ok(()),
    }
}
