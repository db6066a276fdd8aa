//! Invariants of the sources themselves.

use std::fs;
use std::path::{Path, PathBuf};

/// Every source file of the crate but the tests, with its text.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.file_stem().is_none_or(|stem| stem != "tests"));
    let read = |path: PathBuf| {
        if path.is_dir() {
            sources(&path)
        } else {
            vec![(path.clone(), fs::read_to_string(&path).unwrap())]
        }
    };
    paths.flat_map(read).collect()
}

#[test]
fn the_lab_starts_from_the_files_and_never_from_the_model() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(sources.len() > 40, "all sources are read: {}", sources.len());
    for (path, text) in sources {
        assert!(!text.contains("manifests::model"), "{} names the model", path.display());
    }
}

#[test]
fn no_file_is_longer_than_400_lines() {
    for (path, text) in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        assert!(text.lines().count() <= 400, "{} is too long", path.display());
    }
}
