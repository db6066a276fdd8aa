//! What embedded mode honours of a VirtualService: matches, weighted destinations, header operations, timeout, retries.

use super::Labels;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
pub(crate) struct VirtualServiceSpec {
    #[serde(default)]
    pub(crate) gateways: Vec<String>,
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
    #[serde(default)]
    pub(crate) http: Vec<HttpRoute>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct HttpRoute {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) r#match: Vec<HttpMatch>,
    #[serde(default)]
    pub(crate) route: Vec<WeightedDestination>,
    #[serde(default)]
    pub(crate) headers: Headers,
    #[serde(default)]
    pub(crate) timeout: Option<String>,
    #[serde(default)]
    pub(crate) retries: Option<Retries>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpMatch {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) uri: Option<StringMatch>,
    #[serde(default)]
    pub(crate) ignore_uri_case: bool,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, StringMatch>,
    #[serde(default)]
    pub(crate) without_headers: BTreeMap<String, StringMatch>,
    #[serde(default)]
    pub(crate) method: Option<StringMatch>,
    #[serde(default)]
    pub(crate) authority: Option<StringMatch>,
    #[serde(default)]
    pub(crate) scheme: Option<StringMatch>,
    #[serde(default)]
    pub(crate) query_params: BTreeMap<String, StringMatch>,
    #[serde(default)]
    pub(crate) port: Option<u16>,
    #[serde(default)]
    pub(crate) gateways: Vec<String>,
    #[serde(default)]
    pub(crate) source_labels: Labels,
    #[serde(default)]
    pub(crate) source_namespace: Option<String>,
}

/// One of three ways to compare a string; none of them asks only that it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "StringMatchFields")]
pub(crate) struct StringMatch {
    pub(crate) exact: Option<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) regex: Option<String>,
}

#[derive(Deserialize)]
struct StringMatchFields {
    #[serde(default)]
    exact: Option<String>,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    regex: Option<String>,
}

impl TryFrom<StringMatchFields> for StringMatch {
    type Error = &'static str;

    fn try_from(fields: StringMatchFields) -> Result<Self, Self::Error> {
        let StringMatchFields { exact, prefix, regex } = fields;
        match [&exact, &prefix, &regex].into_iter().flatten().count() {
            0 | 1 => Ok(Self { exact, prefix, regex }),
            _ => Err("only one of `exact`, `prefix` and `regex` can be compared with"),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct WeightedDestination {
    pub(crate) destination: Destination,
    #[serde(default)]
    pub(crate) weight: u32,
    #[serde(default)]
    pub(crate) headers: Headers,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Destination {
    pub(crate) host: String,
    #[serde(default)]
    pub(crate) port: Option<PortNumber>,
    #[serde(default)]
    pub(crate) subset: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PortNumber {
    #[serde(default)]
    pub(crate) number: Option<u16>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Headers {
    #[serde(default)]
    pub(crate) request: HeaderOperations,
    #[serde(default)]
    pub(crate) response: HeaderOperations,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct HeaderOperations {
    #[serde(default)]
    pub(crate) set: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) add: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) remove: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Retries {
    #[serde(default)]
    pub(crate) attempts: i32,
    #[serde(default)]
    pub(crate) per_try_timeout: Option<String>,
    #[serde(default)]
    pub(crate) retry_on: Option<String>,
    #[serde(default)]
    pub(crate) backoff: Option<String>,
    #[serde(default)]
    pub(crate) retry_ignore_previous_hosts: Option<bool>,
}
