//! HTTP/2 without TLS, for clients that begin with it.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, client::conn::http2, header::HeaderMap};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    child::Running,
    client::DEADLINE,
    next_hop::{listening, read_head},
    server::{quick, start},
};

struct Client {
    sender: http2::SendRequest<Empty<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Client {
    async fn open(address: SocketAddr) -> Self {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        Self { sender, connection: tokio::spawn(connection) }
    }

    async fn ask(
        &self,
        path: &str,
        fields: &[(&'static str, &str)],
    ) -> hyper::Result<(u16, HeaderMap, Bytes)> {
        let mut request = Request::get(format!("http://lab{path}"));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Empty::new()).unwrap();
        let response = self.sender.clone().send_request(request).await?;
        let (parts, body) = response.into_parts();
        Ok((parts.status.as_u16(), parts.headers, body.collect().await?.to_bytes()))
    }

    async fn ends(self) {
        timeout(DEADLINE, self.connection).await.expect("the end, in time").unwrap().unwrap();
    }
}

#[tokio::test]
async fn many_requests_on_one_connection_are_answered_and_echoed() {
    let client = Client::open(start(quick()).await).await;
    for number in 0..300 {
        let number = number.to_string();
        let fields = [("x-number", number.as_str()), ("x-lane", "gray")];
        let (status, headers, body) = client.ask("/hello/rust", &fields).await.unwrap();
        assert_eq!((status, body.as_ref()), (200, b"Hello, Rust!".as_slice()));
        assert_eq!(headers["x-number"], number);
        assert_eq!(headers["x-lane"], "gray");
    }
}

/// `SETTINGS_MAX_CONCURRENT_STREAMS` of RFC 9113 §6.5.2.
#[tokio::test]
async fn one_connection_may_have_two_hundred_requests_at_a_time() {
    let mut stream = TcpStream::connect(start(quick()).await).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut header = [0; 9];
    stream.read_exact(&mut header).await.unwrap();
    assert_eq!(header[3], 4, "the first frame is SETTINGS");
    let mut settings = vec![0; usize::from(header[2])];
    stream.read_exact(&mut settings).await.unwrap();
    let streams = settings.chunks(6).find(|setting| setting[..2] == [0, 3]).expect("a limit");
    assert_eq!(streams[2..], 200_u32.to_be_bytes());
}

#[tokio::test]
async fn a_head_beyond_its_limit_is_answered_with_431() {
    let client = Client::open(start(quick()).await).await;
    let long = "x".repeat(70_000);
    let (status, ..) = client.ask("/healthz", &[("x-long", &long)]).await.unwrap();
    assert_eq!(status, 431);
    assert_eq!(client.ask("/healthz", &[]).await.unwrap().0, 200);
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time_whatever_its_frames() {
    let mut config = quick();
    config.limits.idle_timeout = Duration::from_millis(300);
    let client = Client::open(start(config).await).await;
    assert_eq!(client.ask("/healthz", &[]).await.unwrap().0, 200);
    // It ends with an error or without one: there was no farewell.
    let _ = timeout(DEADLINE, client.connection).await.expect("the end, in time");
}

#[tokio::test]
async fn a_request_that_runs_at_sigterm_is_finished_and_the_connection_is_told_to_go() {
    let (next_hop, next_address) = listening().await;
    let url = format!("http://{next_address}");
    let server = Running::start(&["--service2-url", &url], &[]);
    let client = Client::open(server.address).await;
    assert_eq!(client.ask("/healthz", &[]).await.unwrap().0, 200);
    let asking = client.ask("/hello/service1", &[]);
    let answering = async {
        let (mut held, _) = next_hop.accept().await.unwrap();
        read_head(&mut held).await;
        server.signal(Signal::TERM);
        server.line("no new connections; requests still running: 1");
        held.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate").await.unwrap();
    };
    let (answer, ()) = tokio::join!(asking, answering);
    let (status, headers, body) = answer.unwrap();
    assert!(status == 200 && body.ends_with(b"late"), "{status} {body:?}");
    assert!(!headers.contains_key("connection"), "HTTP/2 has no such field");
    client.ends().await;
    assert!(server.exit().success());
}
