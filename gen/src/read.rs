//! Files → typed objects. Whatever is not understood is a violation that names it; nothing is skipped.

use crate::kind::{Kustomization, SortOrder};
use crate::object::{Identity, Manifest, Object};
use crate::violation::Violation;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_yaml::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file that says which files of a folder are applied.
pub const KUSTOMIZATION: &str = "kustomization.yaml";

/// Reads the objects of a folder as `kubectl apply -k` would take them, in the order in which its kustomization lists them.
/// A folder without one stands for all of its YAML files, sorted by path.
///
/// # Errors
/// Every file that cannot be read, every kind or field that is not known, every value of the wrong type, and every object
/// that stands there twice.
pub fn folder(folder: &Path) -> Result<Vec<Manifest>, Vec<Violation>> {
    let Reading { manifests, violations, .. } = as_far_as_possible(folder);
    if violations.is_empty() { Ok(manifests) } else { Err(violations) }
}

/// Reads the objects of a folder like [`folder`], and keeps those that can be read.
pub(crate) fn as_far_as_possible(folder: &Path) -> Reading {
    let mut reading = Reading::default();
    reading.folder(folder);
    reading.repeated();
    reading
}

/// Reads the objects of a file, and keeps those that can be read.
pub(crate) fn file_as_far_as_possible(path: &Path) -> Reading {
    let mut reading = Reading::default();
    reading.file(path);
    reading
}

/// All YAML files below a folder, sorted.
pub(crate) fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let names = Reading::default().found(folder).into_iter();
    let paths = names.map(|name| folder.join(name));
    paths.flat_map(|path| if path.is_dir() { yaml_files(&path) } else { vec![path] }).collect()
}

/// Whether the kustomization of a folder keeps the order of its list, which is not what kubectl does by itself.
pub(crate) fn is_applied_as_listed(folder: &Path) -> bool {
    let text = std::fs::read_to_string(folder.join(KUSTOMIZATION)).unwrap_or_default();
    let kustomization = serde_yaml::from_str::<Kustomization>(&text).ok();
    let options = kustomization.and_then(|found| found.sort_options);
    options.is_some_and(|options| options.order == SortOrder::Fifo)
}

/// Reads the objects in `text`; `file` is the name that violations carry.
pub fn text(file: &str, text: &str) -> Result<Vec<Manifest>, Vec<Violation>> {
    let mut reading = Reading::default();
    reading.text(file, text);
    if reading.violations.is_empty() { Ok(reading.manifests) } else { Err(reading.violations) }
}

/// What was read, and what could not be.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) violations: Vec<Violation>,
    /// The folders that are being read, from the outermost to the innermost.
    open: Vec<PathBuf>,
}

impl Reading {
    fn folder(&mut self, folder: &Path) {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        if self.open.contains(&real) {
            self.violations.push(Violation::of_file(
                folder.display().to_string(),
                "is a folder that lists itself, by way of what it lists".into(),
                format!("take it out of the {KUSTOMIZATION} that lists it"),
            ));
            return;
        }
        self.open.push(real);
        self.entries(folder);
        self.open.pop();
    }

    fn entries(&mut self, folder: &Path) {
        let kustomization = folder.join(KUSTOMIZATION);
        let entries =
            if kustomization.is_file() { self.listed(&kustomization) } else { self.found(folder) };
        for entry in entries {
            let path = folder.join(&entry);
            if path.is_dir() { self.folder(&path) } else { self.file(&path) }
        }
    }

    fn listed(&mut self, kustomization: &Path) -> Vec<String> {
        let name = kustomization.display().to_string();
        let Some(content) = self.content(kustomization) else { return Vec::new() };
        let read = serde_yaml::from_str(&content)
            .map_err(|error| vec![not_yaml(&name, &error)])
            .and_then(|value| {
                let object = "Kustomization".to_owned();
                let place = Place { file: &name, object, version: "", kind: "" };
                strict::<Kustomization>(&place, value)
            });
        match read {
            Ok(kustomization) => kustomization.resources,
            Err(violations) => {
                self.violations.extend(violations);
                Vec::new()
            }
        }
    }

