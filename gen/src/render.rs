//! Layers → text, the same bytes every time: the objects, their kustomizations, and the guide to the folder.

use crate::NamedManifests;
use crate::check::Certificate;
use crate::guide;
use crate::kind::{Kustomization, SortOptions, SortOrder};
use crate::layout::{File, Layer, Part, RenderedFile, Tool};
use crate::listing;
use crate::object::Manifest;
use crate::object::Object;
use crate::read::KUSTOMIZATION;
use rayon::prelude::*;
use serde::Serialize;

/// The first line of every rendered file; a file that starts with it may be replaced or removed by `gen write`.
pub(crate) const MARK: &str =
    "Rendered by `cargo gen write`; edit the model in gen/src, not this file.";

/// What a reader opens first.
const GUIDE: &str = "GUIDE.md";

/// Every file of `out/`, sorted by path.
pub(crate) fn files(
    layers: &[Layer],
    manifests: &[NamedManifests],
    certificates: &[Certificate],
) -> Vec<RenderedFile> {
    let mut files: Vec<RenderedFile> = layers.par_iter().flat_map(layer_files).collect();
    let all: Vec<&Manifest> = manifests.iter().flat_map(|(_, manifests)| manifests).collect();
    files.push(list(listing::IMAGES, "Every image of the lab, one a line.", listing::images(&all)));
    files.push(list(
        listing::CERTIFICATES,
        "Every certificate of the lab, made at run time: the secret that holds it and its key, and the host that it is for.",
        listing::certificate_lines(certificates),
    ));
    files.push(RenderedFile {
        path: GUIDE.into(),
        text: guide::guide(layers, manifests, certificates),
    });
    files.sort();
    files
}

/// The files of a layer, and a kustomization in each of its folders.
fn layer_files(layer: &Layer) -> Vec<RenderedFile> {
    let files: Vec<(&Part, &File)> = layer
        .parts
        .iter()
        .flat_map(|part| part.files.iter().map(move |file| (part, file)))
        .collect();
    let objects = files.into_par_iter().map(|(part, file)| RenderedFile {
        path: layer.path(part, &file.name),
        text: file_text(file),
    });
    let objects: Vec<RenderedFile> = objects.collect();
    let (own, folders): (Vec<&Part>, Vec<&Part>) =
        layer.parts.iter().partition(|part| part.name.is_empty());
    let inner = folders.iter().map(|part| {
        let comment = format!("The {} of the layer `{}`.", part.name, layer.name);
        kustomization(layer.path(part, KUSTOMIZATION), &comment, applied(part))
    });
    let names = folders.iter().map(|part| part.name.to_owned());
    let resources = own.iter().flat_map(|part| applied(part)).chain(names).collect();
    let comment = format!("The layer `{}`: {}.", layer.name, layer.purpose);
    let outer = kustomization(format!("{}/{KUSTOMIZATION}", layer.name), &comment, resources);
    objects.into_iter().chain(inner).chain([outer]).collect()
}

/// The names of a part's files that kubectl takes.
fn applied(part: &Part) -> Vec<String> {
    let files = part.files.iter().filter(|file| file.tool == Tool::Kubectl);
    files.map(|file| file.name.clone()).collect()
}

fn kustomization(path: String, comment: &str, resources: Vec<String>) -> RenderedFile {
    let kustomization = Kustomization {
        api_version: "kustomize.config.k8s.io/v1beta1".into(),
        kind: "Kustomization".into(),
        resources,
        // kubectl would sort by kind; what is listed here is make-before-break.
        sort_options: Some(SortOptions { order: SortOrder::Fifo }),
    };
    RenderedFile { path, text: header(comment) + &yaml(&kustomization) }
}

fn file_text(file: &File) -> String {
    header(&file.teaches) + &objects(&file.objects)
}

/// Objects as a stream of YAML documents.
pub fn objects<'a>(objects: impl IntoIterator<Item = &'a Object>) -> String {
    let documents: Vec<String> = objects.into_iter().map(yaml).collect();
    documents.join("---\n")
}

fn list(path: &str, teaches: &str, lines: impl IntoIterator<Item = String>) -> RenderedFile {
    let lines = lines.into_iter().map(|line| line + "\n").collect::<String>();
    RenderedFile { path: path.into(), text: header(teaches) + &lines }
}

fn header(teaches: &str) -> String {
    let lines = teaches.lines().map(|line| format!("# {line}\n"));
    std::iter::once(format!("# {MARK}\n")).chain(lines).collect()
}

fn yaml(object: &impl Serialize) -> String {
    // Typed objects have only string keys, so YAML can always hold them.
    serde_yaml::to_string(object).expect("a typed object renders as YAML")
}
