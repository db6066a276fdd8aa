//! A route's match and a request → whether it matches, and in a few words why, or why not.
//!
//! Source: `PathMatcher`, `HeaderUtility::matchHeaders` and `QueryParameterMatcher` of Envoy (`source/common/router`,
//! `source/common/http/header_utility.cc`).

mod parse;

use super::message::Message;
use crate::failure::Result;
use regex::Regex;
use serde::Deserialize;

/// All of these must hold.
#[derive(Debug, Deserialize)]
#[serde(try_from = "parse::MatchFields")]
pub(super) struct Match {
    conditions: Vec<Condition>,
}

/// What a match says of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Matches { because: String },
    Fails { because: String },
}

#[derive(Debug)]
struct Condition {
    subject: Subject,
    test: Test,
    inverted: bool,
    missing_is_empty: bool,
}

#[derive(Debug)]
enum Subject {
    /// Without its query.
    Path,
    Header(String),
    QueryParameter(String),
}

#[derive(Debug)]
enum Test {
    Exact(String, Case),
    Prefix(String, Case),
    Regex(Pattern),
    Present,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Counts,
    Ignored,
}

impl Match {
    pub(super) fn verdict(&self, message: &Message) -> Result<Verdict> {
        let mut reasons = Vec::new();
        for condition in &self.conditions {
            let found = condition.subject.values(message)?;
            if !condition.holds(&found) {
                return Ok(Verdict::Fails { because: condition.failure(&found) });
            }
            if !condition.is_idle() {
                reasons.push(condition.sentence());
            }
        }
        let because =
            if reasons.is_empty() { "takes every request".into() } else { reasons.join(", ") };
        Ok(Verdict::Matches { because })
    }
}

impl Condition {
    /// One value that passes is enough, and enough for an inverted condition to fail.
    fn holds(&self, found: &[String]) -> bool {
        match (&self.test, found) {
            (Test::Present, found) => found.is_empty() == self.inverted,
            // A comparison of a header that is missing fails, even an inverted one.
            (test, []) => self.missing_is_empty && test.passes("") != self.inverted,
            (test, values) => values.iter().any(|value| test.passes(value)) != self.inverted,
        }
    }

    /// Whether it says nothing: every path begins with a slash.
    fn is_idle(&self) -> bool {
        matches!((&self.subject, &self.test), (Subject::Path, Test::Prefix(prefix, _)) if prefix == "/")
    }

    /// The condition in words.
    fn sentence(&self) -> String {
        let (name, not) = (self.subject.name(), if self.inverted { "not " } else { "" });
        match &self.test {
            Test::Exact(wanted, case) => format!("{name} is {not}{wanted}{}", case.words()),
            Test::Prefix(prefix, case) => {
                let verb = if self.inverted { "does not begin" } else { "begins" };
                format!("{name} {verb} with {prefix}{}", case.words())
            }
            Test::Regex(Pattern { text, .. }) => {
                let verb = if self.inverted { "does not match" } else { "matches" };
                format!("{name} {verb} {text}")
            }
            Test::Present if self.inverted => format!("{name} is absent"),
            Test::Present => format!("{name} is there"),
        }
    }

    /// Why it does not hold.
    fn failure(&self, found: &[String]) -> String {
        let name = self.subject.name();
        if found.is_empty() {
            return format!("{name} is absent");
        }
        let words = |value: &String| if value.is_empty() { "empty".into() } else { value.clone() };
        let seen = found.iter().map(words).collect::<Vec<String>>().join(" and ");
        let case = match &self.test {
            Test::Exact(_, case) | Test::Prefix(_, case) => case.words(),
            Test::Regex(_) | Test::Present => "",
        };
        match (&self.test, self.inverted) {
            (Test::Exact(wanted, _), false) => format!("{name} is {seen}, not {wanted}{case}"),
            (Test::Exact(..), true) => format!("{name} is {seen}"),
            (Test::Prefix(prefix, _), false) => {
                format!("{name} is {seen}, which does not begin with {prefix}{case}")
            }
            (Test::Prefix(prefix, _), true) => {
                format!("{name} is {seen}, which begins with {prefix}{case}")
            }
            (Test::Regex(pattern), false) => {
                format!("{name} is {seen}, which does not match {}", pattern.text)
            }
            (Test::Regex(pattern), true) => {
                format!("{name} is {seen}, which matches {}", pattern.text)
            }
            (Test::Present, _) => format!("{name} is there"),
        }
    }
}

impl Subject {
    fn name(&self) -> String {
        match self {
            Self::Path => "path".into(),
            // The pseudo-headers have plain names: method, authority, scheme, path.
            Self::Header(name) => name.trim_start_matches(':').to_owned(),
            Self::QueryParameter(name) => format!("query parameter {name}"),
        }
    }

    fn values(&self, message: &Message) -> Result<Vec<String>> {
        match self {
            Self::Path => Ok(vec![message.path_alone().to_owned()]),
            Self::Header(name) => message.values(name),
            Self::QueryParameter(name) => {
                Ok(message.query_parameter(name).map(ToOwned::to_owned).into_iter().collect())
            }
        }
    }
}

impl Test {
    fn passes(&self, value: &str) -> bool {
        match self {
            Self::Exact(wanted, Case::Counts) => value == wanted,
            Self::Exact(wanted, Case::Ignored) => value.eq_ignore_ascii_case(wanted),
            Self::Prefix(prefix, Case::Counts) => value.starts_with(prefix),
            Self::Prefix(prefix, Case::Ignored) => value
                .get(..prefix.len())
                .is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix)),
            Self::Regex(Pattern { regex, .. }) => regex.is_match(value),
            Self::Present => true,
        }
    }
}

impl Case {
    const fn words(self) -> &'static str {
        match self {
            Self::Counts => "",
            Self::Ignored => " in any case",
        }
    }
}

/// A regular expression that must match the whole value.
#[derive(Debug, Deserialize)]
#[serde(try_from = "parse::PatternFields")]
struct Pattern {
    text: String,
    regex: Regex,
}
