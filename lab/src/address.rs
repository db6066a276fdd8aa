//! Loopback ports: the only place that hands them out, each at most once in a run.

use crate::failure::{Failure, Result};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};

/// Where free ports are looked for: below the range from which systems give ports to outgoing connections (32768 and up on
/// Linux), so that no connection takes one between the look and its use.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// Hands out ports that are free at that moment.
#[derive(Debug)]
pub(crate) struct Ports {
    given: BTreeSet<u16>,
    next: u16,
}

impl Ports {
    /// Labs that run beside each other begin at different places.
    pub(crate) fn new() -> Self {
        let span = u32::from(RANGE.end - RANGE.start);
        let offset = std::process::id().wrapping_mul(97) % span;
        Self {
            given: BTreeSet::new(),
            next: RANGE.start + u16::try_from(offset).unwrap_or_default(),
        }
    }

    /// A free port, not given before.
    pub(crate) fn free(&mut self) -> Result<u16> {
        for _ in RANGE {
            let port = self.next;
            self.next = if port + 1 < RANGE.end { port + 1 } else { RANGE.start };
            if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && self.given.insert(port) {
                return Ok(port);
            }
        }
        let message =
            format!("no port from {} to {} is free on 127.0.0.1", RANGE.start, RANGE.end - 1);
        Err(Failure::lab(message, "stop programs that listen on many ports"))
    }

    /// The port that the user asked for with `flag`, or a free one.
    pub(crate) fn asked_or_free(&mut self, asked: Option<u16>, flag: &str) -> Result<u16> {
        let Some(port) = asked else { return self.free() };
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            let hint = format!("free it (`ss -ltnp | grep :{port}` names its holder), or leave {flag} out for a free port");
            Failure::input(format!("{flag} {port}: cannot listen on 127.0.0.1:{port}: {error}"), hint)
        })?;
        if self.given.insert(port) {
            return Ok(port);
        }
        let message = format!("{flag} {port}: the port is asked for twice");
        Err(Failure::input(message, "give HTTPS and plain HTTP a port each"))
    }
}
