//! A received answer goes in, its bytes as an HTTP/1.1 message come out.

use crate::next_hop::Received;
use poem::http::header;

/// Status line, headers, blank line, body. The body is whole here, so its length frames it.
pub(crate) fn wire_form(received: &Received) -> Vec<u8> {
    let Received { version, status, headers, body } = received;
    let reason = status.canonical_reason().unwrap_or_default();
    let mut bytes = format!("{version:?} {} {reason}\r\n", status.as_str()).into_bytes();
    for (name, value) in headers {
        if ![header::TRANSFER_ENCODING, header::CONTENT_LENGTH].contains(name) {
            push_field(&mut bytes, name.as_str(), value.as_bytes());
        }
    }
    push_field(&mut bytes, "content-length", body.len().to_string().as_bytes());
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

fn push_field(bytes: &mut Vec<u8>, name: &str, value: &[u8]) {
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b": ");
    bytes.extend_from_slice(value);
    bytes.extend_from_slice(b"\r\n");
}
