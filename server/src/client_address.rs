//! A request's headers and its peer go in, the address of the client behind it comes out.

use std::net::IpAddr;

use poem::http::HeaderMap;

/// What a proxy says of the client counts more than the connection: that one is the proxy's own.
pub(crate) fn client_address(headers: &HeaderMap, peer: Option<IpAddr>) -> String {
    let address = named_by(headers, "x-real-ip")
        .or_else(|| named_by(headers, "x-forwarded-for"))
        .or_else(|| peer.map(|peer| peer.to_canonical().to_string()))
        .unwrap_or_else(|| "unknown".to_owned());
    // One spelling for a client on the same machine.
    if address == "::1" { "127.0.0.1".to_owned() } else { address }
}

/// The first element: each proxy appends the peer it saw, so the client stands first.
fn named_by(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    let first = value.split(',').next()?.trim();
    (!first.is_empty()).then(|| first.to_owned())
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
        assert_eq!(client_address(&headers, peer.parse().ok()), expected);
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
