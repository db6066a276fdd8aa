//! Both servers go in; where they answer differently, nothing is worth measuring.

use std::net::SocketAddr;

use anyhow::{Result, ensure};

use crate::load::get_with;

const FIELDS: &str = "host: lab\r\nconnection: x-named\r\nx-named: 1\r\nx-lane: v2\r\nx-twice: 1\r\nx-twice: 2\r\n\
    traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nuser-agent: lab\r\naccept: */*\r\n\r\n";

/// `first` and `second` are the heads of chains.
pub(crate) fn check(first: SocketAddr, second: SocketAddr) -> Result<()> {
    for path in ["/healthz", "/hello/service3", "/hello/service2", "/hello/service1"] {
        let (ours, theirs) = (answer(first, path)?, answer(second, path)?);
        ensure!(ours == theirs, "{path} is answered differently:\n{ours}\n---\n{theirs}");
    }
    let (ours, theirs) = (samples(first)?, samples(second)?);
    ensure!(ours == theirs, "/metrics differs:\n{ours:#?}\n---\n{theirs:#?}");
    Ok(())
}

/// Without what differs from one moment, or one port, to the next; fields in alphabetical order.
fn answer(address: SocketAddr, path: &str) -> Result<String> {
    let bytes = get_with(address, format!("GET {path} HTTP/1.1\r\n{FIELDS}").as_bytes())?;
    let text = String::from_utf8(bytes)?;
    let mut lines: Vec<&str> = text.lines().filter(|line| !varies(line)).collect();
    lines.sort_unstable();
    Ok(lines.join("\n"))
}

fn varies(line: &str) -> bool {
    ["date: ", "host: ", "content-length: "].iter().any(|name| line.starts_with(name))
}

/// Names and labels of all series, without their values.
fn samples(address: SocketAddr) -> Result<Vec<String>> {
    let text = String::from_utf8(get_with(address, &crate::load::request("/metrics"))?)?;
    let lines = text.lines().filter(|line| line.starts_with("http") || line.starts_with("process"));
    Ok(lines.filter_map(|line| line.rsplit_once(' ')).map(|(name, _)| name.to_owned()).collect())
}
