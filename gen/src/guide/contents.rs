//! Layers → what each of their files holds: files that teach the same thing stand together.

use crate::layout::{File, Layer, Part, Tool};
use crate::object::Object;

/// A layer, as a section of the guide.
pub(super) struct Contents {
    pub(super) name: String,
    /// A sentence.
    pub(super) purpose: String,
    pub(super) entries: Vec<Entry>,
}

/// Files that teach the same thing.
pub(super) struct Entry {
    /// Relative to the guide.
    pub(super) paths: Vec<String>,
    pub(super) tool: &'static str,
    /// Of each file, its objects in words.
    pub(super) objects: Vec<String>,
    pub(super) teaches: String,
}

pub(super) fn contents(layers: &[Layer]) -> Vec<Contents> {
    layers
        .iter()
        .map(|layer| Contents {
            name: layer.name.clone(),
            purpose: sentence(&layer.purpose),
            entries: entries(layer),
        })
        .collect()
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn entries(layer: &Layer) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let files: Vec<(&Part, &File)> = layer
        .parts
        .iter()
        .flat_map(|part| part.files.iter().map(move |file| (part, file)))
        .collect();
    for (part, file) in files {
        let path = layer.path(part, &file.name);
        let objects = in_words(&file.objects);
        match entries.last_mut() {
            Some(entry) if entry.teaches == file.teaches => {
                entry.paths.push(path);
                entry.objects.push(objects);
            }
            _ => entries.push(Entry {
                paths: vec![path],
                tool: command(file.tool),
                objects: vec![objects],
                teaches: file.teaches.clone(),
            }),
        }
    }
    entries
}

/// The names of objects, those of one kind together.
fn in_words(objects: &[Object]) -> String {
    let mut words = String::new();
    let mut kind = "";
    for object in objects {
        let identity = object.identity();
        if !words.is_empty() {
            words.push_str(", ");
        }
        if identity.kind != kind {
            words.push_str(identity.kind);
            words.push(' ');
            kind = identity.kind;
        }
        words.push('`');
        words.push_str(&identity.name);
        words.push('`');
    }
    words
}

/// The command that takes a file to a cluster.
fn command(tool: Tool) -> &'static str {
    match tool {
        Tool::Kubectl => "kubectl",
        Tool::Istioctl => "istioctl",
        Tool::K3d => "k3d",
    }
}
