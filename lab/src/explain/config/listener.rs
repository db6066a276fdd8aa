//! Listeners, their filter chains and connection managers.

use super::{Address, Elsewhere, RouteConfiguration};
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct Listener {
    pub(in crate::explain) name: String,
    pub(in crate::explain) address: Address,
    pub(in crate::explain) filter_chains: Vec<FilterChain>,
    #[serde(rename = "@type")]
    _type: Elsewhere,
    #[serde(rename = "traffic_direction")]
    _traffic_direction: Elsewhere,
    #[serde(rename = "enable_reuse_port")]
    _enable_reuse_port: Elsewhere,
    #[serde(default, rename = "listener_filters")]
    _listener_filters: Elsewhere,
}

#[expect(clippy::struct_field_names, reason = "the names are Envoy's")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct FilterChain {
    #[serde(default)]
    pub(in crate::explain) filter_chain_match: FilterChainMatch,
    /// The connection manager alone.
    pub(in crate::explain) filters: [NetworkFilter; 1],
    #[serde(default, rename = "transport_socket")]
    _transport_socket: Elsewhere,
    #[serde(default, rename = "transport_socket_connect_timeout")]
    _transport_socket_connect_timeout: Elsewhere,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct FilterChainMatch {
    #[serde(default)]
    pub(in crate::explain) server_names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct NetworkFilter {
    #[serde(rename = "name")]
    _name: ConnectionManagerName,
    pub(in crate::explain) typed_config: ConnectionManager,
}

#[derive(Debug, Deserialize)]
enum ConnectionManagerName {
    #[serde(rename = "envoy.filters.network.http_connection_manager")]
    Http,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct ConnectionManager {
    pub(in crate::explain) normalize_path: bool,
    #[serde(rename = "path_with_escaped_slashes_action")]
    _escaped_slashes: EscapedSlashes,
    #[serde(default)]
    pub(in crate::explain) use_remote_address: bool,
    pub(in crate::explain) route_config: Option<RouteConfiguration>,
    pub(in crate::explain) rds: Option<Rds>,
    #[serde(rename = "http_filters")]
    _http_filters: Vec<HttpFilter>,
    #[serde(rename = "@type")]
    _type: Elsewhere,
    #[serde(rename = "stat_prefix")]
    _stat_prefix: Elsewhere,
    #[serde(rename = "codec_type")]
    _codec_type: Elsewhere,
    #[serde(rename = "stream_idle_timeout")]
    _stream_idle_timeout: Elsewhere,
    #[serde(rename = "upgrade_configs")]
    _upgrade_configs: Elsewhere,
    #[serde(rename = "request_id_extension")]
    _request_id_extension: Elsewhere,
    #[serde(rename = "access_log")]
    _access_log: Elsewhere,
    #[serde(default, rename = "tracing")]
    _tracing: Elsewhere,
    #[serde(default, rename = "server_name")]
    _server_name: Elsewhere,
    #[serde(default, rename = "proxy_100_continue")]
    _proxy_100_continue: Elsewhere,
    #[serde(default, rename = "forward_client_cert_details")]
    _forward_client_cert_details: Elsewhere,
    #[serde(default, rename = "set_current_client_cert_details")]
    _set_current_client_cert_details: Elsewhere,
    #[serde(default, rename = "http_protocol_options")]
    _http_protocol_options: Elsewhere,
}

#[derive(Debug, Deserialize)]
enum EscapedSlashes {
    #[serde(rename = "KEEP_UNCHANGED")]
    KeepUnchanged,
}

/// Filters that do nothing to a request unless they are configured, so that no settings may be there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpFilter {
    #[serde(rename = "name")]
    _name: HttpFilterName,
    #[serde(rename = "typed_config")]
    _typed_config: Empty,
}

#[derive(Debug, Deserialize)]
enum HttpFilterName {
    #[serde(rename = "envoy.filters.http.fault")]
    Fault,
    #[serde(rename = "envoy.filters.http.cors")]
    Cors,
    #[serde(rename = "envoy.filters.http.router")]
    Router,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {
    #[serde(rename = "@type")]
    _type: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct Rds {
    pub(in crate::explain) config_source: ConfigSource,
    #[serde(rename = "route_config_name")]
    _route_config_name: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct ConfigSource {
    pub(in crate::explain) path_config_source: PathConfigSource,
    #[serde(rename = "resource_api_version")]
    _resource_api_version: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct PathConfigSource {
    pub(in crate::explain) path: PathBuf,
}
