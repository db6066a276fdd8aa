//! Two values → the fields that differ, each with its path and what stands there.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// A field that is another now. Values are JSON in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// `spec.http[baseline].route[0].weight`
    pub path: String,
    /// Nothing: the field was not there.
    pub old: Option<String>,
    /// Nothing: the field is no longer there.
    pub new: Option<String>,
}

pub(super) fn fields(old: &Value, new: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", Some(old), Some(new), &mut changes);
    changes
}

fn compare(path: &str, old: Option<&Value>, new: Option<&Value>, changes: &mut Vec<FieldChange>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                compare(&below(path, key), old.get(key), new.get(key), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => match (by_name(old), by_name(new)) {
            (Some(old), Some(new)) => compare_named(path, &old, &new, changes),
            _ => {
                for index in 0..old.len().max(new.len()) {
                    let path = format!("{path}[{index}]");
                    compare(&path, old.get(index), new.get(index), changes);
                }
            }
        },
        (old, new) => {
            let text = |value: &Value| value.to_string();
            changes.push(FieldChange {
                path: path.to_owned(),
                old: old.map(text),
                new: new.map(text),
            });
        }
    }
}

/// The order of a list matters too: of two rules that match, the first one decides.
fn compare_named(
    path: &str,
    old: &[(&str, &Value)],
    new: &[(&str, &Value)],
    changes: &mut Vec<FieldChange>,
) {
    let find =
        |list: &[(&str, &Value)], name: &str| list.iter().position(|(known, _)| *known == name);
    let common = |one: &[(&str, &Value)], other: &[(&str, &Value)]| -> Vec<String> {
        let kept = one.iter().filter(|(name, _)| find(other, name).is_some());
        kept.map(|(name, _)| (*name).to_owned()).collect()
    };
    let (before, after) = (common(old, new), common(new, old));
    if before != after {
        changes.push(FieldChange {
            path: format!("{path} (order)"),
            old: Some(before.join(", ")),
            new: Some(after.join(", ")),
        });
    }
    let gone = old.iter().filter(|(name, _)| find(new, name).is_none());
    for (name, _) in new.iter().chain(gone) {
        let [before, after] = [old, new].map(|list| find(list, name).map(|place| list[place].1));
        compare(&format!("{path}[{name}]"), before, after, changes);
    }
}

/// The elements of a list by their names; nothing, if one has none or two have the same.
fn by_name(list: &[Value]) -> Option<Vec<(&str, &Value)>> {
    let elements: Option<Vec<(&str, &Value)>> =
        list.iter().map(|element| Some((element.get("name")?.as_str()?, element))).collect();
    let elements = elements?;
    let names: BTreeSet<&str> = elements.iter().map(|(name, _)| *name).collect();
    (names.len() == elements.len()).then_some(elements)
}

fn below(path: &str, key: &str) -> String {
    if key.contains(['.', '/']) {
        format!("{path}[\"{key}\"]")
    } else if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

impl FieldChange {
    /// Keeps what must not be printed out of a report.
    pub(super) fn hide(&mut self) {
        if self.path.starts_with("data") || self.path.starts_with("stringData") {
            for value in [&mut self.old, &mut self.new].into_iter().flatten() {
                "(hidden)".clone_into(value);
            }
        }
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".into());
        write!(formatter, "{}: {} → {}", self.path, shown(&self.old), shown(&self.new))
    }
}
