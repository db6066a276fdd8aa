//! A listener and an endpoint go in; requests are answered within limits, until told to stop without losing one.
//!
//! poem's own server has no time-out for the head of a request and no limit of connections, so its endpoint is served
//! by hyper's connections here: HTTP/1.1, and HTTP/2 for those who begin with it (h2c with prior knowledge).

mod answering;
mod connection;
mod connections;
mod table;
mod watched;

use std::{
    convert::Infallible, future::poll_fn, io, net::SocketAddr, sync::Arc, task::Poll,
    time::Duration,
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use poem::{
    Endpoint, Response,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::{JoinSet, unconstrained},
    time::timeout,
};

use self::{answering::Answering, connections::Connections, watched::Watched};
use crate::{config::Limits, readiness::Readiness};

/// As many connections as may stand in the kernel's queue; Linux cuts it to `net.core.somaxconn`.
const BACKLOG: u32 = 4096;
/// Of one HTTP/2 connection, as Envoy's and Go's defaults are about.
const MAX_STREAMS: u32 = 200;
/// When no new connections are accepted, how long those that came just before may take to ask for something.
const HEAD_GRACE: Duration = Duration::from_secs(2);

/// A listener with room in its queue for a burst of connections.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

pub(crate) struct Edge<E> {
    listener: TcpListener,
    endpoint: Arc<E>,
    readiness: Arc<Readiness>,
    connections: Arc<Connections>,
    builder: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    /// Goes for as long as this value lives.
    clock: JoinSet<()>,
}

impl<E: Endpoint<Output = Response> + 'static> Edge<E> {
    pub(crate) fn new(
        listener: TcpListener,
        endpoint: E,
        limits: &Limits,
        readiness: Arc<Readiness>,
    ) -> Self {
        let connections = Arc::new(Connections::new(limits));
        let mut clock = JoinSet::new();
        let timed = Arc::clone(&connections);
        clock.spawn(async move { timed.keep_time().await });
        Self {
            listener,
            endpoint: Arc::new(endpoint),
            readiness,
            connections,
            builder: builder(limits),
            graceful: GracefulShutdown::new(),
            clock,
        }
    }

    /// Accepts and serves for as long as it is polled.
    pub(crate) async fn accept(&self) -> Infallible {
        loop {
            // Before the accept, not after it: this future may be dropped while it waits, and a connection with it.
            self.connections.room().await;
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    self.connections.make_room();
                    self.serve(stream, peer);
                }
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    // Most likely there is no file descriptor left. Who waits gives one back.
                    self.connections.give_up_one();
                    self.connections.changed().await;
                }
            }
        }
    }

    /// Serves the connections that the kernel has accepted already, and refuses new ones from then on. The future that
    /// comes out finishes what runs, and resolves when the last connection is closed.
    pub(crate) async fn close(self) -> impl Future<Output = ()> {
        // All of them, however many: without a budget, after which they would seem to be none.
        unconstrained(poll_fn(|context| {
            while let Poll::Ready(Ok((stream, peer))) = self.listener.poll_accept(context) {
                self.serve(stream, peer);
            }
            Poll::Ready(())
        }))
        .await;
        let Self { listener, graceful, clock, connections, .. } = self;
        drop(listener);
        async move {
            // hyper would close these without a look at what they have sent. Late is late: then it may.
            let _ = timeout(HEAD_GRACE, connections.heads()).await;
            graceful.shutdown().await;
            drop(clock);
        }
    }

    /// A handle on what is open, which outlives this.
    pub(crate) fn open(&self) -> Open {
        Open(Arc::clone(&self.connections))
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        // Small writes go out at once. It fails only for a connection that is gone, as its first read will tell.
        let _ = stream.set_nodelay(true);
        let local =
            stream.local_addr().map_or_else(|_| LocalAddr::default(), |it| LocalAddr(it.into()));
        let connection = self.connections.connection();
        let answering = Arc::new(Answering {
            endpoint: Arc::clone(&self.endpoint),
            readiness: Arc::clone(&self.readiness),
            connection: Arc::clone(&connection),
            local,
            remote: RemoteAddr(peer.into()),
        });
        let service = service_fn(move |request| Arc::clone(&answering).answer(request));
        let watched = Watched { stream, connection: Arc::clone(&connection) };
        let served = self.builder.serve_connection(TokioIo::new(watched), service).into_owned();
        let served = self.graceful.watch(served);
        self.connections.spawn(connection, async move {
            if let Err(error) = served.await {
                tracing::debug!("a connection ended early: {error}");
            }
        });
    }
}

/// The connections that are still open.
#[derive(Debug)]
pub(crate) struct Open(Arc<Connections>);

impl Open {
    pub(crate) fn requests(&self) -> u32 {
        self.0.requests()
    }

    pub(crate) fn close_all(&self) {
        self.0.close_all();
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // The time that a head may take is kept by `Connections`, apart from the time that a connection may be idle.
        .header_read_timeout(None)
        // A head is parsed when the buffer holds all of it, so this is its limit.
        .max_buf_size(limits.max_head_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(limits.max_head_bytes).unwrap_or(u32::MAX));
    builder
}

/// The connection that was about to be accepted is gone; the next one may be fine. As `accept(2)` lists them.
fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
