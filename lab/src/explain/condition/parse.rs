//! The matcher fields of Envoy → conditions; what is of no known form is an error.

use super::{Case, Condition, Match, Pattern, Subject, Test};
use regex::Regex;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternFields {
    regex: String,
}

impl TryFrom<PatternFields> for Pattern {
    type Error = regex::Error;

    fn try_from(PatternFields { regex: text }: PatternFields) -> Result<Self, regex::Error> {
        Ok(Self { regex: Regex::new(&format!(r"\A(?:{text})\z"))?, text })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchFields {
    prefix: Option<String>,
    path: Option<String>,
    safe_regex: Option<Pattern>,
    #[serde(default = "yes")]
    case_sensitive: bool,
    #[serde(default)]
    headers: Vec<ComparisonFields>,
    #[serde(default)]
    query_parameters: Vec<ComparisonFields>,
}

const fn yes() -> bool {
    true
}

/// A matcher of a header or of a query parameter; the latter has only the first three.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComparisonFields {
    name: String,
    string_match: Option<StringMatch>,
    present_match: Option<bool>,
    #[serde(default)]
    invert_match: bool,
    #[serde(default)]
    treat_missing_header_as_empty: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StringMatch {
    Exact(String),
    Prefix(String),
    SafeRegex(Pattern),
}

impl TryFrom<MatchFields> for Match {
    type Error = String;

    fn try_from(fields: MatchFields) -> Result<Self, String> {
        let case = if fields.case_sensitive { Case::Counts } else { Case::Ignored };
        // A regular expression says itself whether case counts.
        let path = match (fields.prefix, fields.path, fields.safe_regex) {
            (Some(prefix), None, None) => Test::Prefix(prefix, case),
            (None, Some(path), None) => Test::Exact(path, case),
            (None, None, Some(pattern)) => Test::Regex(pattern),
            _ => return Err("one of `prefix`, `path` and `safe_regex` must be there".into()),
        };
        let path = Condition {
            subject: Subject::Path,
            test: path,
            inverted: false,
            missing_is_empty: false,
        };
        let headers = fields.headers.into_iter().map(|fields| fields.condition(Subject::Header));
        let parameters = fields.query_parameters.into_iter().map(|fields| {
            if fields.invert_match || fields.treat_missing_header_as_empty {
                return Err(format!("query parameter `{}` is matched like a header", fields.name));
            }
            fields.condition(Subject::QueryParameter)
        });
        let conditions = std::iter::once(Ok(path)).chain(headers).chain(parameters);
        Ok(Self { conditions: conditions.collect::<Result<_, String>>()? })
    }
}

impl ComparisonFields {
    fn condition(self, subject: impl Fn(String) -> Subject) -> Result<Condition, String> {
        let test = match (self.string_match, self.present_match) {
            (Some(StringMatch::Exact(wanted)), None) => Test::Exact(wanted, Case::Counts),
            (Some(StringMatch::Prefix(prefix)), None) => Test::Prefix(prefix, Case::Counts),
            (Some(StringMatch::SafeRegex(pattern)), None) => Test::Regex(pattern),
            (None, Some(true)) if !self.treat_missing_header_as_empty => Test::Present,
            _ => return Err(format!("the matcher of `{}` is of no known form", self.name)),
        };
        Ok(Condition {
            subject: subject(self.name),
            test,
            inverted: self.invert_match,
            missing_is_empty: self.treat_missing_header_as_empty,
        })
    }
}
