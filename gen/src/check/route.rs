//! The laws of a rule: its patterns compile, and its weights lead somewhere.
//!
//! Source: Istio's webhook, `pkg/config/validation/validation.go`. Istio's proxies compile patterns with RE2, whose syntax
//! the `regex` crate shares.

use crate::object::{Manifest, Object};
use crate::violation::Violation;
use kcr_networking_istio_io::v1::virtualservices::{VirtualServiceHttp, VirtualServiceHttpMatch};

/// A pattern that RE2 would refuse, but that Istio reads as "is there".
const PRESENT: &str = "*";

pub(super) fn check(manifests: &[Manifest]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for manifest in manifests {
        let Object::VirtualService(object) = &manifest.object else { continue };
        for (index, http) in object.spec.http.iter().flatten().enumerate() {
            let field = format!("spec.http[{index}]");
            violations.extend(weights(manifest, &field, http));
            for (position, r#match) in http.r#match.iter().flatten().enumerate() {
                let field = format!("{field}.match[{position}]");
                violations.extend(patterns(r#match).into_iter().filter_map(|(name, pattern)| {
                    broken(&pattern).map(|reason| {
                        let message = format!("`{pattern}` is not a pattern: {reason}");
                        let hint = "write it in the syntax of RE2; it must match the whole value"
                            .to_owned();
                        Violation::of_field(
                            manifest,
                            format!("{field}.{name}.regex"),
                            message,
                            hint,
                        )
                    })
                }));
            }
        }
    }
    violations
}

fn weights(manifest: &Manifest, field: &str, http: &VirtualServiceHttp) -> Option<Violation> {
    let route = http.route.as_deref().unwrap_or_default();
    let sum: i64 = route.iter().map(|route| i64::from(route.weight.unwrap_or_default())).sum();
    (route.len() > 1 && sum == 0).then(|| {
        let message = format!("the weights of {} destinations add up to 0", route.len());
        let hint = "give at least one of them a weight".to_owned();
        Violation::of_field(manifest, format!("{field}.route"), message, hint)
    })
}

/// Every pattern of a match, with the field that it stands in.
fn patterns(r#match: &VirtualServiceHttpMatch) -> Vec<(String, String)> {
    let VirtualServiceHttpMatch {
        authority,
        headers,
        method,
        query_params,
        scheme,
        uri,
        without_headers,
        ..
    } = r#match;
    let single = [
        ("authority", authority.as_ref().and_then(|value| value.regex.clone())),
        ("method", method.as_ref().and_then(|value| value.regex.clone())),
        ("scheme", scheme.as_ref().and_then(|value| value.regex.clone())),
        ("uri", uri.as_ref().and_then(|value| value.regex.clone())),
    ];
    let single =
        single.into_iter().filter_map(|(field, pattern)| Some((field.to_owned(), pattern?)));
    let headers =
        headers.iter().flatten().map(|(name, value)| ("headers", name, value.regex.clone()));
    let parameters = query_params
        .iter()
        .flatten()
        .map(|(name, value)| ("queryParams", name, value.regex.clone()));
    let without = without_headers
        .iter()
        .flatten()
        .map(|(name, value)| ("withoutHeaders", name, value.regex.clone()));
    let keyed = headers.chain(parameters).chain(without);
    single
        .chain(
            keyed.filter_map(|(field, name, pattern)| Some((format!("{field}.{name}"), pattern?))),
        )
        .collect()
}

fn broken(pattern: &str) -> Option<String> {
    let error = if pattern == PRESENT { None } else { regex::Regex::new(pattern).err() }?;
    // The last line of the library's report says what is wrong; those before it draw where.
    error.to_string().lines().last().map(|line| line.trim_start_matches("error: ").to_owned())
}
