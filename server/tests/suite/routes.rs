//! The paths of a single instance.

use httpserver::{Config, Faults};

use crate::{
    client::{exchange, get},
    server::{quick, start},
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
    check("/readyz", 200, "Ready").await;
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
