//! Header fields of a message go in, those meant for the far end come out: the header contract.
//!
//! Source: RFC 9110 §7.6.1 (Connection, and the fields an intermediary removes with it), §6.4 and §8
//! (content and its framing). Both the echo and the next hop get what `end_to_end` lets through.

use poem::http::{HeaderMap, HeaderName, header};

/// About one connection, and so about the hop that sent it.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// About the body that came with them; the next message has another body, or none.
const CONTENT: [HeaderName; 5] = [
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_RANGE,
    header::EXPECT,
];

/// Every value of every end-to-end field, in the order received.
pub fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(headers);
    let mut kept = HeaderMap::with_capacity(headers.keys_len());
    for (name, value) in headers {
        if travels(name, &named) {
            kept.append(name, value.clone());
        }
    }
    kept
}

/// The same, moved into an answer beside what that has already.
pub(crate) fn echo(mut headers: HeaderMap, answer: &mut HeaderMap) {
    let named = named_by_connection(&headers);
    let mut last: Option<HeaderName> = None;
    for (name, value) in headers.drain() {
        // Of several values of a field, only the first comes with its name.
        let name = name.or_else(|| last.take());
        if let Some(name) = &name
            && travels(name, &named)
        {
            answer.append(name, value);
        }
        last = name;
    }
}

fn travels(name: &HeaderName, named: &[HeaderName]) -> bool {
    !(HOP_BY_HOP.contains(name)
        || CONTENT.contains(name)
        || *name == header::HOST
        || named.contains(name))
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(header::CONNECTION)
        .into_iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        // An option that is no field name, such as an empty list element, names no field.
        .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
        .collect()
}

#[cfg(test)]
mod tests;
