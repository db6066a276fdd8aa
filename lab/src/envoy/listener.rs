//! Listeners and their connection managers, with the settings that istiod gives to each role.
//!
//! Source: `buildHTTPConnectionManager` in istio's `pilot/pkg/networking/core/listener_builder.go`, and
//! `buildGatewayConnectionManager` in `gateway.go`.

use super::cluster::address;
use super::{Addresses, Proxy, tracing};
use crate::topology::Topology;
use serde_json::{Map, Value, json};

/// Istio's default text format: `pilot/pkg/model/telemetry_logging.go`.
const ACCESS_LOG: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" \
    %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% \
    \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% \
    %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \
    \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% \
    %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

/// Where a connection manager finds its routes.
pub(super) enum RouteSource {
    /// A route configuration that never changes while the listener lives.
    Inline(Value),
    /// A file that is replaced when routes change, by its stem, and the configuration's name.
    File { stem: String, name: String },
}

/// The side of the mesh that a listener serves; it decides the kind of its spans.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    Inbound,
    Outbound,
}

/// A listener on a loopback port with these filter chains.
pub(super) fn listener(
    name: &str,
    port: u16,
    direction: Direction,
    filter_chains: &[Value],
) -> Value {
    let direction = match direction {
        Direction::Inbound => "INBOUND",
        Direction::Outbound => "OUTBOUND",
    };
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": name,
        "address": address(port),
        "traffic_direction": direction,
        // Otherwise a second Envoy on the same port would silently take half of the connections.
        "enable_reuse_port": false,
        "filter_chains": filter_chains
    })
}

/// A filter chain that ends in a connection manager; `settings` are those of the listener's role.
pub(super) fn chain(
    topology: &Topology,
    addresses: &Addresses,
    proxy: Proxy<'_>,
    statistics: &str,
    routes: RouteSource,
    settings: Value,
) -> Value {
    let mut manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": statistics,
        "codec_type": "AUTO",
        "normalize_path": true,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "request_id_extension": {"typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
            "use_request_id_for_trace_sampling": true
        }},
        "access_log": [{"name": "envoy.access_loggers.file", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": addresses.logs.join(format!("{}.access.log", proxy.name)),
            "log_format": {"text_format_source": {"inline_string": ACCESS_LOG}}
        }}],
        "http_filters": [
            filter("fault", "fault.v3.HTTPFault"),
            filter("cors", "cors.v3.Cors"),
            filter("router", "router.v3.Router")
        ]
    });
    match routes {
        RouteSource::Inline(configuration) => manager["route_config"] = configuration,
        RouteSource::File { stem, name } => {
            let source = super::bootstrap::file(&addresses.routes.join(format!("{stem}.json")));
            manager["rds"] = json!({"route_config_name": name, "config_source": source});
        }
    }
    if let Some(tracing) = tracing::tracing(topology, proxy, &addresses.collector) {
        manager["tracing"] = tracing;
    }
    if let (Some(manager), Value::Object(settings)) = (manager.as_object_mut(), settings) {
        manager.extend(settings);
    }
    let filters =
        json!([{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]);
    Value::Object(Map::from_iter([("filters".to_owned(), filters)]))
}

/// The statistics in which the subscription of a connection manager to its routes reports.
pub(super) fn route_statistics(statistics: &str, name: &str) -> String {
    format!("http.{statistics}.rds.{name}")
}

/// An HTTP filter with its default settings.
pub(super) fn filter(name: &str, message: &str) -> Value {
    json!({
        "name": format!("envoy.filters.http.{name}"),
        "typed_config": {"@type": format!("type.googleapis.com/envoy.extensions.filters.http.{message}")}
    })
}
