//! Next hops that refuse, stay silent, or answer what cannot be used.

use std::net::SocketAddr;

use httpserver::answer::Answer;

use crate::{
    client::{get, get_json},
    next_hop::{answering, listening, refusing},
    server::{first_before, impatient_before},
};

/// The status both forms agree on, the tree, and the body of the text form.
async fn both_forms(first: SocketAddr) -> (u16, Answer, String) {
    let json = get_json(first, "/hello/service1").await;
    let text = get(first, "/hello/service1", "").await;
    let answer = json.answer();
    assert_eq!((json.status, text.status), (answer.status, answer.status));
    (answer.status, answer, text.text().to_owned())
}

async fn check(
    first: SocketAddr,
    second: SocketAddr,
    status: u16,
    why: &str,
) -> (Option<Answer>, String) {
    let (found, answer, text) = both_forms(first).await;
    let error = answer.error.expect("the tree names the failed hop");
    let begin = format!("service2 at http://{second}/hello/service2 failed: ");
    assert_eq!(found, status, "{error}");
    assert!(error.starts_with(&begin) && error.contains(why), "{error}");
    let line = text.strip_prefix("Hello, Service1!\n").unwrap();
    assert!(line.starts_with(&begin), "{line}");
    let (line, rest) = line.split_once('\n').unwrap();
    assert!(line.contains(why), "{line}");
    (answer.next.map(|next| *next), rest.to_owned())
}

fn message(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn unread(status: u16, error: &str) -> Answer {
    Answer {
        service: "service2".to_owned(),
        version: None,
        lane: None,
        pod: None,
        status,
        duration_ms: None,
        error: Some(error.to_owned()),
        headers: None,
        next: None,
    }
}

#[tokio::test]
async fn a_refused_connection_is_a_503_that_names_the_hop() {
    let (_socket, second) = refusing();
    let first = first_before(second).await;
    let (next, rest) = check(first, second, 503, "Connection refused").await;
    assert_eq!((next, rest.as_str()), (None, ""));
}

#[tokio::test]
async fn silence_is_a_504() {
    let (_listener, second) = listening().await;
    let first = impatient_before(second).await;
    let (next, rest) = check(first, second, 504, "timed out").await;
    assert_eq!((next, rest.as_str()), (None, ""));
}

#[tokio::test]
async fn an_answer_that_stops_halfway_is_a_504_that_holds_its_beginning() {
    let (listener, second) = listening().await;
    tokio::spawn(async move {
        let mut kept_open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let begin = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegin";
            tokio::io::AsyncWriteExt::write_all(&mut stream, begin).await.unwrap();
            kept_open.push(stream);
        }
    });
    let first = impatient_before(second).await;
    let (next, rest) = check(first, second, 504, "timed out").await;
    assert_eq!(next, Some(unread(200, "begin")));
    assert_eq!(rest, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nbegin");
}

#[tokio::test]
async fn an_unreadable_answer_is_a_502() {
    let second = answering("this is no HTTP\r\n\r\n").await;
    let (next, rest) = check(first_before(second).await, second, 502, "invalid HTTP").await;
    assert_eq!((next, rest.as_str()), (None, ""));
}

#[tokio::test]
async fn a_server_error_is_a_502_that_shows_it() {
    let second = answering(message("503 Service Unavailable", "no healthy upstream")).await;
    let first = first_before(second).await;
    let (next, rest) = check(first, second, 502, "it answered 503 Service Unavailable").await;
    assert_eq!(next, Some(unread(503, "no healthy upstream")));
    assert!(rest.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{rest}");
    assert!(rest.ends_with("\r\n\r\nno healthy upstream"), "{rest}");
}

#[tokio::test]
async fn of_a_long_unusable_body_the_tree_shows_two_hundred_characters() {
    let second = answering(message("500 Oops", &"é".repeat(300))).await;
    let answer = get_json(first_before(second).await, "/hello/service1").await.answer();
    assert_eq!(*answer.next.unwrap(), unread(500, &"é".repeat(200)));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_a_502_and_one_at_the_limit_is_not() {
    const LIMIT: usize = 1024 * 1024;
    let second = answering(message("200 OK", &"x".repeat(LIMIT + 1))).await;
    let first = first_before(second).await;
    let (next, rest) = check(first, second, 502, "larger than 1 MiB").await;
    assert_eq!(next, Some(unread(200, &"x".repeat(200))));
    assert!(rest.ends_with(&"x".repeat(LIMIT)));

    let second = answering(message("200 OK", &"x".repeat(LIMIT))).await;
    assert_eq!(get(first_before(second).await, "/hello/service1", "").await.status, 200);
}

#[tokio::test]
async fn an_answer_that_is_no_tree_fails_only_who_asked_for_the_tree() {
    for body in ["RBAC: access denied", "{\"service\":\"service2\"}", ""] {
        let first = first_before(answering(message("403 Forbidden", body)).await).await;
        let json = get_json(first, "/hello/service1").await;
        let answer = json.answer();
        assert_eq!((json.status, answer.status), (502, 502));
        let error = answer.error.unwrap();
        assert!(error.contains("it answered 403 Forbidden, and not in our JSON form"), "{error}");
        assert_eq!(*answer.next.unwrap(), unread(403, body));
        assert_eq!(get(first, "/hello/service1", "").await.status, 200);
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let (_socket, nowhere) = refusing();
    let head = format!("302 Found\r\nlocation: http://{nowhere}/");
    let first = first_before(answering(message(&head, "")).await).await;
    let reply = get(first, "/hello/service1", "").await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().starts_with("Hello, Service1!\nHTTP/1.1 302 Found\r\n"));
}

#[tokio::test]
async fn a_failure_further_down_is_told_by_each_hop_above_it() {
    let (_socket, third) = refusing();
    let second = crate::server::second_before(third).await;
    let first = first_before(second).await;
    let (next, _) = check(first, second, 502, "it answered 503 Service Unavailable").await;
    let next = next.unwrap();
    assert_eq!((next.status, next.version.as_deref(), next.next), (503, Some(""), None));
    let error = next.error.unwrap();
    assert!(error.starts_with(&format!("service3 at http://{third}/hello/service3")), "{error}");
}
