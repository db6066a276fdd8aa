//! A VirtualService's rules → Envoy's routes, in order, up to the first that matches everything.
//!
//! Source: `BuildHTTPRoutesForVirtualService` and `TranslateRoute` in istio's
//! `pilot/pkg/networking/core/route/route.go`; retries: `route/retry/retry.go`.

use super::cluster::outbound_name;
use super::matching::{applies, catches_all, everything, operation_path, route_match};
use super::{Origin, Proxy};
use crate::topology::view::virtual_service::{
    Destination, HeaderOperations, Headers, HttpMatch, HttpRoute, Retries, WeightedDestination,
};
use crate::topology::{Service, Topology, VirtualService, duration};
use manifests::host;
use serde_json::{Value, json};

/// istiod's default conditions for a retry.
const RETRY_ON: &str =
    "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";

pub(super) struct Route {
    pub(super) configuration: Value,
    pub(super) catches_all: bool,
}

/// A route configuration with istiod's settings.
pub(super) fn configuration(name: &str, virtual_hosts: &[Value]) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": name,
        "validate_clusters": false,
        // The proxy of an application sees the port only in the host, so there it must count.
        "ignore_port_in_host_matching": name != "http_proxy",
        "max_direct_response_body_size_bytes": 1_048_576,
        "virtual_hosts": virtual_hosts
    })
}

/// The routes of a VirtualService as they are at `origin`.
pub(super) fn routes(
    topology: &Topology,
    virtual_service: &VirtualService,
    origin: Origin<'_>,
) -> Vec<Route> {
    let mut routes = Vec::new();
    for http in &virtual_service.http {
        let matches: Vec<Option<&HttpMatch>> = if http.r#match.is_empty() {
            vec![None]
        } else {
            http.r#match.iter().map(Some).collect()
        };
        for r#match in matches {
            if r#match.is_some_and(|r#match| !applies(origin, r#match, &virtual_service.namespace))
            {
                continue;
            }
            let route = route(topology, virtual_service, origin, http, r#match);
            let last = route.catches_all;
            routes.push(route);
            if last {
                return routes;
            }
        }
    }
    routes
}

/// The route to a service for which no VirtualService speaks.
pub(super) fn default_route(service: &Service, port: u16, proxy: Proxy<'_>) -> Route {
    let configuration = json!({
        "name": "default",
        "match": everything(),
        "decorator": {"operation": format!("{}:{port}/*", service.host)},
        "route": {
            "cluster": outbound_name(proxy, port, "", &service.host),
            "timeout": "0s",
            "retry_policy": retry_policy(None)
        }
    });
    Route { configuration, catches_all: true }
}

