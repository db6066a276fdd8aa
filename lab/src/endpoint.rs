//! The base URL of an OTLP endpoint on the command line → host and port, as Envoy needs them.

use reqwest::Url;
use std::fmt;
use std::str::FromStr;

/// Where spans are sent in OTLP over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// The port of OTLP over HTTP: "OTLP/HTTP Default Port" in the OpenTelemetry Protocol Specification.
const DEFAULT_PORT: u16 = 4318;
const FORM: &str = "write http://HOST[:PORT], for example http://127.0.0.1:4318";

impl Endpoint {
    pub(crate) fn loopback(port: u16) -> Self {
        Self { host: "127.0.0.1".into(), port }
    }

    /// The URL that traces are posted to.
    pub(crate) fn traces(&self) -> String {
        let Self { host, port } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        format!("http://{host}:{port}/v1/traces")
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("{error}: {FORM}"))?;
        // Envoy would need a certificate for more; a path would not be the one of the protocol.
        let is_plain = url.scheme() == "http" && url.path() == "/" && url.query().is_none();
        let host = url.host_str().filter(|_| is_plain && url.username().is_empty());
        let host = host.ok_or_else(|| format!("it is not a base of http alone: {FORM}"))?;
        // `http` has a port of its own, which nobody means here.
        let port = if text.ends_with(":80") || text.ends_with(":80/") { 80 } else { DEFAULT_PORT };
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port().unwrap_or(port),
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.traces().trim_end_matches("/v1/traces"))
    }
}
