//! Loopback ports: the only place that hands them out, each at most once in a run.

use crate::failure::{Failure, Result};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};

/// Hands out ports that are free at that moment.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    given: BTreeSet<u16>,
}

impl Ports {
    /// A free port, not given before.
    pub(crate) fn free(&mut self) -> Result<u16> {
        loop {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .and_then(|listener| listener.local_addr());
            let port = port.map_err(|error| {
                Failure::lab(
                    format!("no free port on 127.0.0.1: {error}"),
                    "stop programs that hold many connections",
                )
            })?;
            if self.given.insert(port.port()) {
                return Ok(port.port());
            }
        }
    }

    /// The port that the user asked for with `flag`, or a free one.
    pub(crate) fn asked_or_free(&mut self, asked: Option<u16>, flag: &str) -> Result<u16> {
        let Some(port) = asked else { return self.free() };
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            let hint = format!("free it (`ss -ltnp | grep :{port}` names its holder), or leave {flag} out for a free port");
            Failure::input(format!("{flag} {port}: cannot listen on 127.0.0.1:{port}: {error}"), hint)
        })?;
        self.given.insert(port);
        Ok(port)
    }
}
