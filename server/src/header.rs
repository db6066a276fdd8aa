//! Header fields of a message go in, those meant for the far end come out: the header contract.
//!
//! Source: RFC 9110 §7.6.1 (Connection, and the fields an intermediary removes with it), §6.4 and §8
//! (content and its framing). Both the echo and the next hop get what `end_to_end` lets through.

use std::collections::HashSet;

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
pub(crate) fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(headers);
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let stays = HOP_BY_HOP.contains(name)
            || CONTENT.contains(name)
            || *name == header::HOST
            || named.contains(name);
        if !stays {
            kept.append(name, value.clone());
        }
    }
    kept
}

fn named_by_connection(headers: &HeaderMap) -> HashSet<HeaderName> {
    headers
        .get_all(header::CONNECTION)
        .into_iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        // An option that is no field name, such as an empty list element, names no field.
        .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
        .collect()
}
