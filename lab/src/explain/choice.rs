//! A name → the filter chain or the virtual host that Envoy takes for it.
//!
//! Source: `FilterChainManagerImpl::findFilterChainForServerName` and `RouteMatcher::findVirtualHost` of Envoy.

use super::config::{FilterChain, Listener, RouteConfiguration, VirtualHost};

/// The filter chain for what the client asked for by SNI, and the name that matched; none for a chain that takes all.
pub(super) fn filter_chain<'a>(
    listener: &'a Listener,
    server_name: Option<&str>,
) -> Option<(&'a FilterChain, Option<String>)> {
    let chain_of = |name: &str| {
        let names = |chain: &&FilterChain| {
            let mut names = chain.filter_chain_match.server_names.iter();
            names.any(|known| known.eq_ignore_ascii_case(name))
        };
        listener.filter_chains.iter().find(names).map(|chain| (chain, Some(name.to_owned())))
    };
    let wildcards = server_name.into_iter().flat_map(|name| {
        let dots = name.match_indices('.').filter(|(dot, _)| *dot > 0 && dot + 1 < name.len());
        dots.map(|(dot, _)| format!("*{}", &name[dot..]))
    });
    // The longest suffix stands first.
    let mut names = server_name.map(ToOwned::to_owned).into_iter().chain(wildcards);
    let rest = listener
        .filter_chains
        .iter()
        .find(|chain| chain.filter_chain_match.server_names.is_empty());
    names.find_map(|name| chain_of(&name)).or_else(|| rest.map(|chain| (chain, None)))
}

/// The virtual host for the host of a request, and its domain that matched.
pub(super) fn virtual_host<'a>(
    routes: &'a RouteConfiguration,
    authority: &str,
) -> Option<(&'a VirtualHost, &'a str)> {
    let host = authority.to_ascii_lowercase();
    let host =
        if routes.ignore_port_in_host_matching { without_port(&host) } else { host.as_str() };
    let domains = routes.virtual_hosts.iter().flat_map(|virtual_host| {
        virtual_host.domains.iter().map(move |domain| (virtual_host, domain.as_str()))
    });
    domains
        .filter_map(|(virtual_host, domain)| Some((rank(domain, host)?, virtual_host, domain)))
        .max_by_key(|(rank, _, _)| *rank)
        .map(|(_, virtual_host, domain)| (virtual_host, domain))
}

/// How well a domain fits: exactly, by a suffix, by a prefix, as it fits everything; the longer one first.
fn rank(domain: &str, host: &str) -> Option<(u8, usize)> {
    let domain = domain.to_ascii_lowercase();
    if domain == "*" {
        return Some((0, 0));
    }
    // A wildcard stands for at least one character.
    let longer = |part: &str| host.len() > part.len();
    if let Some(suffix) = domain.strip_prefix('*') {
        return (longer(suffix) && host.ends_with(suffix)).then_some((2, suffix.len()));
    }
    if let Some(prefix) = domain.strip_suffix('*') {
        return (longer(prefix) && host.starts_with(prefix)).then_some((1, prefix.len()));
    }
    (domain == host).then_some((3, domain.len()))
}

/// A host without its port; the colons of an address in brackets are none of a port.
pub(super) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}
