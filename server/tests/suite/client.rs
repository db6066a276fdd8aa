//! The bytes of a request go in, the parts of the answer come out; nothing is added or hidden.

use std::{net::SocketAddr, time::Duration};

use httpserver::answer::Answer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Long enough for a slow machine, short enough to end a test that hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = self.fields.iter().filter(|(field, _)| field == name);
        named.map(|(_, value)| value.as_slice()).collect()
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn answer(&self) -> Answer {
        assert_eq!(self.values("content-type"), [b"application/json; charset=utf-8"]);
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) async fn get(address: SocketAddr, path: &str, fields: &str) -> Reply {
    exchange(
        address,
        format!("GET {path} HTTP/1.1\r\nhost: lab\r\n{fields}connection: close\r\n\r\n"),
    )
    .await
}

pub(crate) async fn get_json(address: SocketAddr, path: &str) -> Reply {
    get(address, path, "accept: application/json\r\n").await
}

/// The request must ask for the connection to be closed: that is how the end of the answer is seen.
pub(crate) async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> Reply {
    let mut bytes = Vec::new();
    timeout(DEADLINE, async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_ref()).await.unwrap();
        stream.read_to_end(&mut bytes).await.unwrap();
    })
    .await
    .expect("the answer comes in time");
    parse(&bytes)
}

/// Asks again until it holds; each question takes its time, so there is no sleep.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let asking = async { while !holds().await {} };
    timeout(DEADLINE, asking).await.unwrap_or_else(|_| panic!("{what}: not in time"));
}

/// Also reads the wire form of an answer within an answer.
pub(crate) fn parse(bytes: &[u8]) -> Reply {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let mut lines = bytes[..end].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let status_line = str::from_utf8(lines.next().unwrap()).unwrap();
    let (version, rest) = status_line.split_once(' ').unwrap();
    assert!(["HTTP/1.0", "HTTP/1.1"].contains(&version), "{status_line}");
    let status = rest[..3].parse().unwrap();
    let fields = lines.map(field).collect();
    Reply { status, fields, body: bytes[end + 4..].to_vec() }
}

pub(crate) fn field(line: &[u8]) -> (String, Vec<u8>) {
    let colon = line.iter().position(|byte| *byte == b':').expect("a header field");
    let name = String::from_utf8(line[..colon].to_vec()).unwrap();
    (name, line[colon + 1..].trim_ascii_start().to_vec())
}
