//! An address and a path go in; how fast that is answered, by many connections at a time, comes out.

use std::{
    cell::RefCell,
    io::{Read as _, Write as _},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime,
    task::LocalSet,
};

/// Latencies in nanoseconds, and how long it all took.
pub(crate) struct Load {
    pub(crate) latency: Histogram<u64>,
    pub(crate) took: Duration,
}

/// Asks for `path` on each connection again as soon as it is answered. Any answer but 200 is an error.
pub(crate) fn run(
    address: SocketAddr,
    path: &str,
    connections: usize,
    time: Duration,
) -> Result<Load> {
    let latency = Rc::new(RefCell::new(Histogram::new(3)?));
    let request: Rc<[u8]> = request(path).into();
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let tasks = LocalSet::new();
    let start = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let (request, latency) = (Rc::clone(&request), Rc::clone(&latency));
            tasks
                .spawn_local(async move { client(address, &request, start + time, &latency).await })
        })
        .collect();
    runtime.block_on(tasks.run_until(async {
        for client in clients {
            client.await??;
        }
        Ok::<_, anyhow::Error>(())
    }))?;
    let took = start.elapsed();
    Ok(Load { latency: latency.borrow().clone(), took })
}

async fn client(
    address: SocketAddr,
    request: &[u8],
    end: Instant,
    latency: &RefCell<Histogram<u64>>,
) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut sent = Instant::now();
    while sent < end {
        stream.write_all(request).await?;
        let mut filled = 0;
        while !is_whole(&buffer[..filled])? {
            let read = stream.read(&mut buffer[filled..]).await?;
            ensure!(read > 0, "the server hung up");
            filled += read;
        }
        let now = Instant::now();
        latency.borrow_mut().record(u64::try_from((now - sent).as_nanos())?)?;
        sent = now;
    }
    Ok(())
}

/// Whether an answer is there to its end.
fn is_whole(bytes: &[u8]) -> Result<bool> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes)? else { return Ok(false) };
    ensure!(response.code == Some(200), "answered {:?}", response.code);
    let length =
        response.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let length: usize = str::from_utf8(length.context("no content-length")?.value)?.parse()?;
    Ok(bytes.len() >= head + length)
}

/// One request on a new connection; the whole answer.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<Vec<u8>> {
    get_with(address, &request(path))
}

pub(crate) fn get_with(address: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(request)?;
    let (mut bytes, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    while !is_whole(&bytes)? {
        match stream.read(&mut chunk)? {
            0 => bail!("the server hung up"),
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    }
    Ok(bytes)
}

pub(crate) fn request(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: lab\r\n\r\n").into_bytes()
}
