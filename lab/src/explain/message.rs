//! A request on its way: what a proxy receives, and what its route makes of it for the next one.

use super::config::{AppendAction, HeaderValueOption};
use crate::failure::{Failure, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Headers that proxies write, or change, in ways that this module does not follow.
const OF_PROXIES: [&str; 5] = [
    "traceparent",
    "tracestate",
    "x-client-trace-id",
    "x-forwarded-client-cert",
    "x-forwarded-for",
];

/// The header that the gateway writes anew, at random: the one of the request stands for what will be drawn.
const REQUEST_ID: &str = "x-request-id";

/// Headers of which Envoy makes one when they come several times: its inline headers, seen in Envoy 1.40.
const INLINE: [&str; 24] = [
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "cache-control",
    "cdn-loop",
    "content-encoding",
    "content-type",
    "grpc-accept-encoding",
    "grpc-timeout",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "pragma",
    "proxy-status",
    "referer",
    "user-agent",
    "via",
    "x-forwarded-host",
    "x-forwarded-port",
];

/// The beginning of the names that Envoy keeps to itself.
pub(super) const OF_ENVOY: &str = "x-envoy-";

pub(super) const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) method: String,
    pub(super) scheme: String,
    pub(super) authority: String,
    /// With its query.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
}

impl Message {
    pub(super) fn path_alone(&self) -> &str {
        self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path)
    }

    /// The value of the first parameter of this name, as it is written.
    pub(super) fn query_parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.path.split_once('?')?;
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The values of a header that Envoy compares, each by itself.
    ///
    /// Since Envoy 1.39 (`match_headers_individually`); before, they were joined by commas.
    pub(super) fn values(&self, name: &str) -> Result<Vec<String>> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            ":method" => return Ok(vec![self.method.clone()]),
            ":scheme" => return Ok(vec![self.scheme.clone()]),
            ":path" => return Ok(vec![self.path.clone()]),
            ":authority" | "host" => return Ok(vec![self.authority.clone()]),
            _ => {}
        }
        if name.starts_with(OF_ENVOY) || OF_PROXIES.contains(&name.as_str()) {
            let message = format!("a route looks at `{name}`, which the proxies write themselves");
            let hint = "`cargo lab up` runs these manifests, and a real request will tell";
            return Err(Failure::input(message, hint));
        }
        if name == REQUEST_ID && !self.headers.contains_key(REQUEST_ID) {
            let message = "a route looks at `x-request-id`, which the gateway draws at random";
            let hint =
                "say which id to explain: -H 'x-request-id: 00000000-0000-4000-8000-000000000000'";
            return Err(Failure::input(message, hint));
        }
        let values = self.headers.get_all(&name);
        // Only visible ASCII was let in.
        let values = values.iter().filter_map(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let values: Vec<String> = values.collect();
        Ok(if values.len() > 1 && INLINE.contains(&name.as_str()) {
            vec![values.join(",")]
        } else {
            values
        })
    }

    /// Does what a route says of the request's headers: first it takes away, then it adds.
    pub(super) fn change(&mut self, remove: &[String], add: &[HeaderValueOption]) -> Result<()> {
        for name in remove {
            self.headers.remove(name.to_ascii_lowercase());
        }
        for HeaderValueOption { header, append_action } in add {
            let readable = !header.value.contains('%');
            let name = HeaderName::try_from(&header.key).ok();
            let value = HeaderValue::try_from(&header.value).ok().filter(|_| readable);
            let (Some(name), Some(value)) = (name, value) else {
                let message = format!(
                    "a route sets `{}` to `{}`, and explain does not know what that becomes",
                    header.key, header.value
                );
                let hint = "a `%` begins a variable of Envoy; write a plain value";
                return Err(Failure::input(message, hint));
            };
            match append_action {
                AppendAction::OverwriteIfExistsOrAdd => {
                    self.headers.insert(name, value);
                }
                AppendAction::AppendIfExistsOrAdd => {
                    self.headers.append(name, value);
                }
            }
        }
        Ok(())
    }
}

/// The changes that a route makes, one by one.
pub(super) fn in_words(remove: &[String], add: &[HeaderValueOption]) -> Vec<String> {
    let removed = remove.iter().map(|name| format!("without {name}"));
    let added = add.iter().map(|HeaderValueOption { header, append_action }| {
        let plus = match append_action {
            AppendAction::OverwriteIfExistsOrAdd => "",
            AppendAction::AppendIfExistsOrAdd => "also ",
        };
        format!("{plus}{}: {}", header.key, header.value)
    });
    removed.chain(added).collect()
}
