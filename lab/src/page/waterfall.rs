//! A trace → its page: one row for each span, indented by depth, with a bar where its time lies.

use super::overview::{Chip, time};
use crate::diagram::Diagram;
use crate::trace::{Kind, Span, Trace, VERSION_TAG};
use crate::waterfall::milliseconds;
use askama::Template;

/// The whole duration, in the units of the bars.
const WHOLE: u64 = 1000;
/// The shortest bar that can be seen.
const SHORTEST: u64 = 4;
/// From here on rows are not indented any further.
const DEEPEST: usize = 10;

#[derive(Template)]
#[template(path = "trace.html")]
pub(crate) struct Waterfall {
    id: String,
    lane: Chip,
    time: String,
    duration: String,
    request: String,
    status: String,
    is_bad: bool,
    /// Times along the axis: the whole in quarters.
    ticks: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    depth: usize,
    service: String,
    namespace: String,
    operation: String,
    kind: &'static str,
    version: String,
    lane: Option<Chip>,
    start: u64,
    length: u64,
    duration: String,
    status: String,
    is_bad: bool,
    /// The lane whose colour the bar has.
    colour: usize,
}

impl Waterfall {
    /// `diagrams` know the lanes, and so their colours.
    pub(crate) fn of(trace: &Trace, diagrams: &[Diagram]) -> Self {
        let total = trace.duration();
        let rows = trace.tree().into_iter();
        Self {
            id: trace.id.clone(),
            lane: Chip::of(trace.tag("lane"), diagrams),
            time: time(trace.start()),
            duration: milliseconds(total),
            request: format!("{} {}", trace.tag("http.method"), trace.tag("http.url")),
            status: trace.tag("http.status_code").to_owned(),
            is_bad: trace.has_failed(),
            ticks: (0..=4).map(|quarter| milliseconds(total * quarter / 4)).collect(),
            rows: rows.map(|(depth, span)| Row::of(trace, depth, span, diagrams)).collect(),
        }
    }
}

impl Row {
    fn of(trace: &Trace, depth: usize, span: &Span, diagrams: &[Diagram]) -> Self {
        let total = trace.duration().max(1);
        let part = |microseconds: u64| (microseconds * WHOLE / total).min(WHOLE);
        let start = part(span.start - trace.start()).min(WHOLE - SHORTEST);
        let (service, namespace) = span.service.split_once('.').unwrap_or((&span.service, ""));
        let chip = Chip::of(span.tag("lane"), diagrams);
        // The gateway has no version; its proxy says `latest`.
        let version = Some(span.tag(VERSION_TAG)).filter(|version| *version != "latest");
        Self {
            depth: depth.min(DEEPEST),
            service: service.to_owned(),
            namespace: namespace.to_owned(),
            operation: span.operation.clone(),
            kind: match span.kind {
                Kind::Server => "received",
                Kind::Client => "sent",
                Kind::Internal => "inside",
            },
            version: version.unwrap_or_default().to_owned(),
            colour: chip.colour.unwrap_or(0),
            lane: (!span.tag("lane").is_empty()).then_some(chip),
            start,
            length: part(span.duration).clamp(SHORTEST, WHOLE - start),
            duration: milliseconds(span.duration),
            status: span.tag("http.status_code").to_owned(),
            is_bad: span.has_failed(),
        }
    }
}
