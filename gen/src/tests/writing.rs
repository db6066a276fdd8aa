//! The folder on the disk: what differs from what is rendered, and what a write does about it.

use super::{Folder, rendered};
use crate::layout::RenderedFile;
use crate::model::Lab;
use crate::out::{self, Drift, Origin};
use crate::render::MARK;

/// Two rendered files, in a folder of their own and at the top.
fn files() -> Vec<RenderedFile> {
    [("a.yaml", "one\n"), ("sub/b.yaml", "two\n")]
        .map(|(path, text)| RenderedFile { path: path.into(), text: text.into() })
        .into()
}

/// Compares, writes, and compares again: `found` is what both report, `left` what a write leaves behind.
#[track_caller]
fn check(folder: &Folder, found: &[Drift], left: &[Drift]) {
    let drift = |folder: &Folder| out::drift(folder.path(), &files()).expect("a folder");
    assert_eq!(drift(folder), found);
    assert_eq!(out::write(folder.path(), &files()).expect("a folder"), found);
    assert_eq!(drift(folder), left);
    for file in files() {
        assert_eq!(folder.text(&file.path), Some(file.text), "{}", file.path);
    }
    assert_eq!(out::write(folder.path(), &files()).expect("a folder"), left, "a second time");
}

fn missing(path: &str) -> Drift {
    Drift::Missing { path: path.into() }
}

fn unknown(path: &str, origin: Origin) -> Drift {
    Drift::Unknown { path: path.into(), origin }
}

fn marked(text: &str) -> String {
    format!("# {MARK}\n{text}\n")
}

#[test]
fn an_empty_folder_is_filled() {
    check(&Folder::new(&[]), &[missing("a.yaml"), missing("sub/b.yaml")], &[]);
}

#[test]
fn a_folder_that_is_not_there_is_made() {
    let folder = Folder::new(&[]);
    let path = folder.path().join("new/out");
    let found = [missing("a.yaml"), missing("sub/b.yaml")];
    assert_eq!(out::drift(&path, &files()).expect("no folder is an empty one"), found);
    assert_eq!(out::write(&path, &files()).expect("a folder"), found);
    assert_eq!(folder.text("new/out/sub/b.yaml").as_deref(), Some("two\n"));
}

#[test]
fn a_folder_that_is_up_to_date_stays_as_it_is() {
    check(&Folder::new(&[("a.yaml", "one\n"), ("sub/b.yaml", "two\n")]), &[], &[]);
}

#[test]
fn a_stale_file_is_replaced_and_the_diff_leads_to_what_is_rendered() {
    let diff = "--- on the disk\n+++ rendered\n@@ -1,2 +1 @@\n-two and a half\n two\n";
    check(
        &Folder::new(&[("a.yaml", "one\n"), ("sub/b.yaml", "two and a half\ntwo\n")]),
        &[Drift::Stale { path: "sub/b.yaml".into(), diff: diff.into() }],
        &[],
    );
}

#[test]
fn a_file_whose_last_line_does_not_end_is_stale() {
    let diff =
        "--- on the disk\n+++ rendered\n@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+one\n";
    check(
        &Folder::new(&[("a.yaml", "one"), ("sub/b.yaml", "two\n")]),
        &[Drift::Stale { path: "a.yaml".into(), diff: diff.into() }],
        &[],
    );
}

#[test]
fn a_file_of_an_earlier_run_is_removed() {
    let folder = Folder::new(&[("old/gone.yaml", &marked("kind: Gone"))]);
    check(
        &folder,
        &[missing("a.yaml"), missing("sub/b.yaml"), unknown("old/gone.yaml", Origin::Ours)],
        &[],
    );
    assert!(!folder.path().join("old").exists(), "nor is its folder left");
}

#[test]
fn a_file_of_an_interrupted_write_is_removed() {
    let folder = Folder::new(&[("sub/b.gen-new", &marked("kind: Half"))]);
    check(
        &folder,
        &[missing("a.yaml"), missing("sub/b.yaml"), unknown("sub/b.gen-new", Origin::Ours)],
        &[],
    );
}

#[test]
fn the_folder_of_a_removed_file_stays_if_it_holds_another() {
    let folder = Folder::new(&[("old/gone.yaml", &marked("")), ("old/mine.txt", "mine\n")]);
    let foreign = || unknown("old/mine.txt", Origin::Foreign);
    let gone = unknown("old/gone.yaml", Origin::Ours);
    check(&folder, &[missing("a.yaml"), missing("sub/b.yaml"), gone, foreign()], &[foreign()]);
    assert_eq!(folder.text("old/mine.txt").as_deref(), Some("mine\n"));
}

