//! Any bytes go in, as a request or as the answer of the next hop; the server stays honest and alive.
//!
//! `PROPTEST_CASES=100000 cargo test -p httpserver fuzz` looks for longer than usual.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use httpserver::{Config, answer::Answer};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::TestRunner,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::{Builder, Runtime},
    time::timeout,
};

use crate::{
    client::{DEADLINE, get, get_json},
    next_hop::{listening, read_head},
    server::{quick, start, url},
};

/// A next hop that answers whatever was put here last, and hangs up.
type Script = Arc<Mutex<Vec<u8>>>;

async fn scripted() -> (Script, SocketAddr) {
    let (listener, address) = listening().await;
    let script = Script::default();
    let answers = Arc::clone(&script);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answers.lock().unwrap().clone();
            tokio::spawn(async move {
                read_head(&mut stream).await;
                // The caller may hang up early.
                let _ = stream.write_all(&answer).await;
            });
        }
    });
    (script, address)
}

const ANSWERS: [&str; 7] = [
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nto the end",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\nx-twice: 1\r\nx-twice: 2\r\n\r\nbusy",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 137\r\n\r\n\
     {\"service\":\"service2\",\"version\":\"v1\",\"lane\":null,\"pod\":null,\"status\":200,\"duration_ms\":1.5,\
     \"next\":null,\"headers\":{\"a\":[\"b\"]}}          ",
];

const REQUESTS: [&str; 6] = [
    "GET /healthz HTTP/1.1\r\nhost: lab\r\n\r\n",
    "GET /hello/service3 HTTP/1.1\r\nhost: lab\r\naccept: application/json\r\nx-lane: v2\r\n\r\n",
    "POST /hello/rust HTTP/1.1\r\nhost: lab\r\ncontent-length: 3\r\n\r\nabc",
    "POST /hello/rust HTTP/1.1\r\nhost: lab\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "GET /metrics HTTP/1.0\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
];

/// Texts with pieces cut out, put in, repeated or replaced; and bytes of no form at all.
fn mangled(texts: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
            vec(any::<u8>(), 0..6),
            select(
                &[
                    "\r\n",
                    "\r\n\r\n",
                    ":",
                    " ",
                    "\0",
                    "0",
                    "9999999999999999999999",
                    "-1",
                    "chunked"
                ][..]
            )
            .prop_map(|piece| piece.as_bytes().to_vec()),
        ];
    let edit = (any::<Index>(), 0..6_usize, piece);
    let edited = (select(texts), vec(edit, 0..5)).prop_map(|(text, edits)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, removed, piece) in edits {
            let start = at.index(bytes.len() + 1);
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, piece);
        }
        bytes
    });
    prop_oneof![8 => edited, 1 => vec(any::<u8>(), 0..200)]
}

fn check(
    bytes: impl Strategy<Value = Vec<u8>>,
    run: impl Fn(Vec<u8>) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&bytes.prop_map(Shown), |Shown(bytes)| run(bytes));
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A failing case is for pasting into a test.
#[derive(Clone)]
struct Shown(Vec<u8>);

impl std::fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "b\"{}\"", self.0.escape_ascii())
    }
}

#[test]
fn fuzz_whatever_the_next_hop_answers_is_told_honestly_in_both_forms() {
    let runtime = runtime();
    let (script, server) = runtime.block_on(async {
        let (script, address) = scripted().await;
        let hop_timeout = Duration::from_secs(5);
        (script, start(Config { service2_url: url(address), hop_timeout, ..quick() }).await)
    });
    check(mangled(&ANSWERS), |bytes| {
        *script.lock().unwrap() = bytes;
        runtime.block_on(async {
            let text = get(server, "/hello/service1", "").await;
            prop_assert!([200, 502].contains(&text.status), "{}", text.status);
            let told = text.body.strip_prefix(b"Hello, Service1!\n").expect("the greeting");
            let failed = told.starts_with(b"service2 at http://");
            prop_assert_eq!(failed, text.status != 200, "{}", told.escape_ascii());

            let json = get_json(server, "/hello/service1").await;
            let answer: Answer = json.answer();
            prop_assert_eq!(json.status, answer.status);
            prop_assert_eq!(answer.error.is_some(), answer.status != 200);
            // The tree asks for more, so it can fail where the text does not; never the other way round.
            prop_assert!(text.status == 200 || answer.status != 200);
            Ok(())
        })
    });
}

/// Sends it all, then reads to the end.
async fn talk(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut heard = Vec::new();
    // The server may hang up at any time.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let reading = timeout(DEADLINE, stream.read_to_end(&mut heard)).await;
    let _ = reading.expect("the server hangs up when the client has");
    heard
}

#[test]
fn fuzz_whatever_a_client_sends_the_server_answers_and_lives() {
    let runtime = runtime();
    let server = runtime.block_on(start(quick()));
    check(mangled(&REQUESTS), |bytes| {
        runtime.block_on(async {
            let heard = talk(server, &bytes).await;
            // Frames of HTTP/2 begin with their length; all else is silence or an answer.
            let is_http = heard.starts_with(b"HTTP/1.1 ") || heard.starts_with(b"HTTP/1.0 ");
            prop_assert!(
                heard.is_empty() || is_http || bytes.starts_with(b"PRI"),
                "{}",
                heard.escape_ascii()
            );
            prop_assert_eq!(get(server, "/healthz", "").await.status, 200);
            Ok(())
        })
    });
}
