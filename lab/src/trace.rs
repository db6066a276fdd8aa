//! A trace: the spans of one request, as a tree.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The tag in which Istio's proxies tell the version of their workload; `latest` where it has none.
pub(crate) const VERSION_TAG: &str = "istio.canonical_revision";

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

    /// The value of a tag in the first span that has it; empty if none has.
    pub(crate) fn tag(&self, name: &str) -> &str {
        self.spans.iter().find_map(|span| span.tags.get(name)).map_or("", String::as_str)
    }

    /// Whether the request as a whole failed: what its first span with a status says.
    pub(crate) fn has_failed(&self) -> bool {
        let mut spans = self.spans.iter();
        let answered = spans.find(|span| span.tags.contains_key("http.status_code"));
        answered.is_some_and(Span::has_failed)
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

impl Span {
    /// The value of a tag; empty if the span has none.
    pub(crate) fn tag(&self, name: &str) -> &str {
        self.tags.get(name).map_or("", String::as_str)
    }

    /// Whether the request of the span had no answer, or one with a status from 500 on. Envoy writes the status 0 when the
    /// client went away before there was one. A span of something else has not failed.
    pub(crate) fn has_failed(&self) -> bool {
        let status = self.tags.get("http.status_code").map(|status| status.parse::<u16>());
        status.is_some_and(|status| !status.is_ok_and(|status| (1..500).contains(&status)))
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
