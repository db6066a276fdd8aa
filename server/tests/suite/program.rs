//! The program as its user meets it: flags, variables, signals, exit codes.

use tokio::io::AsyncWriteExt;

use crate::{
    child::{Running, program},
    client::{get, get_json},
    next_hop::{listening, read_head},
};

#[tokio::test]
async fn flags_and_variables_configure_the_pod_and_flags_win() {
    let variables = [("VERSION", "v1"), ("LANE", "gray"), ("POD_NAME", "pod-1")];
    let server = Running::start(&["--pod-version", "v2"], &variables);
    let reply = get_json(server.address, "/hello/service3").await;
    assert_eq!(reply.values("version"), [b"v2"]);
    let answer = reply.answer();
    let found = [answer.version, answer.lane, answer.pod].map(Option::unwrap);
    assert_eq!(found, ["v2", "gray", "pod-1"]);
}

#[tokio::test]
async fn the_next_hop_is_called_through_the_proxy_of_the_environment() {
    let (sidecar, sidecar_address) = listening().await;
    let server = Running::start(
        &["--service2-url", "http://httpserver-service2.invalid"],
        &[("http_proxy", &format!("http://{sidecar_address}"))],
    );
    let request = tokio::spawn(get(server.address, "/hello/service1", "x-lane: gray\r\n"));
    let (mut stream, _) = sidecar.accept().await.unwrap();
    let head = read_head(&mut stream).await;
    let line = "GET http://httpserver-service2.invalid/hello/service2 HTTP/1.1\r\n";
    assert!(head.starts_with(line), "{head}");
    assert!(head.contains("\r\nhost: httpserver-service2.invalid\r\n"), "{head}");
    assert!(head.contains("\r\nx-lane: gray\r\n"), "{head}");
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    assert_eq!(request.await.unwrap().status, 200);
}

#[track_caller]
fn check_refused(arguments: &[&str], code: i32, expected: &[&str]) {
    let output = program(arguments).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{error}");
    for text in expected {
        assert!(error.contains(text), "no `{text}` in:\n{error}");
    }
}

#[tokio::test]
async fn an_address_in_use_is_named_with_a_hint() {
    let (_listener, address) = listening().await;
    let address = address.to_string();
    let message = format!("cannot listen on `{address}`: Address already in use");
    check_refused(&["--listen", &address], 1, &[&message, "\nhint: "]);
}
