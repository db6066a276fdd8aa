//! Clients that are slow, greedy, many or malformed: what they get, and that others don't notice.

use std::{net::SocketAddr, time::Duration};

use httpserver::{Config, Limits};

use crate::{
    child::Running,
    client::{exchange, get},
    connection::{Connection, allow_many},
    next_hop::{answering, listening, read_head},
    server::{quick, start, url},
};

async fn with(limits: impl FnOnce(&mut Limits)) -> SocketAddr {
    let mut config = quick();
    limits(&mut config.limits);
    start(config).await
}

const SHORT: Duration = Duration::from_millis(300);

async fn half_open(address: SocketAddr) -> Connection {
    let mut connection = Connection::open(address).await.unwrap();
    connection.send("GET /hello/rust HTTP/1.1\r\nhost: lab\r\nx-la").await.unwrap();
    connection
}

#[tokio::test]
async fn two_thousand_half_sent_heads_keep_nobody_out_and_are_closed_in_time() {
    allow_many();
    let server = Running::start(&["--head-timeout-ms", "5000"], &[]);
    let mut waiting = Vec::new();
    for _ in 0..2000 {
        waiting.push(half_open(server.address).await);
    }
    assert_eq!(get(server.address, "/healthz", "").await.status, 200);
    let open = waiting.iter().filter(|connection| connection.is_open()).count();
    assert_eq!(open, 2000, "all of them while the new client was served");
    for connection in &mut waiting {
        connection.closed().await;
    }
}

#[tokio::test]
async fn a_head_has_its_time_from_its_first_byte_and_a_kept_connection_has_more() {
    let address = with(|limits| limits.head_timeout = SHORT).await;
    let mut silent = Connection::open(address).await.unwrap();
    let mut kept = Connection::open(address).await.unwrap();
    Connection::expect(kept.ask("/healthz").await);
    silent.closed().await;
    half_open(address).await.closed().await;
    // The kept one has outlived two time-outs of heads by now.
    Connection::expect(kept.ask("/healthz").await);
    kept.send("GET /healthz HT").await.unwrap();
    kept.closed().await;
}

