//! One line on stdout for each request.

use serde_json::Value;

use crate::{child::Running, client::get};

async fn check(path: &str, fields: &str, expected: &str) {
    let server = Running::start(&[], &[]);
    get(server.address, path, fields).await;
    let line = server.line(" access: ");
    let (time, entry) = line.split_once("  INFO access: ").expect("time, level, target");
    assert!(time.ends_with('Z') && time.len() == "2026-01-01T00:00:00.000000Z".len(), "{time}");
    let (entry, duration) = entry.split_once(" duration_ms=").expect("a duration");
    assert_eq!(entry, expected);
    assert!(duration.parse::<f64>().unwrap() > 0.0, "{duration}");
}

#[tokio::test]
async fn a_line_says_who_asked_what_and_what_came_of_it() {
    check("/healthz", "", "client=127.0.0.1 status=200 method=GET path=/healthz").await;
    check("/nothing?x=y", "", "client=127.0.0.1 status=404 method=GET path=/nothing").await;
    let real = "x-real-ip: 10.0.0.1\r\nx-forwarded-for: 10.0.0.2\r\n";
    check("/healthz", real, "client=10.0.0.1 status=200 method=GET path=/healthz").await;
}

const FIELDS: &str =
    "x-lane: gray\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";

#[tokio::test]
async fn a_line_names_the_lane_and_the_trace_of_a_request_that_carries_them() {
    let expected = "client=127.0.0.1 status=200 method=GET path=/hello/rust lane=\"gray\" \
                    trace_id=\"0af7651916cd43dd8448eb211c80319c\"";
    check("/hello/rust", FIELDS, expected).await;
}

#[tokio::test]
async fn in_json_a_line_is_an_object() {
    let server = Running::start(&["--log-format", "json"], &[]);
    get(server.address, "/hello/rust", FIELDS).await;
    let entry: Value = serde_json::from_str(&server.line("\"access\"")).unwrap();
    for (name, value) in [
        ("level", "INFO"),
        ("client", "127.0.0.1"),
        ("method", "GET"),
        ("path", "/hello/rust"),
        ("lane", "gray"),
        ("trace_id", "0af7651916cd43dd8448eb211c80319c"),
    ] {
        assert_eq!(entry[name], value, "{entry}");
    }
    assert_eq!(entry["status"], 200);
    assert!(entry["duration_ms"].as_f64().unwrap() > 0.0, "{entry}");
}

#[tokio::test]
async fn the_access_log_can_be_switched_off_alone() {
    let server = Running::start(&["--log-filter", "info,access=off"], &[]);
    get(server.address, "/healthz", "").await;
    server.signal(rustix::process::Signal::TERM);
    assert!(server.line("").contains("SIGTERM"), "the next line is about something else");
}

#[tokio::test]
async fn a_failed_hop_is_told_beside_the_access_log() {
    let server = Running::start(&["--service2-url", "http://127.0.0.1:9"], &[]);
    get(server.address, "/hello/service1", "").await;
    let line = server.line(" WARN ");
    assert!(line.contains("service2 at http://127.0.0.1:9/hello/service2 failed: "), "{line}");
}
