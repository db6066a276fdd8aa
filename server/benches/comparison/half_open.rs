//! A server goes in; how it fares while many connections have sent half a head, and nothing more, comes out.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{load, process::Server};

pub(crate) struct HalfOpen {
    pub(crate) connections: usize,
    /// From a new connection to its answer, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// What each connection costs, in bytes.
    pub(crate) memory: f64,
    /// Until the last one was closed by the server.
    pub(crate) closed: Duration,
}

const ASKED: usize = 200;

pub(crate) fn run(server: &Server, connections: usize) -> Result<HalfOpen> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    let before = server.resident()?;
    let start = Instant::now();
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        let mut stream = TcpStream::connect(server.address)?;
        stream.write_all(b"GET /hello/rust HTTP/1.1\r\nhost: lab\r\nx-la")?;
        open.push(stream);
    }
    let mut latency = Histogram::new(3)?;
    for _ in 0..ASKED {
        let sent = Instant::now();
        load::get(server.address, "/healthz")?;
        latency.record(u64::try_from(sent.elapsed().as_nanos())?)?;
    }
    let memory = server.resident()?.saturating_sub(before) as f64 / connections as f64;
    for mut stream in open {
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        // Closed, in whatever way; only silence is an error.
        let heard = stream.read(&mut [0; 1024]);
        let silent = heard.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        ensure!(!silent, "a half-open connection stays open");
    }
    Ok(HalfOpen { connections, latency, memory, closed: start.elapsed() })
}
