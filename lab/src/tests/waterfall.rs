//! The waterfall of a trace, as people see it.

use super::trace::trace;
use crate::trace::{Kind, Trace};
use crate::waterfall::{milliseconds, waterfall};

/// The text without colours.
fn plain(text: &str) -> String {
    text.split('\u{1b}')
        .enumerate()
        .map(
            |(part, text)| if part == 0 { text } else { text.split_once('m').expect("a colour").1 },
        )
        .collect()
}

/// Compares the text of a waterfall; lines end where their last word does.
#[track_caller]
fn check(trace: &Trace, expected: &[&str]) {
    let text = plain(&waterfall(trace, None));
    assert_eq!(text.lines().map(str::trim_end).collect::<Vec<_>>(), expected);
}

/// A trace of spans with kind, service, start and duration, each the parent of the next.
fn chain(spans: &[(Kind, &str, u64, u64)]) -> Trace {
    let ids: Vec<(String, String)> = (0..spans.len())
        .map(|depth| {
            (
                format!("s{depth}"),
                depth.checked_sub(1).map_or(String::new(), |parent| format!("s{parent}")),
            )
        })
        .collect();
    let ids: Vec<(&str, &str)> =
        ids.iter().map(|(id, parent)| (id.as_str(), parent.as_str())).collect();
    let mut trace = trace(&ids);
    for (span, (kind, service, start, duration)) in trace.spans.iter_mut().zip(spans) {
        (span.kind, span.start, span.duration) = (*kind, *start, *duration);
        span.service = (*service).to_owned();
        span.operation = format!("{service}/*");
    }
    trace
}

#[test]
fn a_small_trace_is_drawn() {
    let mut trace = chain(&[
        (Kind::Server, "gateway", 1_000_000, 10_000),
        (Kind::Client, "gateway", 1_001_000, 8_000),
        (Kind::Server, "one.lab", 1_002_000, 6_000),
        (Kind::Internal, "one.lab", 1_007_990, 0),
    ]);
    for span in &mut trace.spans {
        span.tags.insert("lane".into(), "v2".into());
    }
    trace.spans[2].tags.insert("http.status_code".into(), "200".into());
    check(
        &trace,
        &[
            "trace t  lane v2, 4 spans, 10.00 ms",
            "  ← gateway       │████████████████████████████████████████│  10.00 ms      gateway/*",
            "    → gateway     │    ████████████████████████████████    │   8.00 ms      gateway/*",
            "      ← one.lab   │        ████████████████████████        │   6.00 ms 200  one.lab/*",
            "        · one.lab │                               █        │   0.00 ms      one.lab/*",
        ],
    );
}

#[test]
fn a_trace_without_lane_says_so() {
    let mut trace = chain(&[(Kind::Server, "a", 0, 1_234)]);
    let line = "  ← a │████████████████████████████████████████│   1.23 ms      a/*";
    check(&trace, &["trace t  no lane, 1 span, 1.23 ms", line]);
    trace.spans[0].tags.insert("lane".into(), String::new());
    check(&trace, &["trace t  no lane, 1 span, 1.23 ms", line]);
}

#[test]
fn a_span_at_the_very_end_has_a_bar_inside_of_the_frame() {
    check(
        &chain(&[(Kind::Server, "a", 0, 1_000), (Kind::Client, "a", 1_000, 0)]),
        &[
            "trace t  no lane, 2 spans, 1.00 ms",
            "  ← a   │████████████████████████████████████████│   1.00 ms      a/*",
            "    → a │                                       █│   0.00 ms      a/*",
        ],
    );
}

#[test]
fn a_trace_of_no_duration_is_drawn() {
    check(
        &chain(&[(Kind::Server, "a", 5, 0)]),
        &[
            "trace t  no lane, 1 span, 0.00 ms",
            "  ← a │█                                       │   0.00 ms      a/*",
        ],
    );
}

#[test]
fn the_bar_is_coloured() {
    let text = waterfall(&chain(&[(Kind::Server, "a", 0, 1)]), None);
    assert!(text.contains("\u{1b}[32m│████"), "{text}");
}

#[test]
fn microseconds_are_shown_as_milliseconds() {
    for (microseconds, expected) in [
        (0, "0.00 ms"),
        (9, "0.00 ms"),
        (10, "0.01 ms"),
        (1_000, "1.00 ms"),
        (1_095, "1.09 ms"),
        (12_345_678, "12345.67 ms"),
    ] {
        assert_eq!(milliseconds(microseconds), expected);
    }
}

#[test]
fn operations_are_cut_to_the_terminal() {
    let trace = chain(&[(Kind::Server, "a", 0, 1)]);
    let whole = plain(&waterfall(&trace, None));
    let longest = whole.lines().map(|line| line.chars().count()).max().unwrap();
    assert_eq!(plain(&waterfall(&trace, Some(longest))), whole, "what fits stays whole");
    let cut = plain(&waterfall(&trace, Some(longest - 1)));
    let line = cut.lines().last().unwrap();
    assert!(line.ends_with('…') && line.chars().count() == longest - 1, "{cut}");
    let none = plain(&waterfall(&trace, Some(10)));
    assert!(!none.contains('…'), "where nothing fits there is nothing: {none}");
}
