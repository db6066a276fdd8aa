//! Layers: which folders are read, and which object counts where several layers have it.

use super::committed;
use crate::layers::Layers;
use manifests::object::{Manifest, Object};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const NAMESPACE: &str =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: NAME, labels: {layer: LAYER}}\n";

/// A folder of layers, each with the namespaces of these names.
#[expect(clippy::disallowed_methods, reason = "the one place where these tests write files")]
fn folder(layers: &[(&str, &[&str])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (layer, names) in layers {
        let path = folder.path().join(layer);
        fs::create_dir(&path).unwrap();
        let documents =
            names.iter().map(|name| NAMESPACE.replace("NAME", name).replace("LAYER", layer));
        fs::write(path.join("file.yaml"), documents.collect::<Vec<_>>().join("---\n")).unwrap();
    }
    folder
}

fn read(folder: &Path, names: &[&str]) -> Result<Vec<Manifest>, String> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let layers = Layers::open(folder).map_err(|failure| failure.to_string())?;
    layers.manifests(&names).map_err(|failure| failure.to_string())
}

/// Compares the names of the objects of some layers, each with the layer that it comes from.
#[track_caller]
fn check(layers: &[(&str, &[&str])], names: &[&str], expected: &[[&str; 2]]) {
    let manifests = read(folder(layers).path(), names).unwrap();
    let found: Vec<[&str; 2]> = manifests
        .iter()
        .map(|manifest| {
            let metadata = manifest.object.metadata();
            [metadata.name.as_deref().unwrap(), &metadata.labels.as_ref().unwrap()["layer"]]
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn layers_are_read_in_their_order() {
    check(&[("a", &["one"]), ("b", &["two"])], &["b", "a"], &[["two", "b"], ["one", "a"]]);
}

#[test]
fn a_later_layer_replaces_an_object_in_its_place() {
    check(&[("a", &["one", "two"]), ("b", &["one"])], &["a", "b"], &[["one", "b"], ["two", "a"]]);
}

#[test]
fn an_unknown_layer_is_refused_with_the_known_ones() {
    let folder = folder(&[("b", &["one"]), ("a", &["two"])]);
    assert_eq!(
        read(folder.path(), &["c"]).unwrap_err(),
        format!(
            "error: there is no layer `c` in {}\n  hint: choose one of: a, b",
            folder.path().display()
        )
    );
}

#[test]
fn the_layer_that_only_a_cluster_needs_is_refused_and_not_offered() {
    let folder = folder(&[("cluster", &["one"]), ("a", &["two"])]);
    assert_eq!(
        read(folder.path(), &["cluster"]).unwrap_err(),
        "error: the layer `cluster` is what a cluster needs, not this lab\n  hint: choose one of: a"
    );
}

#[test]
fn a_layer_is_a_name_and_not_a_path() {
    let folder = folder(&[("a", &["one"]), (".hidden", &["two"])]);
    for name in ["..", ".", "/", "", "a/", "./a", "../a", "/tmp", ".hidden", "a/../a", "file.yaml"]
    {
        let refused = read(folder.path(), &[name]).unwrap_err();
        assert!(refused.contains(&format!("there is no layer `{name}`")), "{refused}");
    }
}

#[test]
fn a_missing_folder_is_refused() {
    let refused = read(Path::new("/no/such/folder"), &["a"]).unwrap_err();
    assert!(refused.starts_with("error: there is no folder /no/such/folder\n"), "{refused}");
}

#[test]
fn the_findings_of_all_layers_are_told_at_once() {
    let folder = folder(&[("a", &["one\nkinds: x"]), ("b", &["two\nlables: x"])]);
    let refused = read(folder.path(), &["a", "b"]).unwrap_err();
    assert!(refused.contains("2 findings"), "{refused}");
}

#[test]
fn the_committed_layers_are_a_topology() {
    for lane in [None, Some("canary-v2")] {
        let names: Vec<&str> = crate::layers::GROUND.into_iter().chain(lane).collect();
        let manifests = read(&committed(), &names).unwrap();
        let replicas = manifests.iter().filter_map(|manifest| match &manifest.object {
            Object::Deployment(deployment) => deployment.spec.as_ref()?.replicas,
            _ => None,
        });
        let replicas = usize::try_from(replicas.sum::<i32>()).unwrap();
        let topology = crate::topology::Topology::of(&manifests).unwrap();
        assert_eq!(topology.pods.len(), replicas);
        assert_eq!((topology.services.len(), topology.virtual_services.len()), (3, 4));
        assert_eq!(
            (topology.gateways.len(), topology.servers(443).count(), topology.servers(80).count()),
            (1, 1, 1)
        );
        assert!(topology.tracing.is_some());
    }
}
