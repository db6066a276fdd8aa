//! Whether one match takes everything that another one takes. What is never reached must be told without a mistake.

use crate::check::covers::{Conditions, Text};
use kcr_networking_istio_io::v1::virtualservices::VirtualServiceHttpMatch;
use regex::Regex;
use std::borrow::Cow;

#[track_caller]
fn check(outer: &str, inner: &str, expected: bool) {
    let [outer, inner] = [outer, inner]
        .map(|yaml| serde_yaml::from_str::<VirtualServiceHttpMatch>(yaml).expect("a match"));
    let gateways = ["mesh".to_owned(), "lab/edge".to_owned()];
    let [outer, inner] = [&outer, &inner].map(|found| Conditions::of(found, &gateways, "lab"));
    assert_eq!(outer.covers(&inner), expected);
}

#[test]
fn paths() {
    check("{}", "{uri: {exact: /a}}", true);
    check("{uri: {prefix: /}}", "{headers: {a: {exact: b}}}", true);
    check("{uri: {prefix: /a}}", "{}", false);
    check("{uri: {prefix: /a}}", "{uri: {prefix: /ab}}", true);
    check("{uri: {prefix: /ab}}", "{uri: {prefix: /a}}", false);
    check("{uri: {exact: /a}}", "{uri: {prefix: /a}}", false);
    check("{uri: {regex: '/a.*'}}", "{uri: {prefix: /ab}}", true);
    check("{uri: {regex: '/a[0-9]+'}}", "{uri: {regex: '/a(1|22|333)'}}", true);
    check("{uri: {regex: '/a[0-9]+'}}", "{uri: {regex: '/a(1|22|b)'}}", false);
    check("{uri: {regex: '.*'}}", "{}", true);
}

#[test]
fn case() {
    check("{uri: {prefix: /a}, ignoreUriCase: true}", "{uri: {exact: /AB}}", true);
    check("{uri: {prefix: /a}}", "{uri: {prefix: /a}, ignoreUriCase: true}", false);
    check("{headers: {X-Lane: {exact: v2}}}", "{headers: {x-lane: {exact: v2}}}", true);
    check("{headers: {x-lane: {exact: V2}}}", "{headers: {x-lane: {exact: v2}}}", false);
}

#[test]
fn headers_and_parameters() {
    check("{headers: {a: {}}}", "{headers: {a: {exact: b}}}", true);
    check("{headers: {a: {regex: '*'}}}", "{headers: {a: {prefix: b}}}", true);
    check("{headers: {a: {exact: b}}}", "{headers: {a: {}}}", false);
    check("{headers: {a: {exact: b}}}", "{headers: {c: {exact: b}}}", false);
    check("{headers: {a: {regex: 'b|c'}}}", "{headers: {a: {exact: c}, d: {}}}", true);
    check("{headers: {a: {}, b: {}}}", "{headers: {a: {}}}", false);
    check("{queryParams: {a: {regex: '[ab]'}}}", "{queryParams: {a: {exact: b}}}", true);
    check("{queryParams: {a: {exact: b}}}", "{headers: {a: {exact: b}}}", false);
    check("{method: {exact: GET}}", "{method: {exact: GET}, uri: {exact: /a}}", true);
    check("{method: {exact: GET}}", "{method: {exact: POST}}", false);
}

#[test]
fn absent_headers() {
    check("{withoutHeaders: {a: {exact: b}}}", "{withoutHeaders: {a: {}}}", true);
    check("{withoutHeaders: {a: {}}}", "{withoutHeaders: {a: {exact: b}}}", false);
    check("{withoutHeaders: {a: {exact: b}}}", "{headers: {a: {exact: c}}}", true);
    check("{withoutHeaders: {a: {exact: b}}}", "{headers: {a: {regex: '[a-c]'}}}", false);
    check("{withoutHeaders: {a: {}}}", "{}", false);
    check("{}", "{withoutHeaders: {a: {}}}", true);
}

#[test]
fn places() {
    check("{port: 80}", "{}", false);
    check("{}", "{port: 80}", true);
    check("{gateways: [edge]}", "{}", false);
    check("{gateways: [edge, mesh]}", "{}", true);
    check("{gateways: [mesh]}", "{gateways: [edge]}", false);
    check("{sourceLabels: {app: a}}", "{sourceLabels: {app: a, version: v1}}", true);
    check("{sourceLabels: {app: a}}", "{}", false);
    check("{sourceNamespace: a}", "{sourceNamespace: b}", false);
    // With gateways, the source is not looked at.
    check("{sourceLabels: {app: a}, gateways: [mesh]}", "{gateways: [mesh]}", true);
}

#[test]
fn what_cannot_be_told_is_not_covered() {
    check("{uri: {regex: '('}}", "{uri: {regex: '(a'}}", false);
    check("{uri: {regex: '(a|b)*a(a|b){40}'}}", "{uri: {regex: '(a|b)*b(a|b){41}'}}", false);
}

/// Compares the answer with what these texts do to many strings: whatever is said to be covered must be.
#[test]
fn texts_agree_with_the_strings_that_they_take() {
    let patterns =
        ["a", "ab", "a.*", "[ab]+", "(ab)*", "b?", ".*", "a{2,3}", "^a$", "(?i)AB", "é+"];
    let words = ["", "a", "ab", "b", "A"];
    let texts: Vec<Text<'_>> = std::iter::once(Text::Any)
        .chain(words.iter().flat_map(|word| [Text::Exact(word), Text::Prefix(word)]))
        .chain(patterns.iter().map(|pattern| Text::Regex(Cow::Borrowed(*pattern))))
        .collect();
    let letters = ["a", "b", "A", "B", "é", "0"];
    let mut strings = vec![String::new()];
    for length in 0..4 {
        let longer: Vec<String> = strings
            .iter()
            .filter(|string| string.chars().count() == length)
            .flat_map(|string| letters.iter().map(move |letter| format!("{string}{letter}")))
            .collect();
        strings.extend(longer);
    }
    let taken: Vec<Vec<bool>> = texts.iter().map(|text| taken(text, &strings)).collect();
    let mut covered = 0;
    for (outer, by_outer) in texts.iter().zip(&taken) {
        for (inner, by_inner) in texts.iter().zip(&taken) {
            let mut found = strings.iter().enumerate();
            let witness = found.find(|(index, _)| by_inner[*index] && !by_outer[*index]);
            assert_eq!(outer.covers(inner), witness.is_none(), "{outer:?} {inner:?} {witness:?}");
            covered += usize::from(witness.is_none());
        }
    }
    assert!(covered > texts.len(), "more than each by itself: {covered}");
}

fn taken(text: &Text<'_>, strings: &[String]) -> Vec<bool> {
    let pattern = match text {
        Text::Regex(pattern) => {
            Some(Regex::new(&format!(r"\A(?:{pattern})\z")).expect("a pattern"))
        }
        _ => None,
    };
    let takes = |string: &String| match (text, &pattern) {
        (Text::Exact(exact), _) => string == exact,
        (Text::Prefix(prefix), _) => string.starts_with(prefix),
        (_, Some(pattern)) => pattern.is_match(string),
        _ => true,
    };
    strings.iter().map(takes).collect()
}
