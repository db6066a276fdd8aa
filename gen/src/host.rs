//! Host names as Istio reads them: a short name in, a fully qualified one out.

/// The domain of the cluster's services.
pub const CLUSTER_DOMAIN: &str = "svc.cluster.local";

/// Expands a host without a dot to the service of that name in `namespace`; a dotted one is taken as it is.
///
/// Source: `ResolveShortnameToFQDN` in istio's `pilot/pkg/model/config.go`.
pub fn resolve(host: &str, namespace: &str) -> String {
    if host.contains('.') || host == "*" { host.to_owned() } else { service(host, namespace) }
}

/// The fully qualified name of a service.
pub fn service(name: &str, namespace: &str) -> String {
    format!("{name}.{namespace}.{CLUSTER_DOMAIN}")
}
