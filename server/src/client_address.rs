//! A request goes in, the address of the client behind it comes out.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use poem::{Request, http::HeaderMap};

/// What a proxy says of the client counts more than the connection: that one is the proxy's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client<'a> {
    Named(&'a str),
    Peer(IpAddr),
    Unknown,
}

impl<'a> Client<'a> {
    pub(crate) fn of(request: &'a Request) -> Self {
        let peer = request.remote_addr().as_socket_addr().map(SocketAddr::ip);
        Self::seen(request.headers(), peer)
    }

    pub(crate) fn seen(headers: &'a HeaderMap, peer: Option<IpAddr>) -> Self {
        let named = named_by(headers, "x-real-ip").or_else(|| named_by(headers, "x-forwarded-for"));
        named.map(Self::Named).or_else(|| peer.map(Self::Peer)).unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for Client<'_> {
    /// A client on the same machine has one spelling.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Named("::1") | Self::Peer(IpAddr::V6(Ipv6Addr::LOCALHOST)) => {
                Ipv4Addr::LOCALHOST.fmt(formatter)
            }
            Self::Named(name) => formatter.write_str(name),
            Self::Peer(peer) => peer.to_canonical().fmt(formatter),
            Self::Unknown => formatter.write_str("unknown"),
        }
    }
}

/// The first element: each proxy appends the peer it saw, so the client stands first.
fn named_by<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?;
    let first = value.split(',').next()?.trim();
    (!first.is_empty()).then_some(first)
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderName;

    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], peer: &str, expected: &str) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        assert_eq!(Client::seen(&headers, peer.parse().ok()).to_string(), expected);
    }

    #[test]
    fn the_real_address_wins_over_the_forwarded_one_over_the_peer() {
        let (real, forwarded) = (("x-real-ip", "10.0.0.1"), ("x-forwarded-for", "10.0.0.2"));
        check(&[real, forwarded], "10.0.0.3", "10.0.0.1");
        check(&[forwarded], "10.0.0.3", "10.0.0.2");
        check(&[], "10.0.0.3", "10.0.0.3");
        check(&[], "", "unknown");
    }

    #[test]
    fn the_first_of_several_forwarded_addresses_is_the_client() {
        check(&[("x-forwarded-for", " 10.0.0.1 , 10.0.0.2")], "10.0.0.3", "10.0.0.1");
    }

    #[test]
    fn an_empty_header_says_nothing() {
        check(&[("x-real-ip", ""), ("x-forwarded-for", "10.0.0.2")], "10.0.0.3", "10.0.0.2");
        check(&[("x-forwarded-for", " ,10.0.0.2")], "10.0.0.3", "10.0.0.3");
    }

    #[test]
    fn the_loopback_address_has_one_spelling() {
        check(&[], "::1", "127.0.0.1");
        check(&[("x-real-ip", "::1")], "10.0.0.3", "127.0.0.1");
        check(&[("x-forwarded-for", "::1")], "10.0.0.3", "127.0.0.1");
        check(&[], "::ffff:10.0.0.3", "10.0.0.3");
        check(&[], "fe80::1", "fe80::1");
    }
}