fn route(
    topology: &Topology,
    virtual_service: &VirtualService,
    origin: Origin<'_>,
    http: &HttpRoute,
    r#match: Option<&HttpMatch>,
) -> Route {
    let target = |destination: &Destination| target(topology, virtual_service, origin, destination);
    let mut action = json!({"timeout": http.timeout.as_deref().and_then(duration::envoy).unwrap_or("0s".into())});
    let mut levels = vec![&http.headers];
    let operation = match http.route.as_slice() {
        [only] => {
            let (host, port, cluster) = target(&only.destination);
            action["cluster"] = json!(cluster);
            levels.push(&only.headers);
            format!("{host}:{port}{}", operation_path(r#match))
        }
        several => {
            let clusters = several.iter().filter(|destination| destination.weight > 0);
            let clusters = clusters
                .map(|destination| weighted(&target(&destination.destination).2, destination));
            action["weighted_clusters"] = json!({"clusters": clusters.collect::<Vec<_>>()});
            format!("{}:{}{}", virtual_service.name, origin.port, operation_path(r#match))
        }
    };
    if http.retries.as_ref().is_none_or(|retries| retries.attempts > 0) {
        action["retry_policy"] = retry_policy(http.retries.as_ref());
    }
    if let Some(host) = levels.iter().find_map(|headers| host_rewrite(&headers.request)) {
        action["host_rewrite_literal"] = json!(host);
    }
    let mut configuration = json!({
        "name": name(http, r#match),
        "match": r#match.map_or_else(everything, route_match),
        "decorator": {"operation": operation},
        "metadata": {"filter_metadata": {"istio": {"config": format!(
            "/apis/networking.istio.io/v1/namespaces/{}/virtual-service/{}", virtual_service.namespace, virtual_service.name
        )}}},
        "route": action
    });
    for headers in levels {
        add_header_operations(&mut configuration, headers);
    }
    Route { configuration, catches_all: r#match.is_none_or(catches_all) }
}

fn name(http: &HttpRoute, r#match: Option<&HttpMatch>) -> String {
    let parts = [http.name.as_deref(), r#match.and_then(|r#match| r#match.name.as_deref())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(".")
}

/// Host, port and cluster of a destination. Without a port: the service's only one, else the listener's.
fn target(
    topology: &Topology,
    virtual_service: &VirtualService,
    origin: Origin<'_>,
    destination: &Destination,
) -> (String, u16, String) {
    let host = host::resolve(&destination.host, &virtual_service.namespace);
    let service = topology.services.iter().find(|service| service.host == host);
    let only = service.and_then(|service| {
        if let [port] = service.ports.as_slice() { Some(port.number) } else { None }
    });
    let port =
        destination.port.as_ref().and_then(|port| port.number).or(only).unwrap_or(origin.port);
    let subset = destination.subset.as_deref().unwrap_or_default();
    let cluster = outbound_name(origin.proxy, port, subset, &host);
    (host, port, cluster)
}

fn weighted(cluster: &str, destination: &WeightedDestination) -> Value {
    let mut weighted = json!({"name": cluster, "weight": destination.weight});
    if let Some(host) = host_rewrite(&destination.headers.request) {
        weighted["host_rewrite_literal"] = json!(host);
    }
    add_header_operations(&mut weighted, &destination.headers);
    weighted
}

/// Setting the host is not a header operation in Envoy but a rewrite.
fn host_rewrite(operations: &HeaderOperations) -> Option<&String> {
    let is_host =
        |name: &str| name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority");
    let mut operations = operations.set.iter().chain(&operations.add);
    operations.find(|(name, _)| is_host(name)).map(|(_, value)| value)
}

/// Adds operations behind those that `target` has: what comes later overwrites what was set before.
fn add_header_operations(target: &mut Value, headers: &Headers) {
    for (side, operations) in [("request", &headers.request), ("response", &headers.response)] {
        let settable = |name: &str| !name.starts_with(':') && !name.eq_ignore_ascii_case("host");
        let option = |(name, value): (&String, &String), action: &str| json!({"header": {"key": name, "value": value}, "append_action": action});
        let set = operations.set.iter().filter(|(name, _)| settable(name));
        let add = operations.add.iter().filter(|(name, _)| settable(name));
        let options: Vec<Value> = set
            .map(|entry| option(entry, "OVERWRITE_IF_EXISTS_OR_ADD"))
            .chain(add.map(|entry| option(entry, "APPEND_IF_EXISTS_OR_ADD")))
            .collect();
        let removed =
            operations.remove.iter().filter(|name| settable(name)).map(|name| json!(name));
        extend(target, format!("{side}_headers_to_add"), options);
        extend(target, format!("{side}_headers_to_remove"), removed.collect());
    }
}

fn extend(target: &mut Value, field: String, more: Vec<Value>) {
    match target.get_mut(&field).and_then(Value::as_array_mut) {
        Some(known) => known.extend(more),
        None if more.is_empty() => {}
        None => target[field] = json!(more),
    }
}

/// The retry policy of a rule, or istiod's default for rules that say nothing.
fn retry_policy(retries: Option<&Retries>) -> Value {
    let on = retries.and_then(|retries| retries.retry_on.as_deref());
    let on = on.filter(|on| !on.is_empty()).unwrap_or(RETRY_ON);
    let (codes, mut conditions): (Vec<&str>, Vec<&str>) =
        on.split(',').map(str::trim).filter(|condition| !condition.is_empty()).partition(
            |condition| condition.parse().is_ok_and(|code: u16| (100..600).contains(&code)),
        );
    if !codes.is_empty() && !conditions.contains(&"retriable-status-codes") {
        conditions.push("retriable-status-codes");
    }
    let mut policy = json!({
        "num_retries": retries.map_or(2, |retries| retries.attempts),
        "retry_on": conditions.join(","),
        "host_selection_retry_max_attempts": 5
    });
    if !codes.is_empty() {
        let codes: Vec<u16> = codes.iter().filter_map(|code| code.parse().ok()).collect();
        policy["retriable_status_codes"] = json!(codes);
    }
    if retries.is_none_or(|retries| retries.retry_ignore_previous_hosts != Some(false)) {
        policy["retry_host_predicate"] = json!([{
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"}
        }]);
    }
    if let Some(timeout) =
        retries.and_then(|retries| retries.per_try_timeout.as_deref()).and_then(duration::envoy)
    {
        policy["per_try_timeout"] = json!(timeout);
    }
    if let Some(backoff) =
        retries.and_then(|retries| retries.backoff.as_deref()).and_then(duration::envoy)
    {
        policy["retry_back_off"] = json!({"base_interval": backoff});
    }
    policy
}
