//! Two states → for each layer, the objects that come, go, and change.

use super::State;
use super::fields::{FieldChange, fields};
use crate::layout;
use crate::object::{Identity, Manifest};
use serde_json::Value;
use std::fmt;

/// A layer with at least one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerChange {
    pub name: String,
    pub objects: Vec<ObjectChange>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectChange {
    pub identity: Identity,
    /// Where it stands; where it stood, if it is gone.
    pub file: String,
    pub turn: Turn,
}

/// What has become of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    Added,
    Removed,
    Changed(Vec<FieldChange>),
}

/// The layers of the new state in their order, then those that are gone.
pub(super) fn layers(old: &State, new: &State) -> Vec<LayerChange> {
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in new.iter().chain(old) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let changes = names.into_iter().map(|name| LayerChange {
        name: name.clone(),
        objects: objects(&manifests(old, name), &manifests(new, name)),
    });
    changes.filter(|layer| !layer.objects.is_empty()).collect()
}

fn manifests(state: &State, layer: &str) -> Vec<Manifest> {
    let of_layer = state.iter().filter(|(name, _)| name == layer);
    layout::merged(of_layer.flat_map(|(_, manifests)| manifests.iter().cloned()))
}

fn objects(old: &[Manifest], new: &[Manifest]) -> Vec<ObjectChange> {
    let change = |manifest: &Manifest, turn| ObjectChange {
        identity: manifest.object.identity(),
        file: manifest.file.clone(),
        turn,
    };
    let find = |manifests: &'_ [Manifest], identity: &Identity| {
        manifests.iter().position(|known| known.object.identity() == *identity)
    };
    let mut changes = Vec::new();
    for manifest in new {
        match find(old, &manifest.object.identity()) {
            None => changes.push(change(manifest, Turn::Added)),
            Some(place) => {
                let found = changed(&old[place], manifest);
                if !found.is_empty() {
                    changes.push(change(manifest, Turn::Changed(found)));
                }
            }
        }
    }
    let gone = old.iter().filter(|manifest| find(new, &manifest.object.identity()).is_none());
    changes.extend(gone.map(|manifest| change(manifest, Turn::Removed)));
    changes
}

fn changed(old: &Manifest, new: &Manifest) -> Vec<FieldChange> {
    let value = |manifest: &Manifest| serde_json::to_value(&manifest.object).unwrap_or(Value::Null);
    let mut changes = fields(&value(old), &value(new));
    if new.object.kind() == "Secret" {
        changes.iter_mut().for_each(FieldChange::hide);
    }
    if old.file != new.file {
        let path = "(file)".to_owned();
        changes.push(FieldChange {
            path,
            old: Some(old.file.clone()),
            new: Some(new.file.clone()),
        });
    }
    changes
}

impl ObjectChange {
    /// Whether a request may notice the change, although it goes where it went.
    pub(super) fn may_matter(&self) -> bool {
        const SILENT: [&str; 5] =
            ["Namespace", "PodDisruptionBudget", "ServiceAccount", "Simple", "Telemetry"];
        let concerns = |change: &FieldChange| {
            change.path != "(file)" && change.path.starts_with("spec.template.spec")
        };
        match (&self.turn, self.identity.kind) {
            (_, kind) if SILENT.contains(&kind) => false,
            (Turn::Changed(changes), "Deployment") => changes.iter().any(concerns),
            (Turn::Changed(changes), _) => changes
                .iter()
                .any(|change| change.path != "(file)" && !change.path.starts_with("metadata")),
            _ => true,
        }
    }
}

impl fmt::Display for LayerChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "  {}", self.name)?;
        for ObjectChange { identity, file, turn } in &self.objects {
            let (word, fields): (_, &[FieldChange]) = match turn {
                Turn::Added => ("added", &[]),
                Turn::Removed => ("removed", &[]),
                Turn::Changed(fields) => ("changed", fields),
            };
            writeln!(formatter, "    {word} {identity} ({file})")?;
            for field in fields {
                writeln!(formatter, "      {field}")?;
            }
        }
        Ok(())
    }
}