#[test]
fn the_folder_itself_stays_when_nothing_is_left_in_it() {
    let folder = Folder::new(&[("out/gone.yaml", &marked(""))]);
    let path = folder.path().join("out");
    let gone = [unknown("gone.yaml", Origin::Ours)];
    assert_eq!(out::write(&path, &[]).expect("a folder"), gone);
    assert!(path.is_dir());
}

#[test]
fn a_foreign_file_is_left_alone() {
    let folder = Folder::new(&[
        ("a.yaml", "one\n"),
        ("sub/b.yaml", "two\n"),
        ("notes.txt", "mine\n"),
        ("sub/secret.yaml", "kind: Secret\n"),
    ]);
    let foreign =
        || [unknown("notes.txt", Origin::Foreign), unknown("sub/secret.yaml", Origin::Foreign)];
    check(&folder, &foreign(), &foreign());
    assert_eq!(folder.text("notes.txt").as_deref(), Some("mine\n"));
    assert_eq!(folder.text("sub/secret.yaml").as_deref(), Some("kind: Secret\n"));
}

#[test]
fn the_mark_counts_in_the_first_line_only() {
    let folder = Folder::new(&[("quoted.md", &format!("What the mark means:\n{}", marked("")))]);
    let foreign = || unknown("quoted.md", Origin::Foreign);
    check(&folder, &[missing("a.yaml"), missing("sub/b.yaml"), foreign()], &[foreign()]);
    assert!(folder.text("quoted.md").is_some());
}

#[test]
fn rendered_files_come_first_and_unknown_ones_after_each_sorted_by_path() {
    let folder = Folder::new(&[
        ("0.yaml", "mine"),
        ("a.yaml", "1\n"),
        ("sub-way.txt", "mine"),
        ("sub/a.yaml", &marked("")),
    ]);
    let found = out::drift(folder.path(), &files()).expect("a folder");
    let paths = found.iter().map(|drift| match drift {
        Drift::Missing { path } => format!("missing {path}"),
        Drift::Stale { path, .. } => format!("stale {path}"),
        Drift::Unknown { path, origin } => format!("{origin:?} {path}"),
    });
    assert_eq!(
        paths.collect::<Vec<_>>(),
        [
            "stale a.yaml",
            "missing sub/b.yaml",
            "Foreign 0.yaml",
            "Foreign sub-way.txt",
            "Ours sub/a.yaml",
        ]
    );
}

#[test]
fn a_file_in_place_of_the_folder_cannot_be_compared_or_written() {
    let folder = Folder::new(&[("out", "a file\n")]);
    let path = folder.path().join("out");
    out::drift(&path, &files()).expect_err("a file is no folder");
    out::write(&path, &files()).expect_err("a file is no folder");
    assert_eq!(folder.text("out").as_deref(), Some("a file\n"));
}

#[test]
fn a_folder_in_place_of_a_file_cannot_be_compared_or_written() {
    let folder = Folder::new(&[("a.yaml/inner", "a file\n")]);
    out::drift(folder.path(), &files()).expect_err("a folder is no file");
    out::write(folder.path(), &files()).expect_err("a folder is no file");
    assert_eq!(folder.text("a.yaml/inner").as_deref(), Some("a file\n"));
}

#[test]
fn a_lab_with_one_lane_less_leaves_nothing_of_that_lane() {
    let folder = Folder::new(&[]);
    let write = |lab: &Lab| out::write(folder.path(), &rendered(lab)).expect("a folder");
    write(&Lab::demo());
    let removed: Vec<Drift> = write(&Lab::demo().with_lanes(&[]))
        .into_iter()
        .filter(|drift| !matches!(drift, Drift::Stale { path, .. } if ["GUIDE.md", "images.txt"].contains(&path.as_str())))
        .collect();
    assert!(!removed.is_empty());
    for drift in removed {
        let Drift::Unknown { path, origin: Origin::Ours } = drift else {
            panic!("{drift:?}");
        };
        assert!(path.starts_with("canary-v"), "{path}");
    }
    assert!(!folder.path().join("canary-v2").exists());
    assert!(!folder.path().join("canary-v3").exists());
    assert!(folder.path().join("v1").exists());
}
