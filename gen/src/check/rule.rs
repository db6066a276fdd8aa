//! The laws of a rule: it does one thing, its weights are percentages, its patterns compile.
//!
//! Source: Istio's webhook, `pkg/config/validation/validation.go`. Istio's proxies compile patterns with RE2, whose syntax
//! the `regex` crate shares.

use super::world::World;
use super::{Findings, Kind, Law};
use kcr_networking_istio_io::v1::virtualservices::{VirtualServiceHttp, VirtualServiceHttpMatch};

pub(super) const ACTION: Law = Law {
    name: "action",
    istio: Some("IST0106"),
    rule: "a rule does one thing: it routes, redirects, answers, or delegates",
    kind: Kind::Traffic,
    check: action,
};

pub(super) const WEIGHTS: Law = Law {
    name: "weights",
    istio: None,
    rule: "the weights of a rule add up to 100",
    kind: Kind::Traffic,
    check: weights,
};

pub(super) const WEIGHTLESS: Law = Law {
    name: "weightless",
    istio: Some("IST0106"),
    rule: "of several destinations, at least one has a weight",
    kind: Kind::Meaning,
    check: weightless,
};

pub(super) const PATTERN: Law = Law {
    name: "pattern",
    istio: Some("IST0122"),
    rule: "every pattern is one of RE2",
    kind: Kind::Meaning,
    check: pattern,
};

/// A pattern that RE2 would refuse, but that Istio reads as "is there".
pub(super) const PRESENT: &str = "*";

/// Calls `law` for each HTTP rule, with its field.
pub(super) fn each(
    world: &World<'_>,
    mut law: impl FnMut(&crate::object::Manifest, String, &VirtualServiceHttp),
) {
    for route in &world.routes {
        for (index, http) in route.object.spec.http.iter().flatten().enumerate() {
            law(route.manifest, format!("spec.http[{index}]"), http);
        }
    }
}

fn action(world: &World<'_>, findings: &mut Findings<'_>) {
    each(world, |manifest, field, http| {
        let actions = [
            ("route", http.route.as_ref().is_some_and(|route| !route.is_empty())),
            ("redirect", http.redirect.is_some()),
            ("directResponse", http.direct_response.is_some()),
            ("delegate", http.delegate.is_some()),
        ];
        let found: Vec<&str> =
            actions.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
        if found.len() != 1 {
            let message = match found.as_slice() {
                [] => "this rule leads nowhere".to_owned(),
                several => format!("does several things at once: `{}`", several.join("`, `")),
            };
            findings.add(
                manifest,
                field,
                message,
                "leave one of `route`, `redirect`, `directResponse`, `delegate`",
            );
        }
    });
}

fn sum(http: &VirtualServiceHttp) -> i64 {
    let route = http.route.iter().flatten();
    route.map(|route| i64::from(route.weight.unwrap_or_default())).sum()
}

fn weights(world: &World<'_>, findings: &mut Findings<'_>) {
    each(world, |manifest, field, http| {
        let route = http.route.as_deref().unwrap_or_default();
        let stated = route.len() > 1 || route.iter().any(|route| route.weight.is_some());
        let sum = sum(http);
        if stated && sum != 100 && (sum != 0 || route.len() == 1) {
            let message = format!("the weights add up to `{sum}`");
            let hint = "Istio would take them as shares of their sum; write percentages";
            findings.add(manifest, format!("{field}.route"), message, hint);
        }
    });
}

fn weightless(world: &World<'_>, findings: &mut Findings<'_>) {
    each(world, |manifest, field, http| {
        let route = http.route.as_deref().unwrap_or_default();
        if route.len() > 1 && sum(http) == 0 {
            let message = format!("the weights of {} destinations add up to 0", route.len());
            let hint = "give at least one of them a weight";
            findings.add(manifest, format!("{field}.route"), message, hint);
        }
    });
}

fn pattern(world: &World<'_>, findings: &mut Findings<'_>) {
    each(world, |manifest, field, http| {
        for (position, r#match) in http.r#match.iter().flatten().enumerate() {
            for (name, pattern) in patterns(r#match) {
                if let Some(reason) = broken(&pattern) {
                    let field = format!("{field}.match[{position}].{name}.regex");
                    let message = format!("`{pattern}` is not a pattern: {reason}");
                    let hint = "write it in the syntax of RE2; it must match the whole value";
                    findings.add(manifest, field, message, hint);
                }
            }
        }
    });
}

/// Every pattern of a match, with the field that it stands in.
pub(super) fn patterns(r#match: &VirtualServiceHttpMatch) -> Vec<(String, String)> {
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
