//! One line on stdout for each request.

use crate::{child::Running, client::get};

async fn check(path: &str, fields: &str, expected: &str) {
    let server = Running::start(&[], &[]);
    get(server.address, path, fields).await;
    let line = server.line(" access: ");
    let (time, entry) = line.split_once("  INFO access: ").expect("time, level, target");
    assert!(time.ends_with('Z') && time.len() > "2026-01-01T00:00:00Z".len(), "{time}");
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

#[tokio::test]
async fn a_line_names_the_lane_of_a_request_that_carries_one() {
    let expected = "client=127.0.0.1 status=200 method=GET path=/hello/rust lane=\"gray\"";
    check("/hello/rust", "x-lane: gray\r\n", expected).await;
}
