//! The base URL of an OTLP endpoint.

use crate::endpoint::Endpoint;

#[track_caller]
fn check(text: &str, traces: &str) {
    let endpoint: Endpoint = text.parse().unwrap();
    assert_eq!(endpoint.traces(), traces);
    assert_eq!(endpoint.to_string().parse(), Ok(endpoint), "it can be passed on");
}

#[test]
fn a_host_with_or_without_a_port() {
    check("http://127.0.0.1:4319", "http://127.0.0.1:4319/v1/traces");
    check("http://jaeger.lab/", "http://jaeger.lab:4318/v1/traces");
    check("http://jaeger.lab:80", "http://jaeger.lab:80/v1/traces");
    check("http://[::1]:4318", "http://[::1]:4318/v1/traces");
}

#[test]
fn anything_else_is_refused_with_the_form() {
    for text in [
        "",
        "127.0.0.1:4318",
        "https://a",
        "http://a/v1/traces",
        "http://a?b",
        "http://user@a",
        "grpc://a",
    ] {
        let error = text.parse::<Endpoint>().unwrap_err();
        assert!(error.contains("write http://HOST[:PORT]"), "{text}: {error}");
    }
}
