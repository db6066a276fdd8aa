//! Envoy's files: what is written before it starts, and where it is told to look.

use super::{addresses, resolved, world};
use crate::envoy::{self, Snapshot};
use crate::state::StateFolder;
use crate::xds::Files;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

fn snapshot() -> Snapshot {
    let topology = resolved(&world());
    envoy::snapshot(&topology, &addresses(&topology), &BTreeSet::new())
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_resource_is_written_once_with_a_version_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::create(folder.path()).unwrap();
    state.clear().unwrap();
    let mut files = Files::new(state.clone());
    let snapshot = snapshot();
    drop(files.prepare(snapshot.clone()).unwrap());
    assert_eq!(*files.current(), snapshot);
    let mut versions = BTreeSet::new();
    let mut resources = |path: &Path| {
        let file = read(path);
        assert!(versions.insert(file["version_info"].as_str().unwrap().to_owned()), "{file}");
        assert_eq!(file.as_object().unwrap().len(), 2);
        file["resources"].clone()
    };
    assert_eq!(resources(&files.clusters()), json!(snapshot.clusters.values().collect::<Vec<_>>()));
    assert_eq!(
        resources(&files.listeners()),
        json!(snapshot.listeners.values().collect::<Vec<_>>())
    );
    for (stem, routes) in &snapshot.routes {
        let path = state.routes().join(format!("{stem}.json"));
        assert_eq!(resources(&path), json!([routes.configuration]));
    }
    assert_eq!(std::fs::read_dir(state.routes()).unwrap().count(), snapshot.routes.len());
}

#[test]
fn the_snapshot_of_a_topology_is_always_the_same() {
    assert_eq!(snapshot(), snapshot());
}

#[test]
fn a_listener_finds_its_routes_in_the_file_of_their_stem() {
    let snapshot = snapshot();
    let mut stems = BTreeSet::new();
    for listener in snapshot.listeners.values() {
        for chain in listener["filter_chains"].as_array().unwrap() {
            let manager = &chain["filters"][0]["typed_config"];
            let Some(rds) = manager.get("rds") else { continue };
            let path = rds["config_source"]["path_config_source"]["path"].as_str().unwrap();
            let stem = Path::new(path).file_stem().unwrap().to_str().unwrap();
            let routes = &snapshot.routes[stem];
            assert_eq!(routes.configuration["name"], rds["route_config_name"]);
            let statistics = manager["stat_prefix"].as_str().unwrap();
            assert_eq!(
                routes.statistics,
                format!("http.{statistics}.rds.{}", rds["route_config_name"].as_str().unwrap())
            );
            stems.insert(stem.to_owned());
        }
    }
    assert_eq!(stems, snapshot.routes.keys().cloned().collect());
}
