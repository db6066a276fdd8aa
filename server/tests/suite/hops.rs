//! Three instances that call each other.

use httpserver::{Config, answer::Answer};

use crate::{
    client::{get, get_json, parse},
    server::{chain, first_before, last_two, quick, start, url},
};

#[tokio::test]
async fn in_text_each_hop_holds_the_next_one_in_wire_form() {
    let reply = get(chain().await, "/hello/service1", "user-agent: lab\r\n").await;
    assert_eq!((reply.status, reply.values("version")), (200, vec![b"v1".as_slice()]));
    assert_eq!(reply.values("content-type"), [b"text/plain; charset=utf-8"]);

    let second = reply.body.strip_prefix(b"Hello, Service1!\nHTTP/1.1 200 OK\r\n".as_slice());
    let second = second.map(|rest| parse(&[b"HTTP/1.1 200 OK\r\n", rest].concat())).unwrap();
    assert_eq!((second.status, second.values("version")), (200, vec![b"v2".as_slice()]));
    assert_eq!(second.values("content-length"), [second.body.len().to_string().as_bytes()]);

    let third = parse(second.body.strip_prefix(b"Hello, Service2!\n").unwrap());
    assert_eq!((third.status, third.values("version")), (200, vec![b"v3".as_slice()]));
    let lines: Vec<&str> = third.text().lines().collect();
    assert_eq!(lines[0], "Hello, Service3!");
    assert!(lines.contains(&"user-agent: lab"), "{lines:?}");
    assert!(third.text().ends_with('\n'));
}

fn without_measurements(answer: &Answer) -> Answer {
    let took = answer.duration_ms.expect("each hop measures itself");
    let next_took = answer.next.as_ref().map_or(0.0, |next| next.duration_ms.unwrap());
    assert!(took > next_took, "a hop takes longer than the next one within it");
    let next = answer.next.as_ref().map(|next| Box::new(without_measurements(next)));
    Answer { duration_ms: None, headers: None, next, ..answer.clone() }
}

fn hop(service: &str, pod: [&str; 3], next: Option<Answer>) -> Answer {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Answer {
        service: service.to_owned(),
        version: known(pod[0]),
        lane: known(pod[1]),
        pod: known(pod[2]),
        status: 200,
        duration_ms: None,
        error: None,
        headers: None,
        next: next.map(Box::new),
    }
}

#[tokio::test]
async fn in_json_the_hops_are_a_tree() {
    let reply = get_json(chain().await, "/hello/service1").await;
    assert_eq!(reply.status, 200);
    let third = hop("service3", ["v3", "", "pod-3"], None);
    let second = hop("service2", ["v2", "gray", ""], Some(third));
    let first = hop("service1", ["v1", "base", "pod-1"], Some(second));
    assert_eq!(without_measurements(&reply.answer()), first);
}

#[tokio::test]
async fn in_json_only_the_last_hop_lists_the_headers_it_received() {
    let fields = "accept: application/json\r\nx-lane: gray\r\nX-Twice: 1\r\nx-twice: 2\r\n";
    let first = get(chain().await, "/hello/service1", fields).await.answer();
    let second = first.next.unwrap();
    let third = second.next.unwrap();
    assert_eq!((first.headers, second.headers), (None, None));
    let headers = third.headers.unwrap();
    assert_eq!(headers["x-lane"], ["gray"]);
    assert_eq!(headers["x-twice"], ["1", "2"]);
    assert_eq!(headers["accept"], ["application/json"]);
}

#[tokio::test]
async fn in_json_what_is_unknown_is_null_and_what_does_not_apply_is_left_out() {
    let reply = get_json(last_two().await, "/hello/service2").await;
    let tree: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let mut expected = ["service", "version", "lane", "pod", "status", "duration_ms", "next"];
    expected.sort_unstable();
    let mut found = keys(&tree);
    found.sort_unstable();
    assert_eq!(found, expected);
    assert!(keys(&tree["next"]).contains(&"headers".to_owned()));
    assert_eq!(tree["version"], "");
    assert!(tree["lane"].is_null() && tree["pod"].is_null() && tree["next"]["next"].is_null());
}

#[tokio::test]
async fn without_a_version_there_is_no_version_header() {
    let reply = get(last_two().await, "/hello/service2", "").await;
    assert!(reply.values("version").is_empty());
}

#[tokio::test]
async fn a_hop_that_drops_headers_loses_them_for_all_that_follow_and_nothing_else() {
    let third = start(quick()).await;
    let dropped = "X-Lane, traceparent".parse().unwrap();
    let second = start(Config { service3_url: url(third), drop_headers: dropped, ..quick() }).await;
    let first = first_before(second).await;
    let headers =
        "x-lane: v2\r\nx-lane: v3\r\ntraceparent: a\r\ntracestate: b\r\nx-request-id: c\r\n";
    let reply =
        get(first, "/hello/service1", &format!("{headers}accept: application/json\r\n")).await;
    assert_eq!(reply.values("x-lane"), [b"v2".as_slice(), b"v3"], "the echo is of what came");
    let answer = reply.answer();
    let last = answer.next.and_then(|second| second.next).unwrap();
    let received = last.headers.unwrap();
    assert_eq!((received.get("x-lane"), received.get("traceparent")), (None, None), "{received:?}");
    assert_eq!((&received["tracestate"][0][..], &received["x-request-id"][0][..]), ("b", "c"));
}
