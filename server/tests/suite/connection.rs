//! Requests go in one after another on one connection; what became of each comes out.

use std::{io, net::SocketAddr};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::client::{DEADLINE, Reply, parse};

/// What became of a request.
pub(crate) enum Outcome {
    Answered(Reply),
    /// The connection ended before the first byte of an answer.
    Unanswered,
    /// The connection ended in the middle of an answer.
    CutOff,
}

pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// One that takes little at a time, as over a long and thin wire.
    pub(crate) async fn open_narrow(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(4096)?;
        socket.connect(address).await.map(Self)
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.write_all(bytes.as_ref()).await
    }

    pub(crate) async fn ask(&mut self, path: &str) -> Outcome {
        let request = format!("GET {path} HTTP/1.1\r\nhost: lab\r\n\r\n");
        if self.send(request).await.is_err() {
            return Outcome::Unanswered;
        }
        self.outcome().await
    }

    /// The answer must have a length.
    pub(crate) async fn outcome(&mut self) -> Outcome {
        let mut bytes = Vec::new();
        loop {
            if is_whole(&bytes) {
                return Outcome::Answered(parse(&bytes));
            }
            let read = timeout(DEADLINE, self.0.read_buf(&mut bytes)).await;
            match read.expect("an answer, or the end, in time") {
                Ok(1..) => {}
                Ok(0) | Err(_) if bytes.is_empty() => return Outcome::Unanswered,
                Ok(0) | Err(_) => return Outcome::CutOff,
            }
        }
    }

    #[track_caller]
    pub(crate) fn expect(outcome: Outcome) -> Reply {
        match outcome {
            Outcome::Answered(reply) => reply,
            Outcome::Unanswered => panic!("the connection ended without an answer"),
            Outcome::CutOff => panic!("the connection ended in the middle of an answer"),
        }
    }

    /// Resolves when the server has closed the connection. Fails if it says something.
    pub(crate) async fn closed(&mut self) {
        let read = timeout(DEADLINE, self.0.read_u8()).await.expect("the end, in time");
        assert!(read.is_err(), "the server said something");
    }

    /// How many bytes come before the end.
    pub(crate) async fn rest(mut self) -> usize {
        let mut bytes = Vec::new();
        // It may end with a reset, which is an end.
        let _ = timeout(DEADLINE, self.0.read_to_end(&mut bytes)).await.expect("the end, in time");
        bytes.len()
    }

    /// Whether the server has not closed it: looks, and does not wait.
    pub(crate) fn is_open(&self) -> bool {
        match self.0.try_read(&mut [0]) {
            Ok(read) => read > 0,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

/// Raises the limit of open files of this process to what the system lets it have.
pub(crate) fn allow_many() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let reply = parse(bytes);
    let length = reply.values("content-length").first().map(|value| str::from_utf8(value).unwrap());
    bytes.len() >= end + 4 + length.map_or(0, |length| length.parse().unwrap())
}
