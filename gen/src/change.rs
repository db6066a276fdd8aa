//! Two states of the lab → what changes between them: for a request, in sentences; then object by object.

mod about;
mod fields;
mod lane;
mod objects;
mod publication;
mod sentence;
mod service;
mod set;
mod statement;

pub use fields::FieldChange;
pub use objects::{LayerChange, ObjectChange, Turn};

use crate::object::Manifest;
use std::fmt;

/// Layers by name, in the order of application. Those of lanes have [`crate::layout::LANE_LAYER_PREFIX`]: at most one
/// of them is applied at a time, on top of all others.
pub type State = [(String, Vec<Manifest>)];

/// What is another in the second state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// What a request sees, each a sentence: entrances and services, then requests without a lane, then lanes.
    pub sentences: Vec<String>,
    /// Layers with at least one change.
    pub layers: Vec<LayerChange>,
}

/// Compares two states.
pub fn changes(old: &State, new: &State) -> Changes {
    let sets = set::pairs(old, new);
    let flows: Vec<set::Flows<'_>> = sets.iter().map(set::Pair::flows).collect();
    Changes { sentences: sentence::sentences(&flows), layers: objects::layers(old, new) }
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.sentences.is_empty() && self.layers.is_empty()
    }

    /// What is said when no request takes another way. Ways are all that sentences tell of; the rest may matter, too.
    fn no_sentence(&self) -> &'static str {
        let mut changes = self.layers.iter().flat_map(|layer| &layer.objects);
        if changes.any(ObjectChange::may_matter) {
            "every request goes where it went; what else it may notice stands in the objects below"
        } else {
            "nothing changes for a request"
        }
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "For a request")?;
        if self.sentences.is_empty() {
            writeln!(formatter, "  {}", self.no_sentence())?;
        }
        for sentence in &self.sentences {
            writeln!(formatter, "  {sentence}")?;
        }
        writeln!(formatter, "\nObjects")?;
        if self.layers.is_empty() {
            writeln!(formatter, "  nothing changes")?;
        }
        for layer in &self.layers {
            write!(formatter, "{layer}")?;
        }
        Ok(())
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
