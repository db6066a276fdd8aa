//! A match of a rule and a class of requests → the conditions that are left, in plain words; or that it is never met.

use super::{Class, is_lane_header};
use crate::check::covers::Text;
use crate::check::world::qualified;
use kcr_networking_istio_io::v1::virtualservices::VirtualServiceHttpMatch;

/// Where a request is looked at.
pub(super) struct Place<'a> {
    /// `namespace/name`, or `mesh`.
    pub(super) gateway: &'a str,
    /// The ports that it can have come to; none, if that is not known.
    pub(super) ports: &'a [i64],
}

/// The types of the fields differ, their fields do not.
macro_rules! text {
    ($value:expr) => {
        Text::of($value.exact.as_deref(), $value.prefix.as_deref(), $value.regex.as_deref())
    };
}

/// The lanes that a match names.
pub(super) fn lanes(r#match: &VirtualServiceHttpMatch) -> Vec<String> {
    let with = r#match.headers.iter().flatten().map(|(name, value)| (name, &value.exact));
    let without = r#match.without_headers.iter().flatten();
    let named = with.chain(without.map(|(name, value)| (name, &value.exact)));
    named.filter(|(name, _)| is_lane_header(name)).filter_map(|(_, exact)| exact.clone()).collect()
}

/// What a match compares the header of lanes with.
pub(super) fn lane_texts(r#match: &VirtualServiceHttpMatch) -> Vec<Text<'_>> {
    let with = r#match.headers.iter().flatten().map(|(name, value)| (name, text!(value)));
    let without = r#match.without_headers.iter().flatten();
    let named = with.chain(without.map(|(name, value)| (name, text!(value))));
    named.filter(|(name, _)| is_lane_header(name)).map(|(_, text)| text).collect()
}

/// Nothing, if no request of the class can meet the match; no words, if every one does.
pub(super) fn left(
    r#match: &VirtualServiceHttpMatch,
    namespace: &str,
    class: &Class,
    place: &Place<'_>,
) -> Option<Vec<String>> {
    let mut words = Vec::new();
    if let Some(uri) = &r#match.uri {
        let case = if r#match.ignore_uri_case == Some(true) { " in any case" } else { "" };
        match text!(uri) {
            // Every path begins with a slash.
            Text::Any | Text::Prefix("/") => {}
            text => words.push(format!("{}{case}", is("path", &text))),
        }
    }
    words.extend(r#match.method.as_ref().map(|method| is("method", &text!(method))));
    words.extend(r#match.scheme.as_ref().map(|scheme| is("scheme", &text!(scheme))));
    words.extend(r#match.authority.as_ref().map(|host| is("authority", &text!(host))));
    for (name, value) in r#match.headers.iter().flatten() {
        let text = text!(value);
        if !is_lane_header(name) {
            words.push(is(&format!("header {name}"), &text));
        } else if !class.lane().is_some_and(|lane| text.covers(&Text::Exact(lane))) {
            return None;
        }
    }
    for (name, value) in r#match.without_headers.iter().flatten() {
        let text = text!(value);
        if !is_lane_header(name) {
            words.push(is_not(&format!("header {name}"), &text));
        } else if has_what_must_not_be(class, &text) {
            return None;
        }
    }
    for (name, value) in r#match.query_params.iter().flatten() {
        words.push(is(&format!("query parameter {name}"), &text!(value)));
    }
    if let Some(port) = r#match.port {
        match place.ports {
            [only] if *only == port => {}
            [] => words.push(format!("port is {port}")),
            ports if ports.contains(&port) => words.push(format!("port is {port}")),
            _ => return None,
        }
    }
    match r#match.gateways.as_deref() {
        None | Some([]) => {
            for (key, value) in r#match.source_labels.iter().flatten() {
                words.push(format!("the caller has the label {key}={value}"));
            }
            let from = r#match.source_namespace.as_ref();
            words.extend(from.map(|name| format!("the caller is in the namespace {name}")));
        }
        // With gateways, Istio does not look at the source.
        Some(names) => {
            if !names.iter().any(|name| qualified(name, namespace) == place.gateway) {
                return None;
            }
        }
    }
    Some(words)
}

/// Istio has Envoy take an absent header for an empty one, except where it must not be there at all.
fn has_what_must_not_be(class: &Class, text: &Text<'_>) -> bool {
    match class.lane() {
        None => *text != Text::Any && text.covers(&Text::Exact("")),
        Some(lane) => text.covers(&Text::Exact(lane)),
    }
}

fn is(what: &str, text: &Text<'_>) -> String {
    match text {
        Text::Any => format!("{what} is present"),
        Text::Exact(value) => format!("{what} is {value}"),
        Text::Prefix(value) => format!("{what} starts with {value}"),
        Text::Regex(value) => format!("{what} matches {value}"),
    }
}

fn is_not(what: &str, text: &Text<'_>) -> String {
    match text {
        Text::Any => format!("{what} is absent"),
        Text::Exact(value) => format!("{what} is not {value}"),
        Text::Prefix(value) => format!("{what} does not start with {value}"),
        Text::Regex(value) => format!("{what} does not match {value}"),
    }
}