#[tokio::test]
async fn a_head_that_comes_in_pieces_is_a_head() {
    let address = start(quick()).await;
    let mut connection = Connection::open(address).await.unwrap();
    for piece in ["G", "ET /healthz HTTP/1.1\r\nho", "st: lab\r\n", "\r", "\n"] {
        connection.send(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(Connection::expect(connection.outcome().await).status, 200);
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time() {
    let address = with(|limits| limits.idle_timeout = SHORT).await;
    let mut kept = Connection::open(address).await.unwrap();
    Connection::expect(kept.ask("/healthz").await);
    kept.closed().await;
}

/// There is room for one connection only, so the other is served when the first is closed.
#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up() {
    let body = "x".repeat(1_000_000);
    let message = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut config = Config { service2_url: url(answering(message).await), ..quick() };
    config.limits.transfer_timeout = SHORT;
    config.limits.max_connections = 1;
    let address = start(config).await;
    let mut lazy = Connection::open_narrow(address).await.unwrap();
    // More than the kernel takes for a client that does not read.
    let requests = "GET /hello/service1 HTTP/1.1\r\nhost: lab\r\n\r\n".repeat(20);
    lazy.send(requests).await.unwrap();
    let mut other = Connection::open(address).await.unwrap();
    assert_eq!(Connection::expect(other.ask("/healthz").await).status, 200);
    let taken = lazy.rest().await;
    assert!((1..20 * body.len()).contains(&taken), "{taken} bytes");
}

#[tokio::test]
async fn who_has_kept_the_server_waiting_for_longest_makes_room() {
    let address = with(|limits| limits.max_connections = 3).await;
    let mut idle = Connection::open(address).await.unwrap();
    Connection::expect(idle.ask("/healthz").await);
    let mut first = half_open(address).await;
    let mut second = half_open(address).await;
    let early = tokio::time::timeout(SHORT, first.closed()).await;
    assert!(early.is_err(), "it was closed while nobody needed its place");
    let mut new = Connection::open(address).await.unwrap();
    assert_eq!(Connection::expect(new.ask("/healthz").await).status, 200);
    first.closed().await;
    assert!(second.is_open() && idle.is_open(), "only one had to go");
    let mut newer = Connection::open(address).await.unwrap();
    Connection::expect(newer.ask("/healthz").await);
    second.closed().await;
    assert!(idle.is_open(), "half-sent heads go before idle connections");
    Connection::expect(Connection::open(address).await.unwrap().ask("/healthz").await);
    idle.closed().await;
}

#[tokio::test]
async fn who_is_being_served_is_never_closed_for_others_who_wait_until_there_is_room() {
    let (next_hop, next_address) = listening().await;
    let mut config = Config { service2_url: url(next_address), ..quick() };
    config.limits.max_connections = 1;
    let address = start(config).await;
    let mut served = Connection::open(address).await.unwrap();
    served.send("GET /hello/service1 HTTP/1.1\r\nhost: lab\r\n\r\n").await.unwrap();
    let (mut held, _) = next_hop.accept().await.unwrap();
    read_head(&mut held).await;
    let mut other = Connection::open(address).await.unwrap();
    other.send("GET /healthz HTTP/1.1\r\nhost: lab\r\n\r\n").await.unwrap();
    let early = tokio::time::timeout(SHORT, other.outcome()).await;
    assert!(early.is_err(), "one was served too many");
    let message = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut held, message).await.unwrap();
    assert_eq!(Connection::expect(served.outcome().await).status, 200);
    assert_eq!(Connection::expect(other.outcome().await).status, 200);
}

#[tokio::test]
async fn a_server_without_a_free_file_gives_up_who_waits_and_serves_who_asks() {
    let server = Running::start_within("-n 40");
    let mut waiting = Vec::new();
    for _ in 0..100 {
        waiting.push(half_open(server.address).await);
    }
    for _ in 0..20 {
        assert_eq!(get(server.address, "/healthz", "").await.status, 200);
    }
    waiting[0].closed().await;
}

#[tokio::test]
async fn a_server_takes_as_many_files_as_the_system_lets_it_have() {
    let server = Running::start_within("-Sn 40");
    let mut waiting = Vec::new();
    for _ in 0..100 {
        waiting.push(half_open(server.address).await);
    }
    assert_eq!(get(server.address, "/healthz", "").await.status, 200);
    assert!(waiting.iter().all(Connection::is_open));
}

/// Sends `bytes` as they are; the status of what comes back.
async fn status_of(address: SocketAddr, bytes: &[u8]) -> u16 {
    exchange(address, bytes).await.status
}

#[tokio::test]
async fn malformed_requests_are_answered_with_400_and_the_server_lives() {
    let address = start(quick()).await;
    let malformed: [&[u8]; 12] = [
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\nhost: lab\r\n\r\n",
        b"GET /health z HTTP/1.1\r\nhost: lab\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: lab\r\nno colon\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: lab\r\nna me: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: lab\r\nx: a\0b\r\n\r\n",
        b"POST /healthz HTTP/1.1\r\nhost: lab\r\ncontent-length: x\r\n\r\n",
        b"POST /healthz HTTP/1.1\r\nhost: lab\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n",
    ];
    for bytes in malformed {
        let status = status_of(address, bytes).await;
        assert_eq!(status, 400, "for {:?}", String::from_utf8_lossy(bytes));
        assert_eq!(get(address, "/healthz", "").await.status, 200);
    }
}

#[tokio::test]
async fn http_1_0_needs_no_host_and_its_connection_ends() {
    let reply = exchange(start(quick()).await, "GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!((reply.status, reply.text()), (200, "Status OK!"));
}

#[tokio::test]
async fn a_head_beyond_its_limit_is_answered_with_431() {
    let address = with(|limits| limits.max_head_bytes = 10_000).await;
    let head = |size| format!("x-long: {}\r\n", "x".repeat(size));
    assert_eq!(get(address, "/healthz", &head(9_000)).await.status, 200);
    assert_eq!(get(address, "/healthz", &head(30_000)).await.status, 431);
    let many = "x-many: x\r\n".repeat(101);
    assert_eq!(get(address, "/healthz", &many).await.status, 431);
}

async fn post(address: SocketAddr, fields: &str, body: &str) -> Connection {
    let mut connection = Connection::open(address).await.unwrap();
    let head = format!("POST /hello/rust HTTP/1.1\r\nhost: lab\r\n{fields}\r\n");
    connection.send(head + body).await.unwrap();
    connection
}

#[tokio::test]
async fn a_body_within_its_limit_is_read_and_the_connection_goes_on() {
    let address = with(|limits| limits.max_body_bytes = 10).await;
    let chunked = "transfer-encoding: chunked\r\n";
    for (fields, body) in [
        ("content-length: 10\r\n", "0123456789"),
        (chunked, "4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"),
        ("content-length: 0\r\n", ""),
    ] {
        let mut connection = post(address, fields, body).await;
        assert_eq!(Connection::expect(connection.outcome().await).text(), "Hello, Rust!");
        assert_eq!(Connection::expect(connection.ask("/healthz").await).text(), "Status OK!");
    }
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_answered_with_413_before_it_is_asked_for() {
    let address = with(|limits| limits.max_body_bytes = 10).await;
    let chunked = "transfer-encoding: chunked\r\n";
    for (fields, body) in [
        ("content-length: 11\r\nexpect: 100-continue\r\n", ""),
        ("content-length: 99999999999\r\n", "01234567890"),
        (chunked, "4\r\n0123\r\n7\r\n4567890\r\n"),
    ] {
        let mut connection = post(address, fields, body).await;
        let reply = Connection::expect(connection.outcome().await);
        assert_eq!((reply.status, reply.values("connection")), (413, vec![b"close".as_slice()]));
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_with_408() {
    let address = with(|limits| limits.transfer_timeout = SHORT).await;
    let mut connection = post(address, "content-length: 10\r\n", "012").await;
    assert_eq!(Connection::expect(connection.outcome().await).status, 408);
    connection.closed().await;
}

#[tokio::test]
async fn a_body_with_broken_framing_is_answered_with_400() {
    let address = start(quick()).await;
    let mut connection = post(address, "transfer-encoding: chunked\r\n", "what?\r\n").await;
    assert_eq!(Connection::expect(connection.outcome().await).status, 400);
}
