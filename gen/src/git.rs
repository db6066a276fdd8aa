//! A revision → the files of a folder as they are there, by the program `git`.

use crate::layout::RenderedFile;
use std::io;
use std::path::Path;
use std::process::Command;

/// The files below `folder` in `revision`, with paths relative to `folder`. Runs in the current folder's repository.
///
/// # Errors
/// When git cannot be started; in the inner result, git's own words when it knows no such revision or folder.
pub(crate) fn files(
    revision: &str,
    folder: &Path,
) -> io::Result<Result<Vec<RenderedFile>, String>> {
    let folder = folder.to_string_lossy();
    let folder = folder.trim_end_matches('/');
    let inside = format!("{folder}/");
    // A revision that begins with a dash would be an option.
    let commit = format!("{revision}^{{commit}}");
    let commit = match git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])? {
        Ok(commit) => commit.trim().to_owned(),
        Err(_) => return Ok(Err(format!("`{revision}` is neither a folder nor a revision"))),
    };
    let names = match git(&["ls-tree", "-r", "-z", "--name-only", &commit, "--", &inside])? {
        Ok(names) => names,
        Err(words) => return Ok(Err(words)),
    };
    let mut files = Vec::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        match git(&["show", &format!("{commit}:./{name}")])? {
            Ok(text) => {
                let path = name.strip_prefix(&inside).unwrap_or(name).to_owned();
                files.push(RenderedFile { path, text });
            }
            Err(words) => return Ok(Err(words)),
        }
    }
    if files.is_empty() {
        return Ok(Err(format!("there is no `{folder}` in revision `{revision}`")));
    }
    Ok(Ok(files))
}

/// What git prints, or what it says when it fails.
#[expect(clippy::disallowed_methods, reason = "the module of gen that starts a process")]
fn git(arguments: &[&str]) -> io::Result<Result<String, String>> {
    let output = Command::new("git").args(arguments).output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr).trim().to_owned())
    })
}
