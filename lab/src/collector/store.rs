//! Spans as they arrive → the latest traces, in bounded memory: the oldest go first; and how many requests took which call.

use super::calls::Calls;
use crate::otlp::Received;
use crate::trace::{Span, Trace};
use std::collections::VecDeque;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) traces: usize,
    /// Of all traces together.
    pub(crate) spans: usize,
    /// Of one trace; more are a mistake of whoever sends them, and are not kept.
    pub(crate) spans_of_a_trace: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { traces: 2_000, spans: 50_000, spans_of_a_trace: 1_000 }
    }
}

/// A trace as its spans came.
#[derive(Debug)]
pub(crate) struct Kept {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    /// In the order of their start.
    pub(crate) spans: Vec<Received>,
}

impl From<&Kept> for Trace {
    fn from(kept: &Kept) -> Self {
        Self { id: kept.id.clone(), spans: kept.spans.iter().map(Span::from).collect() }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    bounds: Bounds,
    /// The oldest first.
    traces: VecDeque<Kept>,
    spans: usize,
    /// Since the lab started, those of traces that are gone too.
    pub(crate) calls: Calls,
}

impl Store {
    #[cfg(test)]
    pub(crate) fn with(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// No more traces than this are kept.
    pub(crate) const fn most_traces(&self) -> usize {
        self.bounds.traces
    }

    /// The latest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &Kept> {
        self.traces.iter().rev()
    }

    pub(crate) fn trace(&self, id: &str) -> Option<&Kept> {
        self.latest().find(|trace| trace.id == id)
    }

    /// Keeps a span; one that came before, because an exporter sent it again, takes the place of the first.
    ///
    /// # Errors
    /// When its trace has too many already.
    pub(crate) fn add(&mut self, trace: String, span: Received) -> Result<(), TooMany> {
        // Spans of one request arrive close to each other, so its trace is near the end.
        let known = self.traces.iter_mut().rev().find(|known| known.id == trace);
        if let Some(known) = known {
            if let Some(again) = known.spans.iter_mut().find(|other| other.id() == span.id()) {
                *again = span;
                return Ok(());
            }
            self.calls.note(&Span::from(&span));
            if known.spans.len() >= self.bounds.spans_of_a_trace {
                return Err(TooMany);
            }
            let place = known.spans.partition_point(|other| other.start() <= span.start());
            known.spans.insert(place, span);
        } else {
            self.calls.note(&Span::from(&span));
            self.traces.push_back(Kept { id: trace, spans: vec![span] });
        }
        self.spans += 1;
        self.shrink();
        Ok(())
    }

    fn shrink(&mut self) {
        let Bounds { traces, spans, .. } = self.bounds;
        while self.traces.len() > traces || (self.spans > spans && self.traces.len() > 1) {
            let oldest = self.traces.pop_front();
            self.spans -= oldest.map_or(0, |trace| trace.spans.len());
        }
    }
}

/// A trace has more spans than are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;
