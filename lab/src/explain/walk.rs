//! A request at a listener → what happens to it there and, hop by hop, behind it.

mod cluster;

use super::condition::Verdict;
use super::config::{ConnectionManager, Redirect, Route, VirtualHost};
use super::message::{FORWARDED_PROTO, Message};
use super::story::{End, Hop, Judged, Then};
use super::{Mesh, choice, path, redirect};
use crate::failure::{Failure, Result};
use reqwest::header::HeaderValue;

/// How a client comes to a listener.
#[derive(Clone, Copy)]
pub(super) enum Arrival<'a> {
    Plain,
    /// With what it asks for by SNI.
    Tls(Option<&'a str>),
}

pub(super) fn hop(
    mesh: &Mesh,
    proxy: String,
    port: u16,
    arrival: Arrival<'_>,
    mut message: Message,
) -> Result<Hop> {
    let mut hop = Hop::at(proxy);
    let Some(listener) = mesh.envoy.listener(port) else {
        return Ok(hop.ends(End::broken("connection refused: nothing listens there")));
    };
    hop.listener = Some(listener.name.clone());
    let server_name = match arrival {
        Arrival::Plain => None,
        Arrival::Tls(name) => name,
    };
    let Some((chain, name)) = choice::filter_chain(listener, server_name) else {
        let asked = server_name.map_or("none".into(), |name| format!("`{name}`"));
        let reason =
            format!("connection reset: no filter chain for this server name (SNI): {asked}");
        return Ok(hop.ends(End::broken(reason)));
    };
    hop.filter_chain = name;
    let [filter] = &chain.filters;
    if !receive(&mut message, &filter.typed_config, arrival) {
        return Ok(hop.ends(End::of(400, "the path has an escape that no path may have, `%00`")));
    }
    let routes = mesh.envoy.routes(&filter.typed_config)?;
    let Some((virtual_host, domain)) = choice::virtual_host(routes, &message.authority) else {
        let reason = format!("no virtual host for `{}`", message.authority);
        return Ok(hop.ends(End::of(404, reason)));
    };
    hop.virtual_host = Some(virtual_host.name.clone());
    hop.domain = Some(domain.to_owned());
    let Some(route) = hop.choose(virtual_host, &message)? else {
        return Ok(hop.ends(End::of(404, "no route of this virtual host matches")));
    };
    hop.then = match (&route.route, &route.redirect, &route.direct_response) {
        (Some(action), None, None) => {
            Then::Clusters(cluster::branches(mesh, action, route, &message)?)
        }
        (None, Some(redirect), None) => Then::End(redirected(redirect, &message)),
        (None, None, Some(direct)) => {
            Then::End(End::of(direct.status, "the route answers by itself (direct response)"))
        }
        _ => {
            let message = format!("route `{}` has no action that explain knows", route.name);
            return Err(Failure::lab(message, "this is a mistake of the lab; please report it"));
        }
    };
    Ok(hop)
}

impl Hop {
    fn at(proxy: String) -> Self {
        Self {
            proxy,
            listener: None,
            filter_chain: None,
            virtual_host: None,
            domain: None,
            passed: Vec::new(),
            route: None,
            then: Then::Clusters(Vec::new()),
        }
    }

    fn ends(self, end: End) -> Self {
        Self { then: Then::End(end), ..self }
    }

    /// The first route that matches; notes why the ones before it do not.
    fn choose<'a>(
        &mut self,
        virtual_host: &'a VirtualHost,
        message: &Message,
    ) -> Result<Option<&'a Route>> {
        for route in &virtual_host.routes {
            let name = route.name.clone();
            match route.r#match.verdict(message)? {
                Verdict::Fails { because } => self.passed.push(Judged { name, because }),
                Verdict::Matches { because } => {
                    self.route = Some(Judged { name, because });
                    return Ok(Some(route));
                }
            }
        }
        Ok(None)
    }
}

/// What a connection manager does to a request before it looks for a route; whether it accepts its path.
fn receive(message: &mut Message, manager: &ConnectionManager, arrival: Arrival<'_>) -> bool {
    if manager.use_remote_address {
        // The edge believes nobody else.
        let scheme = match arrival {
            Arrival::Plain => "http",
            Arrival::Tls(_) => "https",
        };
        message.headers.insert(FORWARDED_PROTO, HeaderValue::from_static(scheme));
        scheme.clone_into(&mut message.scheme);
    }
    if manager.normalize_path {
        let (path, query) = message.path.split_at(message.path_alone().len());
        let Some(canonical) = path::canonical(path) else { return false };
        message.path = canonical + query;
    }
    true
}

fn redirected(redirect: &Redirect, message: &Message) -> End {
    let location = redirect::location(redirect, message);
    let reason = format!("redirect to {location}");
    End { location: Some(location), ..End::of(301, reason) }
}