    fn found(&mut self, folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).and_then(|entries| {
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        });
        let mut entries: Vec<String> = entries.unwrap_or_else(|error| {
            self.unreadable(folder, &error);
            Vec::new()
        });
        entries.retain(|name| folder.join(name).is_dir() || has_extension(name, &["yaml", "yml"]));
        entries.sort();
        entries
    }

    fn file(&mut self, path: &Path) {
        if let Some(content) = self.content(path) {
            self.text(&path.display().to_string(), &content);
        }
    }

    fn content(&mut self, path: &Path) -> Option<String> {
        std::fs::read_to_string(path).map_err(|error| self.unreadable(path, &error)).ok()
    }

    fn repeated(&mut self) {
        let mut known: BTreeMap<Identity, &str> = BTreeMap::new();
        for manifest in &self.manifests {
            let identity = manifest.object.identity();
            if let Some(file) = known.get(&identity) {
                let message = format!("stands in {file} already");
                let hint =
                    "keep one of the two; to replace an object, put the other into a later layer"
                        .to_owned();
                self.violations.push(Violation::of_field(manifest, "metadata.name", message, hint));
            } else {
                known.insert(identity, &manifest.file);
            }
        }
    }

    fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        let hint = format!(
            "list only what exists in the {KUSTOMIZATION} beside it, and check its permissions"
        );
        self.violations.push(Violation::of_file(
            path.display().to_string(),
            format!("cannot be read: {error}"),
            hint,
        ));
    }

    fn text(&mut self, file: &str, text: &str) {
        for document in serde_yaml::Deserializer::from_str(text) {
            match Value::deserialize(document) {
                Ok(Value::Null) => {}
                Ok(value) => match object(file, value) {
                    Ok(object) => self.manifests.push(Manifest { file: file.to_owned(), object }),
                    Err(violations) => self.violations.extend(violations),
                },
                Err(error) => {
                    self.violations.push(not_yaml(file, &error));
                    // The parser cannot find the next document behind a syntax error.
                    return;
                }
            }
        }
    }
}

fn not_yaml(file: &str, error: &serde_yaml::Error) -> Violation {
    let hint = "mend the YAML at the place that the message names".into();
    Violation::of_file(file, format!("is not valid YAML: {error}"), hint)
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    Path::new(name)
        .extension()
        .and_then(|found| found.to_str())
        .is_some_and(|found| extensions.contains(&found))
}

/// Where a value stands, and what it claims to be.
pub(crate) struct Place<'a> {
    pub(crate) file: &'a str,
    /// `Kind namespace/name`.
    pub(crate) object: String,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
}

fn object(file: &str, value: Value) -> Result<Object, Vec<Violation>> {
    let word = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let meta = |key: &str| value.get("metadata")?.get(key)?.as_str().map(ToOwned::to_owned);
    let (version, kind) = (word("apiVersion"), word("kind"));
    let name =
        [meta("namespace"), meta("name")].into_iter().flatten().collect::<Vec<_>>().join("/");
    let object = format!("{kind} {name}").trim().to_owned();
    let place = Place { file, object, version: &version, kind: &kind };
    Object::read(&place, value).unwrap_or_else(|| Err(vec![unknown_kind(&place)]))
}

fn unknown_kind(place: &Place<'_>) -> Violation {
    let known: Vec<String> =
        Object::KINDS.iter().map(|(version, kind)| format!("{version} {kind}")).collect();
    let claimed = format!("{} {}", place.version, place.kind);
    let message = format!("`{}` is not a kind that the lab knows", claimed.trim());
    place.violation("kind".into(), message, &format!("use one of: {}", known.join(", ")))
}

impl Place<'_> {
    fn violation(&self, field: String, message: String, hint: &str) -> Violation {
        Violation {
            file: self.file.to_owned(),
            object: self.object.clone(),
            field,
            message,
            rule: String::new(),
            hint: hint.to_owned(),
        }
    }
}

/// Reads a value as `T`, with every unknown field and the path of a wrong one as violations.
pub(crate) fn strict<T: DeserializeOwned>(
    place: &Place<'_>,
    value: Value,
) -> Result<T, Vec<Violation>> {
    let mut unknown = Vec::new();
    let mut note = |path: serde_ignored::Path<'_>| {
        let field = plain_path(&path.to_string());
        // The types of custom resources leave these two to their reader, and `object` has read them.
        if !["apiVersion", "kind"].contains(&field.as_str()) {
            unknown.push(field);
        }
    };
    let read = serde_path_to_error::deserialize(serde_ignored::Deserializer::new(value, &mut note));
    let mut violations: Vec<Violation> = unknown
        .into_iter()
        .map(|field| {
            let message = "is not a field of this kind".to_owned();
            place.violation(field, message, "check its spelling and its place")
        })
        .collect();
    match read {
        Ok(read) if violations.is_empty() => return Ok(read),
        Ok(_) => {}
        Err(error) => {
            let field = error.path().to_string();
            let field = if field == "." { String::new() } else { plain_path(&field) };
            let message = error.into_inner().to_string();
            let hint = "see the kind's reference for the type of this field";
            violations.push(place.violation(field, message, hint));
        }
    }
    Err(violations)
}

/// Path in the form of the reference documentation: `spec.http[0].route`. `serde_ignored` writes `?` for an `Option`.
pub fn plain_path(path: &str) -> String {
    let segments = path.split('.').filter(|segment| *segment != "?");
    segments.fold(String::new(), |path, segment| {
        if segment.bytes().all(|byte| byte.is_ascii_digit()) && !segment.is_empty() {
            format!("{path}[{segment}]")
        } else if path.is_empty() {
            segment.to_owned()
        } else {
            format!("{path}.{segment}")
        }
    })
}
