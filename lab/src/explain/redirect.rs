//! A redirect and a request → the address that the answer names.
//!
//! Source: `RouteEntryImplBase::newUri` and `processRequestHost` in Envoy's `source/common/router/config_impl.cc`.

use super::choice::without_port;
use super::config::Redirect;
use super::message::Message;

pub(super) fn location(redirect: &Redirect, message: &Message) -> String {
    let scheme = if redirect.https_redirect { "https" } else { message.scheme.as_str() };
    let default = match message.scheme.as_str() {
        "https" => ":443",
        _ => ":80",
    };
    let host = without_port(&message.authority);
    let port = &message.authority[host.len()..];
    let kept = match redirect.port_redirect {
        Some(port) => format!(":{port}"),
        // The default port of the old scheme means nothing to the new one.
        None if scheme != message.scheme && port == default => String::new(),
        None => port.to_owned(),
    };
    format!("{scheme}://{host}{kept}{}", message.path)
}
