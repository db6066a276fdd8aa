//! A VirtualService's match → Envoy's route match.
//!
//! Source: `TranslateRouteMatch` in istio's `pilot/pkg/networking/core/route/route.go`.

use super::Origin;
use crate::topology::view::virtual_service::{HttpMatch, StringMatch};
use crate::topology::{gateway_name, ingress_has};
use serde_json::{Value, json};

/// Whether this match can apply at `origin`; else istiod leaves the route out there.
pub(super) fn applies(origin: Origin<'_>, r#match: &HttpMatch, namespace: &str) -> bool {
    if r#match.port.is_some_and(|port| port != origin.port) {
        return false;
    }
    if !r#match.gateways.is_empty() {
        // With gateways given, istiod does not look at the source's labels and namespace.
        let mut names = r#match.gateways.iter().map(|name| gateway_name(name, namespace));
        return names.any(|name| name == origin.gateway);
    }
    let labelled = match origin.proxy.pod {
        Some(pod) => pod.has(&r#match.source_labels),
        None => r#match.source_labels.iter().all(ingress_has),
    };
    labelled
        && r#match
            .source_namespace
            .as_deref()
            .is_none_or(|namespace| namespace == origin.proxy.namespace)
}

/// Whether no request can pass this match by.
pub(super) fn catches_all(r#match: &HttpMatch) -> bool {
    // A match that says nothing of the path is one by the prefix `/`.
    let any_path = match r#match.uri.as_ref() {
        Some(StringMatch { exact: Some(_), .. }) => false,
        Some(StringMatch { prefix: Some(prefix), .. }) => prefix == "/",
        Some(StringMatch { regex: Some(regex), .. }) => regex == ".*",
        Some(StringMatch { exact: None, prefix: None, regex: None }) | None => true,
    };
    any_path
        && r#match.headers.is_empty()
        && r#match.without_headers.is_empty()
        && r#match.query_params.is_empty()
        && [&r#match.method, &r#match.authority, &r#match.scheme]
            .iter()
            .all(|value| value.is_none())
}

/// The match of a rule without one.
pub(super) fn everything() -> Value {
    json!({"prefix": "/"})
}

pub(super) fn route_match(r#match: &HttpMatch) -> Value {
    let mut result = match r#match.uri.as_ref() {
        Some(StringMatch { exact: Some(path), .. }) => json!({"path": path}),
        Some(StringMatch { prefix: Some(prefix), .. }) => json!({"prefix": prefix}),
        Some(StringMatch { regex: Some(regex), .. }) => json!({"safe_regex": {"regex": regex}}),
        Some(StringMatch { exact: None, prefix: None, regex: None }) | None => everything(),
    };
    result["case_sensitive"] = json!(!r#match.ignore_uri_case);
    let pseudo = [
        (":method", &r#match.method),
        (":authority", &r#match.authority),
        (":scheme", &r#match.scheme),
    ];
    let headers = r#match.headers.iter().map(|(name, value)| (name, header(name, value)));
    let without =
        r#match.without_headers.iter().map(|(name, value)| (name, without_header(name, value)));
    let pseudo = pseudo.into_iter().filter_map(|(name, value)| Some(header(name, value.as_ref()?)));
    let mut headers: Vec<(&String, Value)> = headers.chain(without).collect();
    headers.sort_by_key(|(name, _)| *name);
    let headers: Vec<Value> =
        headers.into_iter().map(|(_, matcher)| matcher).chain(pseudo).collect();
    if !headers.is_empty() {
        result["headers"] = json!(headers);
    }
    if !r#match.query_params.is_empty() {
        let parameters = r#match.query_params.iter().map(|(name, value)| comparison(name, value));
        result["query_parameters"] = parameters.collect();
    }
    result
}

/// The path part of a span's operation name: `GetRouteOperation` in the same file.
pub(super) fn operation_path(r#match: Option<&HttpMatch>) -> String {
    match r#match.and_then(|r#match| r#match.uri.as_ref()) {
        Some(StringMatch { exact: Some(path), .. }) => path.clone(),
        Some(StringMatch { prefix: Some(prefix), .. }) => format!("{prefix}*"),
        Some(StringMatch { regex: Some(regex), .. }) => regex.clone(),
        Some(StringMatch { exact: None, prefix: None, regex: None }) | None => "/*".into(),
    }
}

fn header(name: &str, value: &StringMatch) -> Value {
    comparison(name, value)
}

fn without_header(name: &str, value: &StringMatch) -> Value {
    let mut matcher = comparison(name, value);
    matcher["invert_match"] = json!(true);
    if matcher.get("present_match").is_none() {
        matcher["treat_missing_header_as_empty"] = json!(true);
    }
    matcher
}

/// A comparison by value, or, where no value or the pattern `*` is given, of presence.
fn comparison(name: &str, value: &StringMatch) -> Value {
    match value {
        StringMatch { exact: Some(exact), .. } => {
            json!({"name": name, "string_match": {"exact": exact}})
        }
        StringMatch { prefix: Some(prefix), .. } => {
            json!({"name": name, "string_match": {"prefix": prefix}})
        }
        StringMatch { regex: Some(regex), .. } if regex != "*" => {
            json!({"name": name, "string_match": {"safe_regex": {"regex": regex}}})
        }
        StringMatch { .. } => json!({"name": name, "present_match": true}),
    }
}
