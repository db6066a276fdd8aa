//! A small HTTP server of the lab's own: routes → a free loopback port on which they are served.

use crate::failure::{Failure, Result};
use poem::Endpoint;
use poem::listener::TcpAcceptor;
use std::net::Ipv4Addr;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Starts to listen; `name` says in an error who cannot, such as `the collector`.
    pub(crate) async fn start(name: &str, routes: impl Endpoint + 'static) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Failure::lab(format!("{name} cannot listen: {error}"), "run it again")
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let acceptor = TcpAcceptor::from_tokio(listener).map_err(failed)?;
        let task = tokio::spawn(poem::Server::new_with_acceptor(acceptor).run(routes));
        Ok(Self { port, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
