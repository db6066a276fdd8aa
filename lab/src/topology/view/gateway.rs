//! What embedded mode honours of a Gateway: HTTP servers, and HTTPS servers that end TLS with one certificate.

use super::Labels;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct GatewaySpec {
    #[serde(default)]
    pub(crate) selector: Labels,
    #[serde(default)]
    pub(crate) servers: Vec<Server>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Server {
    pub(crate) hosts: Vec<String>,
    pub(crate) port: ServerPort,
    #[serde(default)]
    pub(crate) tls: Option<ServerTls>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ServerPort {
    pub(crate) name: String,
    pub(crate) number: u16,
    pub(crate) protocol: ServerProtocol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ServerProtocol {
    Http,
    Https,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerTls {
    #[serde(default)]
    pub(crate) https_redirect: bool,
    #[serde(default)]
    pub(crate) mode: Option<TlsMode>,
    #[serde(default)]
    pub(crate) credential_name: Option<String>,
    #[serde(default)]
    pub(crate) min_protocol_version: Option<TlsVersion>,
    #[serde(default)]
    pub(crate) max_protocol_version: Option<TlsVersion>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TlsMode {
    Simple,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) enum TlsVersion {
    #[serde(rename = "TLS_AUTO")]
    Auto,
    #[serde(rename = "TLSV1_2")]
    V12,
    #[serde(rename = "TLSV1_3")]
    V13,
}
