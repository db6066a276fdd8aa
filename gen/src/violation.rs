//! What is wrong with an object: where, what, and the hint that mends it.

use crate::object::Manifest;
use std::fmt;

/// One finding. Everything that users wrote is named: the file, the object, the field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub file: String,
    /// `Kind namespace/name`; empty where the file could not be read as an object.
    pub object: String,
    /// The field's path inside of the object, `spec.http[0].timeout`; empty for the whole object.
    pub field: String,
    /// What is wrong, with the value in backticks.
    pub message: String,
    /// The law that asks for it, with the code of Istio's own message where there is one; empty when reading failed.
    pub rule: String,
    pub hint: String,
}

impl Violation {
    /// A finding about one field of an object.
    pub fn of_field(
        manifest: &Manifest,
        field: impl Into<String>,
        message: String,
        hint: String,
    ) -> Self {
        Self {
            file: manifest.file.clone(),
            object: manifest.object.identity().to_string(),
            field: field.into(),
            message,
            rule: String::new(),
            hint,
        }
    }

    /// A finding about a file that holds no readable object.
    pub fn of_file(file: impl Into<String>, message: String, hint: String) -> Self {
        Self {
            file: file.into(),
            object: String::new(),
            field: String::new(),
            message,
            rule: String::new(),
            hint,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = [&self.file, &self.object, &self.field];
        let place: Vec<&str> =
            place.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        write!(formatter, "{}: {}", place.join(": "), self.message)?;
        if !self.rule.is_empty() {
            write!(formatter, "\n  rule: {}", self.rule)?;
        }
        write!(formatter, "\n  hint: {}", self.hint)
    }
}

/// Sorts findings by place and drops those that several layers share.
pub fn sorted(mut violations: Vec<Violation>) -> Vec<Violation> {
    violations.sort();
    violations.dedup();
    violations
}
