//! Every version and image that the lab pins, in one place.

/// The server's image as the manifests name it; `lab` accepts any image whose last path segment is [`SERVER_REPOSITORY`].
pub const SERVER_IMAGE: &str = concat!("httpserver:", env!("CARGO_PKG_VERSION"));

/// The repository name of the server's image.
pub const SERVER_REPOSITORY: &str = "httpserver";

/// The Envoy that embedded mode runs: the Envoy of Istio's newest line.
pub const ENVOY: &str = "1.40.0";
