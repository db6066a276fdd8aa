//! A folder of manifests, whoever wrote them → every finding: what cannot be read, and every law that is broken.

use crate::check::{Certificate, Installed};
use crate::kind::legacy_rank;
use crate::layout::{CLUSTER, LANE_LAYER_PREFIX};
use crate::listing::{self, CERTIFICATES};
use crate::object::{Manifest, Object};
use crate::read::{self, KUSTOMIZATION, Reading};
use crate::violation::{Violation, sorted};
use std::path::{Path, PathBuf};

/// The layers of a folder, and what of them cannot be read.
pub(crate) struct Layers {
    /// By name, in the order of application.
    pub(crate) layers: Vec<(String, Vec<Manifest>)>,
    pub(crate) violations: Vec<Violation>,
}

/// What a folder holds, and what is wrong with it.
pub(crate) struct Linted {
    pub(crate) objects: usize,
    pub(crate) layers: usize,
    pub(crate) violations: Vec<Violation>,
}

/// Reads `folder` and holds every law against it.
///
/// A folder with a kustomization, or without folders inside, is applied as a whole. Otherwise each folder inside is a
/// layer: those whose name begins with `canary-` are applied one at a time on top of all others, `cluster` and `base`
/// first. `certificates.txt`, if there is one, names the secrets that are made at run time.
pub(crate) fn folder(folder: &Path) -> Linted {
    let Layers { layers, mut violations } = layers(folder);
    let installed = Installed::demo_profile();
    let (certificates, unread) = certificates(folder);
    let installed = installed.with_certificates(certificates);
    violations.extend(unread);
    // What cannot be read comes first: much of the rest may only follow from it.
    let mut violations = sorted(violations);
    violations.extend(crate::checked(&layers, &installed));
    Linted {
        objects: layers.iter().map(|(_, manifests)| manifests.len()).sum(),
        layers: layers.len(),
        violations,
    }
}

/// Reads the layers of a folder as far as possible.
pub(crate) fn layers(folder: &Path) -> Layers {
    let mut found = Layers { layers: Vec::new(), violations: Vec::new() };
    for (name, path) in layer_folders(folder) {
        let Reading { mut manifests, violations, .. } = read::as_far_as_possible(&path);
        if path.join(KUSTOMIZATION).is_file() && !read::is_applied_as_listed(&path) {
            manifests.sort_by_key(|manifest| legacy_rank(manifest.object.kind()));
        }
        let (tools, unlisted) = unlisted(&path, &manifests, &violations);
        manifests.extend(tools);
        found.violations.extend(violations.into_iter().chain(unlisted));
        found.layers.push((name, manifests));
    }
    found
}

/// The layers of a folder, in the order of application: name and path.
fn layer_folders(folder: &Path) -> Vec<(String, PathBuf)> {
    let whole = vec![(String::new(), folder.to_owned())];
    if folder.join(KUSTOMIZATION).is_file() {
        return whole;
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let inner = entries.map(|entry| entry.path()).filter(|path| path.join(KUSTOMIZATION).is_file());
    let name = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, path)
    };
    let mut layers: Vec<(String, PathBuf)> = inner.map(name).collect();
    layers.sort_by_key(|(name, _)| {
        let first = [CLUSTER, "base"].iter().position(|first| first == name).unwrap_or(2);
        (name.starts_with(LANE_LAYER_PREFIX), first, name.clone())
    });
    if layers.is_empty() { whole } else { layers }
}

/// Files below a kustomization that none lists: those that istioctl and k3d read, and a finding for any other.
fn unlisted(
    folder: &Path,
    known: &[Manifest],
    unread: &[Violation],
) -> (Vec<Manifest>, Vec<Violation>) {
    let mut tools = Vec::new();
    let mut violations = Vec::new();
    if !folder.join(KUSTOMIZATION).is_file() {
        return (tools, violations);
    }
    for path in read::yaml_files(folder) {
        let file = path.display().to_string();
        if path.file_name().is_some_and(|name| name == KUSTOMIZATION)
            || known.iter().any(|manifest| manifest.file == file)
            || unread.iter().any(|violation| violation.file == file)
        {
            continue;
        }
        let Reading { manifests, violations: found, .. } = read::file_as_far_as_possible(&path);
        let is_for_tools = |manifest: &Manifest| {
            matches!(manifest.object, Object::IstioOperator(_) | Object::Simple(_))
        };
        if found.is_empty() && manifests.iter().all(is_for_tools) {
            tools.extend(manifests);
        } else if found.is_empty() {
            let message = "is listed by no kustomization: kubectl does not apply it".to_owned();
            let hint = format!("list it in the {KUSTOMIZATION} beside it, or remove it");
            violations.push(Violation::of_file(file, message, hint));
        } else {
            violations.extend(found);
        }
    }
    (tools, violations)
}

/// Those that a folder lists, and what is wrong with the list.
fn certificates(folder: &Path) -> (Vec<Certificate>, Option<Violation>) {
    let path = folder.join(CERTIFICATES);
    let Ok(text) = std::fs::read_to_string(&path) else { return (Vec::new(), None) };
    match listing::certificates(&text) {
        Ok(certificates) => (certificates, None),
        Err(message) => {
            let hint = "write `NAMESPACE/SECRET HOST`".to_owned();
            (Vec::new(), Some(Violation::of_file(path.display().to_string(), message, hint)))
        }
    }
}
