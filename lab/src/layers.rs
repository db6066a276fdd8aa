//! The folder of rendered manifests → the objects of the layers that are applied together.

use crate::failure::{Failure, Result};
use manifests::layout::{CLUSTER, LANE_LAYER_PREFIX as LANE, merged};
use manifests::object::Manifest;
use manifests::read;
use manifests::release::{self, State};
use std::path::{Path, PathBuf};

/// The layers that are always applied: without them there is nothing to add to.
pub(crate) const GROUND: [&str; 2] = ["base", "v1"];

/// The names of the layers that are applied when these are asked for: the ground, then each of them once.
pub(crate) fn applied(with: &[String]) -> Vec<String> {
    let mut applied: Vec<String> = GROUND.map(Into::into).into();
    for layer in with {
        if !applied.contains(layer) {
            applied.push(layer.clone());
        }
    }
    applied
}

/// What is applied together.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// In the order of application.
    pub(crate) layers: Vec<String>,
    /// How far a release on top of them has come.
    pub(crate) release: State,
}

/// A folder of layers, such as `out/`.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    root: PathBuf,
}

impl Layers {
    pub(crate) fn open(root: &Path) -> Result<Self> {
        if !root.is_dir() {
            let message = format!("there is no folder {}", root.display());
            return Err(Failure::input(
                message,
                "run it in the repository's folder, or name the manifests with --manifests",
            ));
        }
        Ok(Self { root: root.to_owned() })
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.root.canonicalize().unwrap_or_else(|_| self.root.clone())
    }

    /// The objects of these layers; a later layer replaces objects of an earlier one, as `kubectl apply` would.
    pub(crate) fn manifests(&self, names: &[String]) -> Result<Vec<Manifest>> {
        let mut manifests = Vec::new();
        let mut violations = Vec::new();
        for name in names {
            match read::folder(&self.folder(name)?) {
                Ok(read) => manifests.extend(read),
                Err(found) => violations.extend(found),
            }
        }
        if violations.is_empty() {
            Ok(merged(manifests))
        } else {
            Err(Failure::violations(&violations))
        }
    }

    /// The objects in force.
    pub(crate) fn in_force(&self, plan: &Plan) -> Result<Vec<Manifest>> {
        let ground = self.manifests(&plan.layers)?;
        let lane = |lane: &String| Ok((lane.clone(), self.manifests(&[format!("{LANE}{lane}")])?));
        let lanes = plan.release.layers().map(lane).collect::<Result<Vec<_>>>()?;
        Ok(release::objects(&ground, &lanes, &plan.release)?)
    }

    /// The lanes that have a layer.
    pub(crate) fn lanes(&self) -> Vec<String> {
        let names = self.names().into_iter();
        names.filter_map(|name| name.strip_prefix(LANE).map(ToOwned::to_owned)).collect()
    }

    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.root.join(name);
        // A name, not a path: `..` or `/` would leave the folder.
        let is_name =
            Path::new(name).file_name().is_some_and(|last| last == name) && !name.starts_with('.');
        if name == CLUSTER {
            let message = format!("the layer `{name}` is what a cluster needs, not this lab");
            let hint = format!("choose one of: {}", self.names().join(", "));
            return Err(Failure::input(message, hint));
        }
        if is_name && folder.is_dir() {
            return Ok(folder);
        }
        let message = format!("there is no layer `{name}` in {}", self.root.display());
        Err(Failure::input(message, format!("choose one of: {}", self.names().join(", "))))
    }

    /// Every folder is a layer, and all but one are of this lab.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.root).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> =
            folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name != CLUSTER);
        names.sort();
        names
    }
}
