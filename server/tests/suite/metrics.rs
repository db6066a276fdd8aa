//! What `/metrics` says after certain requests.

use std::net::SocketAddr;

use httpserver::Config;

use crate::{
    client::{exchange, get},
    connection::Connection,
    next_hop::{listening, read_head},
    server::{impatient_before, quick, start, url},
};

async fn metrics(address: SocketAddr) -> Vec<String> {
    let reply = get(address, "/metrics", "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.values("content-type"), [b"text/plain; version=0.0.4"]);
    reply.text().lines().map(str::to_owned).collect()
}

#[track_caller]
fn sample(lines: &[String], name: &str) -> f64 {
    let line = lines.iter().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no sample `{name}` in {lines:#?}")).trim().parse().unwrap()
}

#[track_caller]
fn check(lines: &[String], name: &str, value: u32) {
    assert_eq!(sample(lines, name).to_string(), value.to_string(), "{name}");
}

fn request(method: &str, route: &str, status: u16, lane: &str, version: &str) -> String {
    format!(
        "http_server_request_duration_seconds_count{{http_request_method=\"{method}\",\
         http_response_status_code=\"{status}\",http_route=\"{route}\",lane=\"{lane}\",version=\"{version}\"}}"
    )
}

#[tokio::test]
async fn requests_are_counted_by_method_route_and_status_with_version_and_lane() {
    let pod_version = "v2".parse().unwrap();
    let address = start(Config { pod_version, lane: "gray".to_owned(), ..quick() }).await;
    for path in ["/hello/rust", "/hello/rust?a=b", "/healthz", "/hello/service1"] {
        get(address, path, "").await;
    }
    let post = "POST /hello/rust HTTP/1.1\r\nhost: lab\r\nconnection: close\r\n\r\n";
    exchange(address, post).await;
    let lines = metrics(address).await;
    for (method, route, status, count) in [
        ("GET", "/hello/rust", 200, 2),
        ("POST", "/hello/rust", 200, 1),
        ("GET", "/healthz", 200, 1),
        ("GET", "/hello/service1", 503, 1),
    ] {
        check(&lines, &request(method, route, status, "gray", "v2"), count);
    }
}

#[tokio::test]
async fn no_label_takes_what_a_client_makes_up() {
    let address = start(quick()).await;
    for number in 0..50 {
        get(address, &format!("/made/up/{number}"), &format!("x-lane: lane-{number}\r\n")).await;
        let head = format!("MADEUP{number} /healthz HTTP/1.1\r\nhost: {number}.lab\r\n");
        exchange(address, format!("{head}connection: close\r\n\r\n")).await;
    }
    let lines = metrics(address).await;
    check(&lines, &request("GET", "", 404, "", ""), 50);
    check(&lines, &request("_OTHER", "/healthz", 200, "", ""), 50);
    let series = lines.iter().filter(|line| line.contains("duration_seconds_count")).count();
    assert_eq!(series, 2);
}

#[tokio::test]
async fn requests_that_run_are_counted_until_they_are_answered_or_given_up() {
    let (next_hop, next_address) = listening().await;
    let address = start(Config { service2_url: url(next_address), ..quick() }).await;
    let active = "http_server_active_requests{lane=\"\",version=\"\"}";
    check(&metrics(address).await, active, 1);
    let mut connection = Connection::open(address).await.unwrap();
    connection.send("GET /hello/service1 HTTP/1.1\r\nhost: lab\r\n\r\n").await.unwrap();
    let (mut held, _) = next_hop.accept().await.unwrap();
    read_head(&mut held).await;
    check(&metrics(address).await, active, 2);
    drop(connection);
    // The next hop hears of it when the request is given up.
    tokio::io::AsyncReadExt::read(&mut held, &mut [0]).await.unwrap_or_default();
    check(&metrics(address).await, active, 1);
}

#[tokio::test]
async fn the_program_and_the_process_are_told() {
    let lines = metrics(start(quick()).await).await;
    let build = lines.iter().find(|line| line.starts_with("httpserver_build_info{")).unwrap();
    assert!(build.contains(&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))), "{build}");
    if cfg!(target_os = "linux") {
        assert!(sample(&lines, "process_resident_memory_bytes ") > 0.0);
    }
}

const EXECUTION: &str = "httpserver_execution_latency_seconds";

#[tokio::test]
async fn each_hello_is_observed_and_nothing_else_is() {
    let count = format!("{EXECUTION}_count{{step=\"total\"}}");
    let address = start(quick()).await;
    check(&metrics(address).await, &count, 0);
    for path in ["/hello/golang", "/hello/rust", "/hello/service3", "/healthz", "/nothing"] {
        get(address, path, "").await;
    }
    check(&metrics(address).await, &count, 3);
}

#[tokio::test]
async fn the_time_of_the_next_hop_is_observed_also_when_it_fails() {
    let (_silent, second) = listening().await;
    let address = impatient_before(second).await;
    assert_eq!(get(address, "/hello/service1", "").await.status, 504);
    let lines = metrics(address).await;
    assert!(sample(&lines, &format!("{EXECUTION}_sum{{step=\"total\"}}")) >= 0.5);
}

#[tokio::test]
async fn the_histogram_of_the_tutorial_has_fifteen_buckets_that_double_and_one_for_the_rest() {
    let begin = format!("{EXECUTION}_bucket{{step=\"total\",le=\"");
    let lines = metrics(start(quick()).await).await;
    let bounds: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix(&begin)?.split('"').next()).collect();
    assert_eq!(
        bounds,
        [
            "0.001", "0.002", "0.004", "0.008", "0.016", "0.032", "0.064", "0.128", "0.256",
            "0.512", "1.024", "2.048", "4.096", "8.192", "16.384", "+Inf"
        ]
    );
}
