//! What Envoy is started with: where the dynamic files lie, the collector, and Istio's runtime flags.

use crate::endpoint::Endpoint;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::path::Path;

/// The cluster that the tracers send spans to.
pub(crate) const COLLECTOR_CLUSTER: &str = "opentelemetry-collector";

/// The bootstrap configuration; `listeners` and `clusters` are the dynamic files, `collector` where spans go, `worker` the
/// port on which the worker answers by itself.
///
/// Runtime flags: `extractRuntimeFlags` in istio's `pkg/bootstrap/config.go`.
pub(crate) fn bootstrap(
    listeners: &Path,
    clusters: &Path,
    collector: &Endpoint,
    worker: u16,
) -> Value {
    json!({
        "node": {"id": "istio-lab", "cluster": "istio-lab"},
        // Histograms are up to date when they are asked for, not five seconds later.
        "stats_flush_on_admin": true,
        // A free port: Envoy writes the one that it got to its admin address file.
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "overload_manager": {"resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                "max_active_downstream_connections": 50_000
            }
        }]},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": {
            "re2.max_program_size.error_level": 32_768,
            "envoy.reloadable_features.http_reject_path_with_fragment": false,
            // Spans of a request are wanted at once, not after the default of five seconds.
            "tracing.opentelemetry.flush_interval_ms": 100,
            "tracing.opentelemetry.min_flush_spans": 512
        }}]},
        "static_resources": {"listeners": [worker_listener(worker)], "clusters": [collector_cluster(collector)]},
        "dynamic_resources": {"lds_config": file(listeners), "cds_config": file(clusters)}
    })
}

fn collector_cluster(collector: &Endpoint) -> Value {
    let is_address = collector.host.parse::<IpAddr>().is_ok();
    let address =
        json!({"socket_address": {"address": collector.host, "port_value": collector.port}});
    json!({
        "name": COLLECTOR_CLUSTER,
        "type": if is_address { "STATIC" } else { "STRICT_DNS" },
        "load_assignment": {
            "cluster_name": COLLECTOR_CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
        }
    })
}

/// A subscription to a file; Envoy reads it again when another file is renamed over it.
pub(crate) fn file(path: &Path) -> Value {
    json!({"resource_api_version": "V3", "path_config_source": {"path": path}})
}

fn worker_listener(port: u16) -> Value {
    json!({
        "name": "worker",
        "address": super::cluster::address(port),
        "enable_reuse_port": false,
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": "worker",
                "route_config": {"virtual_hosts": [{"name": "worker", "domains": ["*"], "routes": [
                    {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
                ]}]},
                "http_filters": [super::listener::filter("router", "router.v3.Router")]
            }
        }]}]
    })
}
