//! The laws that every rule and every match of a rule can be reached: the first one that takes a request decides.
//!
//! Istio's analyser compares paths only; here headers, parameters and patterns are compared, too.

use super::covers::Conditions;
use super::world::Placed;
use super::{Kind, Law};
use kcr_networking_istio_io::v1::virtualservices::VirtualService;

pub(super) const UNREACHABLE: Law = Law {
    name: "unreachable",
    istio: Some("IST0130"),
    rule: "every rule is the first one for some request",
    kind: Kind::Traffic,
    check: |world, findings| {
        for route in &world.routes {
            for Hidden { rule, by, .. } in hidden(route).into_iter().filter(|hidden| hidden.whole) {
                let name =
                    route.object.spec.http.as_ref().and_then(|http| http[rule].name.as_deref());
                let message = format!(
                    "rule `{}` is never reached: rule {by} takes every request that it is for",
                    name.unwrap_or("without a name")
                );
                let hint = format!("move it before rule {by}, or remove it");
                findings.add(route.manifest, format!("spec.http[{rule}]"), message, hint);
            }
        }
    },
};

pub(super) const SHADOWED: Law = Law {
    name: "shadowed",
    istio: Some("IST0131"),
    rule: "every match of a rule is the first one for some request",
    kind: Kind::Traffic,
    check: |world, findings| {
        for route in &world.routes {
            let parts = hidden(route).into_iter().filter(|hidden| !hidden.whole);
            for Hidden { rule, position, by, .. } in parts {
                let message = format!(
                    "match `{position}` is never reached: rule {by} takes every request that it is for"
                );
                let hint = "narrow the earlier match, or remove this one";
                let field = format!("spec.http[{rule}].match[{position}]");
                findings.add(route.manifest, field, message, hint);
            }
        }
    },
};

/// A match that is never reached, because of a match of the rule `by`.
struct Hidden {
    rule: usize,
    position: usize,
    by: usize,
    /// Whether that is true of all matches of the rule; then this is the first of them.
    whole: bool,
}

fn hidden(route: &Placed<'_, VirtualService>) -> Vec<Hidden> {
    if route.object.spec.http.as_ref().is_none_or(|rules| {
        rules.len() < 2
            && rules.iter().all(|rule| rule.r#match.as_ref().is_none_or(|found| found.len() < 2))
    }) {
        return Vec::new();
    }
    let gateways = route.gateways();
    let mut earlier: Vec<(usize, Conditions<'_>)> = Vec::new();
    let mut hidden = Vec::new();
    for (rule, http) in route.object.spec.http.iter().flatten().enumerate() {
        let matches: Vec<Conditions<'_>> = match http.r#match.as_deref() {
            None | Some([]) => vec![Conditions::none(&gateways)],
            Some(matches) => matches
                .iter()
                .map(|found| Conditions::of(found, &gateways, route.namespace))
                .collect(),
        };
        let count = matches.len();
        let mut found = Vec::new();
        for (position, conditions) in matches.into_iter().enumerate() {
            let by = earlier.iter().find(|(_, earlier)| earlier.covers(&conditions));
            if let Some((by, _)) = by {
                found.push(Hidden { rule, position, by: *by, whole: false });
            }
            // A delegate adds the rules of another VirtualService; what none of them takes goes on to the next rule.
            if http.delegate.is_none() {
                earlier.push((rule, conditions));
            }
        }
        if found.len() == count && found.iter().all(|hidden| hidden.by < rule) {
            found.truncate(1);
            found[0].whole = true;
        }
        hidden.extend(found);
    }
    hidden
}
