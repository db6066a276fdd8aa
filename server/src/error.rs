//! What can stop the server goes in, one sentence and maybe a hint come out.

use std::{io, net::SocketAddr};

use thiserror::Error;

#[derive(Debug, Error)]
pub enum ServerError {
    #[error("cannot listen on `{address}`: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot serve: {0}")]
    Serve(#[source] io::Error),
    #[error("cannot start the runtime: {0}")]
    Runtime(#[source] io::Error),
    #[error("cannot wait for signals: {0}")]
    Signals(#[source] io::Error),
    #[error("cannot set up the client of the next hop: {0}")]
    Client(#[from] reqwest::Error),
    #[error("cannot register the metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    #[error("requests cut off before their end: {requests}")]
    CutOff { requests: u32 },
}

impl ServerError {
    /// What the reader can do about it, where we know.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Listen { .. } => Some(
                "choose another address with `--listen` or `--admin-listen`; port 0 is any free one",
            ),
            Self::CutOff { .. } => {
                Some("`--drain-timeout-ms` gives them more time; a second signal takes it all away")
            }
            _ => None,
        }
    }
}
