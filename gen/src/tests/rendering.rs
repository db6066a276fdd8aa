//! What is rendered: it reads back, it stands in `out/`, and it is the same every time.

use super::{committed, listed, rendered};
use crate::layout;
use crate::model::Lab;
use crate::object::{Manifest, Object};
use crate::render::MARK;
use crate::{out, read};
use std::collections::BTreeSet;

/// Renders `lab` and reads each file back: layer by layer the same objects, in the same files, in the same order.
#[track_caller]
fn check_round_trip(lab: &Lab) {
    let files = rendered(lab);
    for layer in layout::layers(lab) {
        let mut back = Vec::new();
        for part in &layer.parts {
            for file in &part.files {
                let path = layer.path(part, &file.name);
                let file = files.iter().find(|file| file.path == path).expect("a rendered file");
                let read = read::text(&format!("out/{path}"), &file.text);
                back.extend(read.unwrap_or_else(|violations| panic!("{}", listed(&violations))));
            }
        }
        assert!(!back.is_empty(), "layer {} holds objects", layer.name);
        assert_eq!(back, layer.manifests(), "layer {}", layer.name);
    }
}

#[test]
fn every_object_of_the_demo_reads_back_as_it_was() {
    check_round_trip(&Lab::demo());
}

#[test]
fn every_object_of_a_lab_with_other_lanes_reads_back_as_it_was() {
    check_round_trip(&Lab::demo().with_lanes(&[
        ("v2", &["service1", "service3"]),
        ("blue", &["service2"]),
        ("empty", &[]),
    ]));
}

#[test]
fn values_that_look_like_other_types_read_back_as_strings() {
    let mut lab = Lab::demo().with_lanes(&[("2", &["service1"]), ("yes", &["service2"])]);
    lab.baseline = "1.0".into();
    lab.credential = "null".into();
    lab.delay_ms = (0, 0);
    check_round_trip(&lab);
}

#[test]
fn every_kind_that_can_be_read_occurs_in_the_demo() {
    let lab = layout::layers(&Lab::demo());
    let objects = lab.iter().flat_map(layout::Layer::manifests).map(|manifest| manifest.object);
    let kinds: BTreeSet<(String, String)> = objects
        .map(|object| {
            let value = serde_yaml::to_value(&object).expect("YAML");
            let word = |key: &str| value[key].as_str().expect("a word").to_owned();
            assert_eq!(word("kind"), object.kind());
            (word("apiVersion"), word("kind"))
        })
        .collect();
    let known = Object::KINDS.map(|(version, kind)| (version.to_owned(), kind.to_owned()));
    assert_eq!(kinds, BTreeSet::from(known));
}

#[test]
fn the_committed_layers_hold_exactly_the_objects_of_the_demo() {
    for layer in layout::layers(&Lab::demo()) {
        let root = committed();
        let read = read::folder(&root.join(&layer.name))
            .unwrap_or_else(|violations| panic!("{}", listed(&violations)));
        let with_short_path = read.into_iter().map(|Manifest { file, object }| {
            let file = file.strip_prefix(&*root.to_string_lossy()).expect("a file of out/");
            Manifest { file: format!("out{file}"), object }
        });
        assert_eq!(
            with_short_path.collect::<Vec<_>>(),
            layer.manifests(),
            "layer {}; run `cargo gen write`",
            layer.name
        );
    }
}

#[test]
fn the_committed_folder_is_up_to_date() {
    let drift = out::drift(&committed(), &rendered(&Lab::demo())).expect("out/ can be read");
    assert_eq!(drift, [], "run `cargo gen write`");
}

#[test]
fn rendering_twice_gives_the_same_bytes() {
    assert_eq!(rendered(&Lab::demo()), rendered(&Lab::demo()));
}

#[test]
fn files_are_sorted_and_no_path_occurs_twice() {
    let files = rendered(&Lab::demo());
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let set: BTreeSet<&str> = paths.iter().copied().collect();
    assert_eq!(paths, Vec::from_iter(set));
}

#[test]
fn the_first_line_of_every_file_bears_the_mark() {
    for file in rendered(&Lab::demo()) {
        let first = file.text.lines().next().unwrap_or_default();
        assert!(first.contains(MARK), "{}: {first}", file.path);
    }
}

#[test]
fn the_guide_names_every_file_that_holds_objects() {
    let files = rendered(&Lab::demo());
    let guide = files.iter().find(|file| file.path == "README.md").expect("the guide");
    for layer in layout::layers(&Lab::demo()) {
        assert!(guide.text.contains(&format!("\n## {}\n", layer.name)), "layer {}", layer.name);
        for manifest in layer.manifests() {
            let identity = manifest.object.identity();
            let path = manifest.file.trim_start_matches("out/");
            let object = format!("{} `{}`", identity.kind, identity.name);
            let row = guide.text.lines().find(|line| line.starts_with(&format!("| `{path}` |")));
            assert!(row.is_some_and(|row| row.contains(&object)), "{path}: {object}");
        }
    }
}
