//! What is rendered: it reads back, it stands in `out/`, and it is the same every time.

use super::{Folder, committed, listed, rendered};
use crate::layout;
use crate::model::Lab;
use crate::object::{Manifest, Object};
use crate::out::Drift;
use crate::render::MARK;
use crate::{out, read};
use serde_yaml::Value;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

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
    lab.public.credential = "null".into();
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
    // Secrets are made at run time; the kind is read for the sake of others' manifests.
    let known = Object::KINDS.iter().filter(|(_, kind)| *kind != "Secret");
    let known = known.map(|(version, kind)| ((*version).to_owned(), (*kind).to_owned()));
    assert_eq!(kinds, known.collect());
}

#[test]
fn the_committed_layers_hold_exactly_the_objects_of_the_demo() {
    for layer in layout::layers(&Lab::demo()) {
        let root = committed();
        let read = read::folder(&root.join(&layer.name))
            .unwrap_or_else(|violations| panic!("{}", listed(&violations)));
        // What istioctl and k3d read is in no kustomization.
        let expected: Vec<Manifest> = layer
            .parts
            .iter()
            .flat_map(|part| part.files.iter())
            .filter(|file| file.tool == layout::Tool::Kubectl)
            .flat_map(|file| &file.objects)
            .flat_map(|object| {
                layer.manifests().into_iter().filter(move |found| found.object == *object)
            })
            .collect();
        let with_short_path = read.into_iter().map(|Manifest { file, object }| {
            let file = file.strip_prefix(&*root.to_string_lossy()).expect("a file of out/");
            Manifest { file: format!("out{file}"), object }
        });
        assert_eq!(
            with_short_path.collect::<Vec<_>>(),
            expected,
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

/// Orders the keys of every map by a number that `seed` draws for each of them.
fn shuffled(value: Value, seed: u64) -> Value {
    match value {
        Value::Mapping(map) => {
            let mut entries: Vec<(u64, Value, Value)> = map
                .into_iter()
                .map(|(key, value)| {
                    let mut hasher = DefaultHasher::new();
                    (seed, serde_yaml::to_string(&key).expect("a key")).hash(&mut hasher);
                    (hasher.finish(), key, shuffled(value, seed))
                })
                .collect();
            entries.sort_by_key(|(number, ..)| *number);
            Value::Mapping(entries.into_iter().map(|(_, key, value)| (key, value)).collect())
        }
        Value::Sequence(values) => {
            Value::Sequence(values.into_iter().map(|value| shuffled(value, seed)).collect())
        }
        plain => plain,
    }
}

#[test]
fn the_order_of_keys_in_what_is_read_does_not_change_what_is_rendered() {
    let mut reordered = 0;
    for manifest in layout::layers(&Lab::demo()).iter().flat_map(layout::Layer::manifests) {
        let text = serde_yaml::to_string(&manifest.object).expect("YAML");
        for seed in 0..5 {
            let value = serde_yaml::from_str(&text).expect("YAML");
            let other = serde_yaml::to_string(&shuffled(value, seed)).expect("YAML");
            reordered += usize::from(other != text);
            let read = read::text("file.yaml", &other)
                .unwrap_or_else(|found| panic!("{}", listed(&found)));
            assert_eq!(read[0].object, manifest.object);
            assert_eq!(serde_yaml::to_string(&read[0].object).expect("YAML"), text, "{other}");
        }
    }
    assert!(reordered > 200, "the texts were other ones: {reordered}");
}

#[test]
fn one_changed_byte_anywhere_is_drift_and_the_diff_shows_its_line() {
    let files = rendered(&Lab::demo());
    for (index, file) in files.iter().enumerate() {
        let bytes = file.text.as_bytes();
        for place in [0, 1, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.to_vec();
            // Another letter of plain ASCII, never the same one, never a line break.
            changed[place] = if changed[place] == b'x' { b'y' } else { b'x' };
            let text = String::from_utf8_lossy(&changed).into_owned();
            let folder = Folder::new(&[]);
            out::write(folder.path(), &files).expect("a folder");
            folder.put(&file.path, &text);
            let drift = out::drift(folder.path(), &files).expect("a folder");
            let [Drift::Stale { path, diff }] = drift.as_slice() else {
                panic!("{} at {place}: {drift:?}", file.path);
            };
            assert_eq!(*path, files[index].path);
            let line = text.lines().zip(file.text.lines()).find(|(new, old)| new != old);
            let (new, old) = line.expect("a line that differs");
            assert!(
                diff.contains(&format!("-{new}\n")) && diff.contains(&format!("+{old}\n")),
                "{diff}"
            );
        }
    }
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
