//! A trace: the spans of one request, as a tree.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All spans that are known of one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trace {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    /// In the order of their start.
    pub(crate) spans: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Span {
    /// 16 hexadecimal digits.
    pub(crate) id: String,
    /// Empty for the first span of the request.
    pub(crate) parent: String,
    /// `<app>.<namespace>`, as Istio names its proxies.
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) kind: Kind,
    /// Microseconds since 1970.
    pub(crate) start: u64,
    /// Microseconds.
    pub(crate) duration: u64,
    pub(crate) tags: BTreeMap<String, String>,
}

/// The side of a call that a span tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Client,
    Server,
    Internal,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Internal => "internal",
        }
    }
}

impl Trace {
    /// Each span once with its depth, from the first one down. A span whose parent is not known counts as a first one, and
    /// so does one of each circle of parents.
    pub(crate) fn tree(&self) -> Vec<(usize, &Span)> {
        let mut left: Vec<&Span> = self.spans.iter().collect();
        let mut tree = Vec::new();
        while !left.is_empty() {
            let root =
                left.iter().position(|span| !left.iter().any(|other| other.id == span.parent));
            let root = left.remove(root.unwrap_or_default());
            descend(root, 0, &mut left, &mut tree);
        }
        tree
    }

    /// Microseconds since 1970 at which the first span starts.
    pub(crate) fn start(&self) -> u64 {
        self.spans.iter().map(|span| span.start).min().unwrap_or_default()
    }

    /// Microseconds from the first start to the last end.
    pub(crate) fn duration(&self) -> u64 {
        let end =
            self.spans.iter().map(|span| span.start + span.duration).max().unwrap_or_default();
        end.saturating_sub(self.start())
    }
}

/// Moves a span and everything below it from `left` into the tree.
fn descend<'a>(
    span: &'a Span,
    depth: usize,
    left: &mut Vec<&'a Span>,
    tree: &mut Vec<(usize, &'a Span)>,
) {
    tree.push((depth, span));
    while let Some(child) = left.iter().position(|child| child.parent == span.id) {
        descend(left.remove(child), depth + 1, left, tree);
    }
}
