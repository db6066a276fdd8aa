//! Envoy's JSON → the part of it that decides where a request goes. A field or value that is missing here is an error.

mod cluster;
mod listener;
mod route;

pub(super) use cluster::Cluster;
pub(super) use listener::{ConnectionManager, FilterChain, Listener};
pub(super) use route::{
    AppendAction, HeaderValueOption, Redirect, Route, RouteAction, RouteConfiguration, VirtualHost,
};

use crate::failure::{Failure, Result};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads one resource; `name` is for the message.
pub(super) fn of<T: DeserializeOwned>(name: &str, resource: &Value) -> Result<T> {
    serde_path_to_error::deserialize(resource).map_err(|error| {
        let message =
            format!("explain does not know this of `{name}`: {}: {}", error.path(), error.inner());
        Failure::lab(message, "`cargo lab up` runs these manifests, and a real request will tell")
    })
}

/// A value that changes no request's way: statistics, logs, time-outs, retries, what is done to answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Elsewhere;

impl<'de> Deserialize<'de> for Elsewhere {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    pub(super) socket_address: SocketAddress,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SocketAddress {
    pub(super) port_value: u16,
    #[serde(rename = "address")]
    _address: Elsewhere,
}
