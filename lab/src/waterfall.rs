//! A trace → its waterfall for a terminal: one line a span, indented by depth, with a bar where its time lies.

use crate::embedded::count;
use crate::terminal;
use crate::trace::{Kind, Span, Trace};
use std::fmt::Write;

/// Columns of the bar.
const WIDTH: usize = 40;

/// The waterfall, a line for each span; operations are cut to the columns of the terminal, if there is one.
pub(crate) fn waterfall(trace: &Trace, columns: Option<usize>) -> String {
    let mut text = String::new();
    let lane = match trace.tag("lane") {
        "" => "no lane".to_owned(),
        lane => format!("lane {lane}"),
    };
    let total = milliseconds(trace.duration());
    let spans = count(trace.spans.len(), "span");
    writeln!(text, "trace {}  {lane}, {spans}, {total}", trace.id).ok();
    let tree = trace.tree();
    let label = |depth: usize, span: &Span| {
        format!("{}{} {}", "  ".repeat(depth), arrow(span.kind), span.service)
    };
    let width = tree
        .iter()
        .map(|(depth, span)| label(*depth, span).chars().count())
        .max()
        .unwrap_or_default();
    for (depth, span) in &tree {
        let label = label(*depth, span);
        let status = span.tag("http.status_code");
        let bar = terminal::good(&bar(trace, span));
        let took = milliseconds(span.duration);
        let taken = 2 + width + 1 + WIDTH + 2 + 1 + 9 + 1 + 3 + 2;
        let operation = columns.map_or_else(
            || span.operation.clone(),
            |columns| cut(&span.operation, columns.saturating_sub(taken)),
        );
        writeln!(
            text,
            "  {label:width$} {bar} {took:>9} {status:>3}  {}",
            terminal::dim(&operation)
        )
        .ok();
    }
    text
}

/// The text, or as much of it as fits.
pub(crate) fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters.saturating_sub(1)).chain(['…']).take(letters).collect()
}

/// Which side of a call: it came in, or it went out.
const fn arrow(kind: Kind) -> char {
    match kind {
        Kind::Server => '←',
        Kind::Client => '→',
        Kind::Internal => '·',
    }
}

fn bar(trace: &Trace, span: &Span) -> String {
    let total = trace.duration().max(1);
    let column = |microseconds: u64| {
        usize::try_from(microseconds * WIDTH as u64 / total).unwrap_or(WIDTH).min(WIDTH)
    };
    let start = column(span.start - trace.start()).min(WIDTH - 1);
    let end = column(span.start - trace.start() + span.duration).clamp(start + 1, WIDTH);
    format!("│{}{}{}│", " ".repeat(start), "█".repeat(end - start), " ".repeat(WIDTH - end))
}

/// Microseconds as milliseconds for people.
pub(crate) fn milliseconds(microseconds: u64) -> String {
    format!("{}.{:02} ms", microseconds / 1000, microseconds % 1000 / 10)
}
