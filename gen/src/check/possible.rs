//! The law that every match can be met: Istio takes one that no request meets, and sends nothing that way.
//!
//! Source: `TranslateRouteMatch` and `sourceMatchHTTP` in istio's `pilot/pkg/networking/core/route/route.go`, and
//! `validateStringMatch` of the webhook. What cannot be told is taken as possible.

use super::covers::Text;
use super::gateway::workloads;
use super::world::{MESH, NO_LABELS, Placed, World, qualified, shown};
use super::{Findings, Kind, Law, list, service};
use crate::host;
use kcr_networking_istio_io::v1::virtualservices::{VirtualService, VirtualServiceHttpMatch};
use std::collections::BTreeSet;

pub(super) const POSSIBLE: Law = Law {
    name: "possible-match",
    istio: None,
    rule: "every match is one that some request can meet",
    kind: Kind::Traffic,
    check: possible,
};

fn possible(world: &World<'_>, findings: &mut Findings<'_>) {
    for route in &world.routes {
        for (rule, http) in route.object.spec.http.iter().flatten().enumerate() {
            for (position, found) in http.r#match.iter().flatten().enumerate() {
                let field = format!("spec.http[{rule}].match[{position}]");
                let strings = strings(found);
                let single = strings.iter().filter_map(string);
                let refused = single
                    .chain(excluded(&strings))
                    .chain(port(world, route, found))
                    .chain(source(world, route, found));
                for Refused { field: name, message, hint } in refused {
                    findings.add(route.manifest, format!("{field}.{name}"), message, hint);
                }
            }
        }
    }
}

struct Refused {
    field: String,
    message: String,
    hint: String,
}

/// Something that a match compares, with all three ways to say with what.
struct Compared<'a> {
    place: &'static str,
    /// Of a header or a parameter.
    name: Option<&'a str>,
    exact: Option<&'a str>,
    prefix: Option<&'a str>,
    regex: Option<&'a str>,
}

impl<'a> Compared<'a> {
    fn field(&self, end: &str) -> String {
        let name = self.name.map(|name| format!(".{name}")).unwrap_or_default();
        format!("{}{name}{end}", self.place)
    }

    fn text(&self) -> Text<'a> {
        Text::of(self.exact, self.prefix, self.regex)
    }
}

/// The types of the fields differ, their fields do not.
macro_rules! compared {
    ($place:expr, $name:expr, $value:expr) => {
        Compared {
            place: $place,
            name: $name,
            exact: $value.exact.as_deref(),
            prefix: $value.prefix.as_deref(),
            regex: $value.regex.as_deref(),
        }
    };
}

fn strings(found: &VirtualServiceHttpMatch) -> Vec<Compared<'_>> {
    let mut strings = Vec::new();
    strings.extend(found.uri.as_ref().map(|value| compared!("uri", None, value)));
    strings.extend(found.method.as_ref().map(|value| compared!("method", None, value)));
    strings.extend(found.scheme.as_ref().map(|value| compared!("scheme", None, value)));
    strings.extend(found.authority.as_ref().map(|value| compared!("authority", None, value)));
    let headers = found.headers.iter().flatten();
    strings.extend(headers.map(|(name, value)| compared!("headers", Some(name), value)));
    let without = found.without_headers.iter().flatten();
    strings.extend(without.map(|(name, value)| compared!("withoutHeaders", Some(name), value)));
    let parameters = found.query_params.iter().flatten();
    strings.extend(parameters.map(|(name, value)| compared!("queryParams", Some(name), value)));
    strings
}

/// What is wrong with one string by itself.
fn string(compared: &Compared<'_>) -> Option<Refused> {
    let Compared { place, exact, prefix, regex, .. } = compared;
    let all = [("exact", exact), ("prefix", prefix), ("regex", regex)];
    let set: Vec<(&str, &str)> =
        all.into_iter().filter_map(|(way, value)| Some((way, (*value)?))).collect();
    let (way, value) = match set.as_slice() {
        [] => return None,
        [one] => *one,
        several => {
            let ways: Vec<&str> = several.iter().map(|(way, _)| *way).collect();
            let message = format!("compares in several ways at once: `{}`", ways.join("`, `"));
            let hint = "leave one of `exact`, `prefix`, `regex`".into();
            return Some(Refused { field: compared.field(""), message, hint });
        }
    };
    let (message, hint) = match (*place, way, value) {
        // A prefix of nothing begins every path. `*` is what OPTIONS asks of a whole server.
        ("uri", "prefix", "") | ("uri", "exact", "*") => return None,
        ("uri", "exact" | "prefix", path) if !path.starts_with('/') => {
            (format!("no path begins like `{path}`"), "begin it with `/`")
        }
        ("method", "exact", method) if !is_method(method) => {
            (format!("no method is called `{method}`"), "write it in capitals, such as GET")
        }
        // Istio's webhook refuses these; a parameter may well have no value.
        (_, "prefix" | "regex", "") | ("headers", "exact", "") => {
            (format!("`{way}` says nothing: it is empty"), "write a value; `{}` asks for any")
        }
        _ => return None,
    };
    Some(Refused { field: compared.field(&format!(".{way}")), message, hint: hint.into() })
}

