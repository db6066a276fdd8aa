//! Layers → text, the same bytes every time: the objects, their kustomizations, and the guide to the folder.

use crate::layout::{File, Kustomization, Layer, Part, RenderedFile};
use askama::Template;
use serde::Serialize;

/// The first line of every rendered file; a file that starts with it may be replaced or removed by `gen write`.
pub(crate) const MARK: &str =
    "Rendered by `cargo gen write`; edit the model in gen/src, not this file.";

#[derive(Template)]
#[template(path = "out.md", escape = "none")]
struct Guide<'a> {
    mark: &'static str,
    layers: &'a [Layer],
}

/// Every file of `out/`, sorted by path.
pub(crate) fn files(layers: &[Layer]) -> Vec<RenderedFile> {
    let mut files: Vec<RenderedFile> = layers.iter().flat_map(layer_files).collect();
    files.push(guide(layers));
    files.sort();
    files
}

fn guide(layers: &[Layer]) -> RenderedFile {
    // A template with only plain values cannot fail to render into a string.
    let text = Guide { mark: MARK, layers }.render().expect("the guide renders");
    RenderedFile { path: "README.md".into(), text: text + "\n" }
}

fn layer_files(layer: &Layer) -> Vec<RenderedFile> {
    let mut files: Vec<RenderedFile> =
        layer.parts.iter().flat_map(|part| part_files(layer, part)).collect();
    let folders: Vec<String> = layer
        .parts
        .iter()
        .map(|part| part.name.to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    if !folders.is_empty() {
        let comment = format!("The layer `{}`: {}.", layer.name, layer.purpose);
        files.push(kustomization(format!("{}/kustomization.yaml", layer.name), &comment, folders));
    }
    files
}

fn part_files(layer: &Layer, part: &Part) -> Vec<RenderedFile> {
    let files = part
        .files
        .iter()
        .map(|file| RenderedFile { path: layer.path(part, &file.name), text: file_text(file) });
    let comment = match part.name {
        "" => format!("The layer `{}`: {}.", layer.name, layer.purpose),
        name => format!("The {name} of the layer `{}`.", layer.name),
    };
    let names = part.files.iter().map(|file| file.name.clone()).collect();
    let list = kustomization(layer.path(part, "kustomization.yaml"), &comment, names);
    files.chain([list]).collect()
}

fn kustomization(path: String, comment: &str, resources: Vec<String>) -> RenderedFile {
    let kustomization = Kustomization {
        api_version: "kustomize.config.k8s.io/v1beta1".into(),
        kind: "Kustomization".into(),
        resources,
    };
    RenderedFile { path, text: header(comment) + &yaml(&kustomization) }
}

fn file_text(file: &File) -> String {
    let documents: Vec<String> = file.objects.iter().map(yaml).collect();
    header(&file.teaches) + &documents.join("---\n")
}

fn header(teaches: &str) -> String {
    let lines = teaches.lines().map(|line| format!("# {line}\n"));
    std::iter::once(format!("# {MARK}\n")).chain(lines).collect()
}

fn yaml(object: &impl Serialize) -> String {
    // Typed objects have only string keys, so YAML can always hold them.
    serde_yaml::to_string(object).expect("a typed object renders as YAML")
}
