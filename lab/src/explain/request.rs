//! What the user typed → the request that reaches the gateway, or what is wrong with it.

use super::message::{Message, OF_ENVOY};
use crate::failure::{Failure, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

/// A request of a client, not sent by anyone.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    #[serde(skip)]
    pub(super) entrance: Entrance,
    #[serde(skip)]
    pub(super) message: Message,
}

/// The listener of the gateway that a request comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entrance {
    Http,
    /// With the name that the client asks for in its TLS handshake (SNI); addresses are not sent.
    Https {
        server_name: Option<String>,
    },
}

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

/// Headers that are about a connection or a body: what they do is not a matter of routes.
const OF_CONNECTIONS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Of two of these, HTTP/2 makes one, HTTP/1.1 does not.
const ONCE: [&str; 2] = ["cookie", "host"];

impl Request {
    /// `headers` are lines such as `x-lane: v2`; `Host` replaces the URL's, but not what is asked for by SNI.
    pub fn new(method: &str, url: &str, headers: &[String]) -> Result<Self> {
        if !METHODS.contains(&method) {
            let message = format!("`{method}` is no method that explain knows");
            return Err(Failure::input(message, format!("choose one of: {}", METHODS.join(", "))));
        }
        let Url { entrance, scheme, authority, path } = Url::parse(url)?;
        let mut message = Message {
            method: method.to_owned(),
            scheme: scheme.to_owned(),
            authority: authority.to_owned(),
            path,
            headers: HeaderMap::new(),
        };
        let mut pairs: Vec<(String, String)> = Vec::new();
        for line in headers {
            let (name, value) = header(line)?;
            if ONCE.contains(&name.as_str())
                && pairs.iter().any(|(known, _)| *known == name.as_str())
            {
                let message = format!("the header `{name}` is given twice");
                let hint = "give it once: what comes of two depends on the version of HTTP";
                return Err(Failure::input(message, hint));
            }
            if name == "host" {
                check_authority(value.to_str().unwrap_or_default())?;
                value.to_str().unwrap_or_default().clone_into(&mut message.authority);
            } else {
                message.headers.append(&name, value.clone());
            }
            pairs.push((name.to_string(), value.to_str().unwrap_or_default().to_owned()));
        }
        let (method, url) = (method.to_owned(), url.to_owned());
        Ok(Self { method, url, headers: pairs, entrance, message })
    }
}

struct Url<'a> {
    entrance: Entrance,
    scheme: &'a str,
    authority: &'a str,
    path: String,
}

impl<'a> Url<'a> {
    /// The path stays as it is written: what becomes of `//` and `/../` is the gateway's business.
    fn parse(url: &'a str) -> Result<Self> {
        let wrong = |why: &str| {
            let hint = "write it as https://service1.cncamp.io/hello/service1";
            Failure::input(format!("`{url}` is no URL that explain can follow: {why}"), hint)
        };
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => ("https", rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => ("http", rest),
            _ => return Err(wrong("it must begin with `http://` or `https://`")),
        };
        // Clients keep the fragment to themselves.
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        check_authority(authority).map_err(|failure| wrong(&failure.message))?;
        let allowed = |character: char| {
            character.is_ascii_alphanumeric() || "-._~:/?[]@!$&'()*+,;=%".contains(character)
        };
        if let Some(character) = path.chars().find(|character| !allowed(*character)) {
            return Err(wrong(&format!("`{character}` must be written as an escape, such as %20")));
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        let entrance = match scheme {
            "https" => Entrance::Https { server_name: server_name(authority) },
            _ => Entrance::Http,
        };
        Ok(Self { entrance, scheme, authority, path: format!("{slash}{path}") })
    }
}

/// What a client sends as SNI: the name without the port and the last dot, and no address.
fn server_name(authority: &str) -> Option<String> {
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_address = authority.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    (!is_address).then(|| host.to_ascii_lowercase())
}

fn check_authority(authority: &str) -> Result<()> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let named = |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = !host.is_empty() && host.chars().all(named)
        || address.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    if is_host && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0)) {
        return Ok(());
    }
    let message = format!("`{authority}` is not a host with or without a port");
    Err(Failure::input(message, "write it as service1.cncamp.io or service1.cncamp.io:8443"))
}

fn header(line: &str) -> Result<(HeaderName, HeaderValue)> {
    let wrong = |why: &str| {
        Failure::input(format!("the header `{line}` {why}"), "write it as -H 'x-lane: v2'")
    };
    let (name, value) = line.split_once(':').ok_or_else(|| wrong("has no colon"))?;
    let name = HeaderName::try_from(name).map_err(|_| wrong("has no valid name"))?;
    let value = Some(value.trim_matches([' ', '\t'])).filter(|value| {
        value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t')
    });
    let value = value.and_then(|value| HeaderValue::try_from(value).ok());
    let value = value.ok_or_else(|| wrong("has a value that is not visible ASCII"))?;
    if OF_CONNECTIONS.contains(&name.as_str()) || name.as_str().starts_with(OF_ENVOY) {
        return Err(wrong("changes how proxies treat the request, which explain does not follow"));
    }
    Ok((name, value))
}
