//! Durations: Go's form in, Envoy's form out.

use crate::topology::duration::{envoy, parse};

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    assert_eq!(envoy(text).as_deref(), expected, "{text}");
}

#[test]
fn a_number_with_a_unit_is_a_duration() {
    check("1.5s", Some("1.5s"));
    check("300ms", Some("0.3s"));
    check("20us", Some("0.00002s"));
    check("20\u{b5}s", Some("0.00002s"));
    check("20\u{3bc}s", Some("0.00002s"));
    check("7ns", Some("0.000000007s"));
    check("2h", Some("7200s"));
    check("1m", Some("60s"));
    check("0s", Some("0s"));
    check("0.000000001s", Some("0.000000001s"));
    check(".5s", Some("0.5s"));
    check("100s", Some("100s"));
}

#[test]
fn parts_add_up() {
    check("1m30s", Some("90s"));
    check("1h1m1s1ms", Some("3661.001s"));
    check("1m500ms", Some("60.5s"));
}

#[test]
fn seconds_are_read_as_a_number() {
    assert_eq!(parse("1m30s"), Some(90.0));
    assert_eq!(parse("250ms"), Some(0.25));
}

#[test]
fn everything_else_is_none() {
    for text in [
        "",
        "s",
        "5",
        "1.5",
        "-1s",
        "1 s",
        " 1s",
        "1s ",
        "1d",
        "1.2.3s",
        "s1",
        "1m30",
        "one second",
        "1S",
        "1sm",
    ] {
        check(text, None);
    }
}
