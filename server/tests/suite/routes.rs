//! The paths of a single instance.

use std::net::SocketAddr;

use httpserver::{Config, Faults};

use crate::{
    client::{exchange, get},
    next_hop::listening,
    server::{impatient_before, quick, start},
};

async fn check(path: &str, status: u16, body: &str) {
    let address = start(quick()).await;
    for method in ["GET", "POST", "DELETE"] {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: lab\r\nconnection: close\r\n\r\n");
        let reply = exchange(address, request).await;
        assert_eq!((reply.status, reply.text()), (status, body), "for {method} {path}");
    }
}

#[tokio::test]
async fn every_path_answers_every_method() {
    check("/hello/golang", 200, "Hello, Golang!").await;
    check("/hello/rust?question", 200, "Hello, Rust!").await;
    check("/healthz", 200, "Status OK!").await;
}

#[tokio::test]
async fn any_other_path_is_not_found() {
    for path in ["/", "/hello", "/hello/golang/", "/hello/service4", "/Hello/golang"] {
        check(path, 404, "not found").await;
    }
}

#[tokio::test]
async fn a_hello_waits_and_the_health_check_does_not() {
    let delay = "60000..60000".parse().unwrap();
    let faults = Faults { delay, ..Faults::NONE };
    let address = start(Config { faults, ..quick() }).await;
    assert_eq!(get(address, "/healthz", "").await.status, 200);
    let short = std::time::Duration::from_millis(50);
    let hello = tokio::time::timeout(short, get(address, "/hello/golang", ""));
    assert!(hello.await.is_err(), "the hello came before its delay");
}

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

#[tokio::test]
async fn each_hello_is_observed_and_nothing_else_is() {
    const COUNT: &str = "httpserver_execution_latency_seconds_count{step=\"total\"}";
    let address = start(quick()).await;
    assert_eq!(sample(&metrics(address).await, COUNT).to_string(), "0");
    for path in ["/hello/golang", "/hello/rust", "/hello/service3", "/healthz", "/nothing"] {
        get(address, path, "").await;
    }
    assert_eq!(sample(&metrics(address).await, COUNT).to_string(), "3");
}

#[tokio::test]
async fn the_time_of_the_next_hop_is_observed_also_when_it_fails() {
    let (_silent, second) = listening().await;
    let address = impatient_before(second).await;
    assert_eq!(get(address, "/hello/service1", "").await.status, 504);
    let lines = metrics(address).await;
    assert!(sample(&lines, "httpserver_execution_latency_seconds_sum{step=\"total\"}") >= 0.5);
}

#[tokio::test]
async fn the_histogram_has_fifteen_buckets_that_double_and_one_for_the_rest() {
    const BUCKET: &str = "httpserver_execution_latency_seconds_bucket{step=\"total\",le=\"";
    let address = start(quick()).await;
    let lines = metrics(address).await;
    let bounds: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix(BUCKET)?.split('"').next()).collect();
    assert_eq!(
        bounds,
        [
            "0.001", "0.002", "0.004", "0.008", "0.016", "0.032", "0.064", "0.128", "0.256",
            "0.512", "1.024", "2.048", "4.096", "8.192", "16.384", "+Inf"
        ]
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_is_measured() {
    let address = start(quick()).await;
    assert!(sample(&metrics(address).await, "process_resident_memory_bytes ") > 0.0);
}
