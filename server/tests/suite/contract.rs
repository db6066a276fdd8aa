//! The header contract, pair by pair: what reaches the next hop, and what comes back to the client.

use std::net::SocketAddr;

use crate::{
    client::{Reply, exchange, field, get},
    server::{first_before, last_two, quick, start},
};

const LAST_HELLO: &[u8] = b"Hello, Service3!\n";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Travels,
    Stops,
}

use Fate::{Stops, Travels};

/// Names, values, and whether both the next hop and the client see exactly these values.
const CONTRACT: &[(&str, &[&[u8]], Fate)] = &[
    ("traceparent", &[b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"], Travels),
    ("tracestate", &[b"a=1", b"b=2"], Travels),
    ("baggage", &[b"lane=gray"], Travels),
    ("baggage", &[b"a=1,b=2;property", b"a=1", b"lane=gray"], Travels),
    ("x-lane", &[b"gray"], Travels),
    ("x-request-id", &[b"7"], Travels),
    ("x-b3-traceid", &[b"0af7651916cd43dd"], Travels),
    ("cookie", &[b"a=1; b=2"], Travels),
    ("authorization", &[b"Bearer token"], Travels),
    ("accept", &[b"text/plain;q=0.5", b"text/html"], Travels),
    ("accept-encoding", &[b"gzip"], Travels),
    ("user-agent", &[b"lab"], Travels),
    ("x-forwarded-for", &[b"10.0.0.1", b"10.0.0.2"], Travels),
    ("x-order", &[b"3", b"1", b"2", b"1"], Travels),
    ("x-empty", &[b""], Travels),
    ("x-opaque", &[b"\xe4\xb8\xad \xff\xfe"], Travels),
    ("x-long", &[&[b'x'; 8192]], Travels),
    ("connection", &[b"x-other"], Stops),
    ("x-named", &[b"by Connection"], Stops),
    ("x-named-too", &[b"by Connection", b"twice"], Stops),
    ("keep-alive", &[b"timeout=5"], Stops),
    ("proxy-connection", &[b"keep-alive"], Stops),
    ("proxy-authenticate", &[b"Basic"], Stops),
    ("proxy-authorization", &[b"Basic YTpi"], Stops),
    ("te", &[b"trailers"], Stops),
    ("trailer", &[b"x-checksum"], Stops),
    ("upgrade", &[b"h2c"], Stops),
    ("content-type", &[b"application/x-lab"], Stops),
    ("content-encoding", &[b"identity"], Stops),
    ("content-range", &[b"bytes 0-0/1"], Stops),
    ("expect", &[b"nothing"], Stops),
];

/// Every request closes its connection and names two more fields as meant for this hop only.
fn request(path: &str, name: &str, values: &[&[u8]]) -> Vec<u8> {
    let mut request = format!("GET {path} HTTP/1.1\r\nhost: client.example\r\n").into_bytes();
    for value in values {
        request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    request.extend(b"Connection: close, X-Named\r\nConnection: , x-named-too\r\n\r\n");
    request
}

/// The fields service3 printed, seen through service2.
fn received_by_last(reply: &Reply) -> Vec<(String, Vec<u8>)> {
    let body = &reply.body;
    let start = body.windows(LAST_HELLO.len()).position(|window| window == LAST_HELLO).unwrap();
    let lines = body[start + LAST_HELLO.len()..].split(|byte| *byte == b'\n');
    lines.filter(|line| !line.is_empty()).map(field).collect()
}

fn values_of<'a>(fields: &'a [(String, Vec<u8>)], name: &str) -> Vec<&'a [u8]> {
    fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_slice()).collect()
}

#[track_caller]
fn check(place: &str, name: &str, sent: &[&[u8]], seen: &[&[u8]], fate: Fate) {
    match fate {
        Travels => assert_eq!(seen, sent, "`{name}` {place}"),
        Stops => {
            let leaked = seen.iter().any(|value| sent.contains(value));
            assert!(!leaked, "`{name}` {place}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn every_header_is_forwarded_and_echoed_or_neither() {
    let address = last_two().await;
    for (name, values, fate) in CONTRACT {
        let reply = exchange(address, request("/hello/service2", name, values)).await;
        assert_eq!(reply.status, 200, "for `{name}`");
        let received = received_by_last(&reply);
        check("at the next hop", name, values, &values_of(&received, name), *fate);
        check("in the echo", name, values, &reply.values(name), *fate);
    }
}

#[tokio::test]
async fn every_route_echoes_also_when_it_fails() {
    let address = start(quick()).await;
    let cases = [("/hello/golang", 200), ("/hello/service3", 200), ("/readyz", 200)];
    let failing = [("/metrics", 200), ("/nothing", 404), ("/hello/service1", 503)];
    for (path, status) in cases.into_iter().chain(failing) {
        let reply = exchange(address, request(path, "x-order", &[b"2", b"1"])).await;
        assert_eq!(reply.status, status, "for {path}");
        assert_eq!(reply.values("x-order"), [b"2", b"1"], "for {path}");
    }
}

async fn with_body(address: SocketAddr, framing: &str) -> Reply {
    let head = "POST /hello/service2 HTTP/1.1\r\nhost: client.example\r\nconnection: close\r\n";
    exchange(address, format!("{head}content-type: text/x-lab\r\n{framing}")).await
}

#[tokio::test]
async fn the_framing_and_the_host_of_a_request_stay_with_it() {
    let address = last_two().await;
    for framing in ["content-length: 3\r\n\r\nabc", "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"] {
        let reply = with_body(address, framing).await;
        assert_eq!(reply.values("content-length"), [reply.body.len().to_string().as_bytes()]);
        assert_eq!(reply.values("content-type"), [b"text/plain; charset=utf-8"]);
        assert!(reply.values("transfer-encoding").is_empty() && reply.values("host").is_empty());
        let received = received_by_last(&reply);
        for name in ["content-length", "content-type", "transfer-encoding"] {
            assert!(values_of(&received, name).is_empty(), "`{name}` at the next hop");
        }
        let hosts = values_of(&received, "host");
        assert!(hosts.len() == 1 && hosts[0].starts_with(b"127.0.0.1:"), "{hosts:?}");
    }
}

#[tokio::test]
async fn headers_travel_the_whole_chain() {
    let first = first_before(last_two().await).await;
    let reply = get(first, "/hello/service1", "x-lane: gray\r\nx-lane: base\r\n").await;
    let received = received_by_last(&reply);
    assert_eq!(values_of(&received, "x-lane"), [b"gray", b"base"]);
}
