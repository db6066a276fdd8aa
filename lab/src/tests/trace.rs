//! Traces: the tree of their spans, their start and their duration.

use crate::trace::{Kind, Span, Trace};

/// A trace of spans by id and parent; each starts a microsecond after the one before, and lasts ten.
pub(super) fn trace(spans: &[(&str, &str)]) -> Trace {
    let spans = spans.iter().zip(1..).map(|((id, parent), start)| Span {
        id: (*id).to_owned(),
        parent: (*parent).to_owned(),
        service: "one.lab".into(),
        operation: "/*".into(),
        kind: Kind::Server,
        start,
        duration: 10,
        tags: std::collections::BTreeMap::new(),
    });
    Trace { id: "t".into(), spans: spans.collect() }
}

/// Compares the tree of spans: depth and id.
#[track_caller]
fn check(spans: &[(&str, &str)], expected: &[(usize, &str)]) {
    let trace = trace(spans);
    let tree: Vec<(usize, &str)> =
        trace.tree().into_iter().map(|(depth, span)| (depth, span.id.as_str())).collect();
    assert_eq!(tree, expected);
}

mod tree {
    use super::*;

    #[test]
    fn a_chain_goes_down() {
        check(&[("a", ""), ("b", "a"), ("c", "b")], &[(0, "a"), (1, "b"), (2, "c")]);
    }

    #[test]
    fn the_order_in_which_spans_are_known_does_not_matter_for_a_chain() {
        check(&[("c", "b"), ("b", "a"), ("a", "")], &[(0, "a"), (1, "b"), (2, "c")]);
    }

    #[test]
    fn children_follow_their_parent_in_the_order_of_their_start() {
        check(
            &[("a", ""), ("b", "a"), ("c", "a"), ("d", "b"), ("e", "c")],
            &[(0, "a"), (1, "b"), (2, "d"), (1, "c"), (2, "e")],
        );
    }

    #[test]
    fn a_span_of_an_unknown_parent_counts_as_a_first_one() {
        check(&[("a", ""), ("b", "lost"), ("c", "b")], &[(0, "a"), (0, "b"), (1, "c")]);
        check(&[("b", "lost")], &[(0, "b")]);
        check(&[("c", "b"), ("b", "lost")], &[(0, "b"), (1, "c")]);
    }

    #[test]
    fn a_circle_of_parents_ends_and_hides_nothing() {
        check(&[("a", "b"), ("b", "a")], &[(0, "a"), (1, "b")]);
        check(&[("a", "a")], &[(0, "a")]);
        check(
            &[("a", "c"), ("x", ""), ("b", "a"), ("c", "b")],
            &[(0, "x"), (0, "a"), (1, "b"), (2, "c")],
        );
    }

    #[test]
    fn spans_that_came_twice_are_shown_twice_and_no_more() {
        check(&[("a", ""), ("b", "a"), ("b", "a")], &[(0, "a"), (1, "b"), (1, "b")]);
        let twins = [("a", "a"); 30];
        assert_eq!(trace(&twins).tree().len(), 30);
    }

    #[test]
    fn an_empty_trace_has_no_tree() {
        check(&[], &[]);
    }
}

mod time {
    use super::*;

    #[test]
    fn a_trace_lasts_from_the_first_start_to_the_last_end() {
        let mut trace = trace(&[("b", "a"), ("a", ""), ("c", "a")]);
        trace.spans[0].start = 7;
        trace.spans[1].start = 5;
        trace.spans[1].duration = 30;
        trace.spans[2].start = 8;
        assert_eq!((trace.start(), trace.duration()), (5, 30));
        trace.spans[2].start = 40;
        assert_eq!((trace.start(), trace.duration()), (5, 45));
    }

    #[test]
    fn an_empty_trace_takes_no_time() {
        let trace = trace(&[]);
        assert_eq!((trace.start(), trace.duration()), (0, 0));
    }
}

#[test]
fn kinds_have_the_names_of_jaeger() {
    assert_eq!(
        [Kind::Client, Kind::Server, Kind::Internal].map(Kind::name),
        ["client", "server", "internal"]
    );
}
