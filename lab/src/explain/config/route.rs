//! Route configurations: virtual hosts, routes and their actions.

use super::super::condition::Match;
use super::Elsewhere;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct RouteConfiguration {
    pub(in crate::explain) virtual_hosts: Vec<VirtualHost>,
    #[serde(default)]
    pub(in crate::explain) ignore_port_in_host_matching: bool,
    #[serde(default, rename = "@type")]
    _type: Elsewhere,
    #[serde(rename = "name")]
    _name: Elsewhere,
    #[serde(default, rename = "validate_clusters")]
    _validate_clusters: Elsewhere,
    #[serde(default, rename = "max_direct_response_body_size_bytes")]
    _max_direct_response_body_size_bytes: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct VirtualHost {
    pub(in crate::explain) name: String,
    pub(in crate::explain) domains: Vec<String>,
    #[serde(default)]
    pub(in crate::explain) routes: Vec<Route>,
    #[serde(default, rename = "include_request_attempt_count")]
    _include_request_attempt_count: Elsewhere,
}

#[expect(clippy::struct_field_names, reason = "the names are Envoy's")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct Route {
    #[serde(default)]
    pub(in crate::explain) name: String,
    pub(in crate::explain) r#match: Match,
    pub(in crate::explain) route: Option<RouteAction>,
    pub(in crate::explain) redirect: Option<Redirect>,
    pub(in crate::explain) direct_response: Option<DirectResponse>,
    #[serde(default)]
    pub(in crate::explain) request_headers_to_add: Vec<HeaderValueOption>,
    #[serde(default)]
    pub(in crate::explain) request_headers_to_remove: Vec<String>,
    #[serde(default, rename = "response_headers_to_add")]
    _response_headers_to_add: Elsewhere,
    #[serde(default, rename = "response_headers_to_remove")]
    _response_headers_to_remove: Elsewhere,
    #[serde(default, rename = "decorator")]
    _decorator: Elsewhere,
    #[serde(default, rename = "metadata")]
    _metadata: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct RouteAction {
    pub(in crate::explain) cluster: Option<String>,
    pub(in crate::explain) weighted_clusters: Option<WeightedClusters>,
    pub(in crate::explain) host_rewrite_literal: Option<String>,
    #[serde(default, rename = "timeout")]
    _timeout: Elsewhere,
    #[serde(default, rename = "max_stream_duration")]
    _max_stream_duration: Elsewhere,
    #[serde(default, rename = "retry_policy")]
    _retry_policy: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct WeightedClusters {
    pub(in crate::explain) clusters: Vec<WeightedCluster>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct WeightedCluster {
    pub(in crate::explain) name: String,
    pub(in crate::explain) weight: u32,
    pub(in crate::explain) host_rewrite_literal: Option<String>,
    #[serde(default)]
    pub(in crate::explain) request_headers_to_add: Vec<HeaderValueOption>,
    #[serde(default)]
    pub(in crate::explain) request_headers_to_remove: Vec<String>,
    #[serde(default, rename = "response_headers_to_add")]
    _response_headers_to_add: Elsewhere,
    #[serde(default, rename = "response_headers_to_remove")]
    _response_headers_to_remove: Elsewhere,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct Redirect {
    #[serde(default)]
    pub(in crate::explain) https_redirect: bool,
    pub(in crate::explain) port_redirect: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct DirectResponse {
    pub(in crate::explain) status: u16,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct HeaderValueOption {
    pub(in crate::explain) header: HeaderValue,
    pub(in crate::explain) append_action: AppendAction,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::explain) struct HeaderValue {
    pub(in crate::explain) key: String,
    pub(in crate::explain) value: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::explain) enum AppendAction {
    OverwriteIfExistsOrAdd,
    AppendIfExistsOrAdd,
}
