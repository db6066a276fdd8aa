//! Faults, by flag and by the admin listener: who fares badly, and that probes never do.

use std::net::SocketAddr;

use httpserver::{Config, Faults};
use serde_json::{Value, json};

use crate::{
    child::Running,
    client::{Reply, exchange, get, get_json},
    server::{quick, start},
};

const PROBES: [(&str, u16); 3] = [("/healthz", 200), ("/readyz", 200), ("/metrics", 200)];
const HELLOS: [&str; 3] = ["/hello/rust", "/hello/golang", "/hello/service3"];

async fn with(faults: Faults) -> SocketAddr {
    start(Config { faults, ..quick() }).await
}

async fn statuses(address: SocketAddr, paths: &[&str]) -> Vec<u16> {
    let mut found = Vec::new();
    for path in paths {
        found.push(get(address, path, "").await.status);
    }
    found
}

async fn check_probes(address: SocketAddr) {
    for (path, status) in PROBES {
        assert_eq!(get(address, path, "").await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_sick_replica_fails_every_hello_and_its_probes_are_green() {
    let delay = "60000".parse().unwrap();
    let address = with(Faults { sick: true, delay, ..Faults::NONE }).await;
    assert_eq!(statuses(address, &HELLOS).await, [500; 3], "at once, whatever the delay");
    check_probes(address).await;
}

#[tokio::test]
async fn errors_and_delays_leave_the_probes_alone() {
    let (error_rate, delay) = ("1".parse().unwrap(), "60000".parse().unwrap());
    check_probes(with(Faults { error_rate, delay, ..Faults::NONE }).await).await;
}

#[tokio::test]
async fn an_unready_server_says_so_and_serves() {
    let address = with(Faults { unready: true, ..Faults::NONE }).await;
    assert_eq!(statuses(address, &["/readyz", "/healthz", "/hello/rust"]).await, [503, 200, 200]);
    assert_eq!(get(address, "/readyz", "").await.text(), "fault: not ready");
}

#[tokio::test]
async fn a_failed_hop_says_why_in_both_forms_and_calls_nobody() {
    let (error_rate, error_status) = ("1".parse().unwrap(), "503".parse().unwrap());
    let faults = Faults { error_rate, error_status, seed: Some(7), ..Faults::NONE };
    let address = with(faults).await;
    let reason = "fault: error rate 1, seed 7";
    let text = get(address, "/hello/service1", "").await;
    assert_eq!(
        (text.status, text.text()),
        (503, "Hello, Service1!\nfault: error rate 1, seed 7\n")
    );
    let answer = get_json(address, "/hello/service1").await.answer();
    assert_eq!((answer.status, answer.error.as_deref(), answer.next), (503, Some(reason), None));
}

/// Which of the request ids 0 to 199 fail, on the way through one hello.
async fn failing(address: SocketAddr, fields: &str) -> Vec<usize> {
    let mut failing = Vec::new();
    for id in 0..200 {
        let reply = get(address, "/hello/rust", &format!("x-request-id: {id}\r\n{fields}")).await;
        assert!([200, 500].contains(&reply.status), "{}", reply.status);
        if reply.status == 500 {
            failing.push(id);
        }
    }
    failing
}

fn quarter(seed: u64) -> Faults {
    Faults { error_rate: "0.25".parse().unwrap(), seed: Some(seed), ..Faults::NONE }
}

#[tokio::test]
async fn with_one_seed_the_same_request_ids_fail_on_any_replica() {
    let first = failing(with(quarter(1)).await, "").await;
    assert_eq!(first, failing(with(quarter(1)).await, "x-lane: gray\r\n").await);
    assert_ne!(first, failing(with(quarter(2)).await, "").await);
    let attempt = "x-envoy-attempt-count: 2\r\n";
    assert_ne!(first, failing(with(quarter(1)).await, attempt).await, "a retry draws anew");
    // 50 are expected; 20 less or more have a chance of one in a thousand, and the draw is fixed anyway.
    assert!((30..=70).contains(&first.len()), "{} failed", first.len());
}

async fn admin(server: &Running, method: &str, path: &str, body: &str) -> Reply {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: lab\r\nconnection: close\r\n");
    exchange(server.admin, format!("{head}content-length: {length}\r\n\r\n{body}")).await
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

#[tokio::test]
async fn faults_are_switched_while_the_server_runs() {
    let server = Running::start(&["--seed", "7", "--delay-ms", "1..2"], &[]);
    let at_start = json!({"delay_ms": "1..2", "error_rate": 0.0, "error_status": 500, "sick": false, "unready": false, "seed": 7});
    let shown = admin(&server, "GET", "/faults", "").await;
    assert_eq!((shown.status, json_of(&shown)), (200, at_start.clone()));

    let set = admin(&server, "PUT", "/faults", r#"{"error_rate": 1, "error_status": 404}"#).await;
    let in_force = json!({"delay_ms": "0", "error_rate": 1.0, "error_status": 404, "sick": false, "unready": false, "seed": 7});
    assert_eq!((set.status, json_of(&set)), (200, in_force), "what is left out is off");
    assert_eq!(statuses(server.address, &HELLOS).await, [404; 3]);

    admin(&server, "PUT", "/faults", r#"{"unready": true}"#).await;
    assert_eq!(statuses(server.address, &["/readyz", "/hello/rust"]).await, [503, 200]);
    assert_eq!(json_of(&admin(&server, "DELETE", "/faults", "").await), at_start);
    assert_eq!(statuses(server.address, &["/readyz", "/hello/rust"]).await, [200, 200]);
}

#[tokio::test]
async fn a_seed_that_was_not_given_is_drawn_and_shown() {
    let server = Running::start(&[], &[]);
    let seed = |reply: &Reply| json_of(reply)["seed"].as_u64().expect("a seed");
    let first = seed(&admin(&server, "GET", "/faults", "").await);
    let kept = seed(&admin(&server, "PUT", "/faults", r#"{"sick": true}"#).await);
    assert_eq!(first, kept);
}

#[tokio::test]
async fn what_the_admin_listener_does_not_understand_changes_nothing_and_is_told() {
    let server = Running::start(&[], &[]);
    let before = json_of(&admin(&server, "GET", "/faults", "").await);
    for (method, path, body, status, told) in [
        ("PUT", "/faults", r#"{"sik": true}"#, 400, "unknown field `sik`"),
        (
            "PUT",
            "/faults",
            r#"{"error_rate": 2}"#,
            400,
            "2 is out of range: write a number from 0 to 1",
        ),
        (
            "PUT",
            "/faults",
            r#"{"delay_ms": "9..1"}"#,
            400,
            "the minimum `9` is above the maximum `1`",
        ),
        ("PUT", "/faults", r#"{"error_status": 200}"#, 400, "200 is no error"),
        ("PUT", "/faults", "", 400, "cannot be read"),
        ("POST", "/faults", "{}", 405, "only GET, PUT and DELETE"),
        ("GET", "/", "", 404, "there is nothing here"),
        ("GET", "/healthz", "", 404, "there is nothing here"),
    ] {
        let reply = admin(&server, method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path} {body}");
        let text = reply.text();
        assert!(text.starts_with("error: ") && text.contains("\n\nhint: "), "{text}");
        assert!(text.contains(told), "{text}");
    }
    assert_eq!(json_of(&admin(&server, "GET", "/faults", "").await), before);
}

#[tokio::test]
async fn the_public_listener_knows_nothing_of_faults() {
    let server = Running::start(&[], &[]);
    assert_eq!(get(server.address, "/faults", "").await.status, 404);
    assert!(server.admin.ip().is_loopback());
}