/// Upper case; some have a dash, such as M-SEARCH.
fn is_method(method: &str) -> bool {
    !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// Headers that must be there and must not: everything that one of them may be is excluded.
fn excluded<'a>(strings: &'a [Compared<'a>]) -> impl Iterator<Item = Refused> {
    let of = |place| strings.iter().filter(move |compared| compared.place == place);
    of("withoutHeaders").filter_map(move |without| {
        let name = without.name?;
        let same = |header: &&Compared<'_>| {
            header.name.is_some_and(|header| header.eq_ignore_ascii_case(name))
        };
        let mut headers = of("headers").filter(same);
        headers.any(|header| without.text().covers(&header.text())).then(|| Refused {
            field: without.field(""),
            message: format!("the header `{name}` is asked for and excluded"),
            hint: "remove it from `headers` or from `withoutHeaders`".into(),
        })
    })
}

/// Where the route would have to be asked for the match to be looked at.
fn gateways(route: &Placed<'_, VirtualService>, found: &VirtualServiceHttpMatch) -> Vec<String> {
    match found.gateways.as_deref() {
        None | Some([]) => route.gateways(),
        Some(names) => names.iter().map(|name| qualified(name, route.namespace)).collect(),
    }
}

fn port(
    world: &World<'_>,
    route: &Placed<'_, VirtualService>,
    found: &VirtualServiceHttpMatch,
) -> Option<Refused> {
    // Zero is any port.
    let port = found.port.filter(|port| *port != 0)?;
    let hosts = route.object.spec.hosts.as_deref().filter(|hosts| !hosts.is_empty())?;
    let mut open: BTreeSet<i64> = BTreeSet::new();
    for gateway in gateways(route, found) {
        if gateway == MESH {
            for name in hosts {
                // Of a host that is no Service, nobody knows the ports.
                let found = world.services.get(&host::resolve(name, route.namespace))?;
                open.extend(service::ports(found.object));
            }
        } else {
            let servers = world.gateways.get(&gateway)?.object.spec.servers.iter().flatten();
            open.extend(servers.map(|server| server.port.number));
        }
    }
    (!open.contains(&port)).then(|| Refused {
        field: "port".into(),
        message: format!("no request comes to port `{port}`"),
        hint: format!("use one of: {}", list(open.iter().map(i64::to_string))),
    })
}

fn source(
    world: &World<'_>,
    route: &Placed<'_, VirtualService>,
    found: &VirtualServiceHttpMatch,
) -> Option<Refused> {
    // With gateways, Istio does not look at the source.
    if found.gateways.as_ref().is_some_and(|names| !names.is_empty()) {
        return None;
    }
    let labels = found.source_labels.as_ref().unwrap_or(NO_LABELS);
    let namespace = found.source_namespace.as_deref().filter(|name| !name.is_empty());
    if labels.is_empty() && namespace.is_none() {
        return None;
    }
    let inside = |name: &str| namespace.is_none_or(|namespace| namespace == name);
    let sent_from = |gateway: &String| {
        if gateway == MESH {
            let mut pods = world.deployments.iter();
            return pods.any(|pods| inside(pods.namespace) && pods.pods_bear(labels));
        }
        // A Gateway that is not there breaks another law.
        let Some(gateway) = world.gateways.get(gateway) else { return true };
        let borne = |own: &std::collections::BTreeMap<&str, &str>| {
            labels.iter().all(|(key, value)| own.get(key.as_str()) == Some(&value.as_str()))
        };
        let selector = gateway.object.spec.selector.as_ref().unwrap_or(NO_LABELS);
        workloads(world, gateway).any(|found| inside(found.namespace) && borne(&found.labels))
            || world
                .selected(gateway.namespace, selector)
                .iter()
                .any(|pods| inside(pods.namespace) && pods.pods_bear(labels))
    };
    if route.gateways().iter().any(sent_from) {
        return None;
    }
    let (field, value) = match namespace {
        Some(namespace) if labels.is_empty() => ("sourceNamespace", namespace.to_owned()),
        _ => ("sourceLabels", shown(labels)),
    };
    Some(Refused {
        field: field.into(),
        message: format!("no pod that sends requests this way has `{value}`"),
        hint: "write the labels and the namespace of callers, or bind the route where they are"
            .into(),
    })
}
