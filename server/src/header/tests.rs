//! Any fields go in; what the contract says of each is compared with what becomes of it.

use poem::http::HeaderValue;
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{client_address::Client, form::Form, trace_id::trace_id};

/// Names that the contract treats in some way, and others.
const NAMES: [&str; 24] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "content-type",
    "content-encoding",
    "content-range",
    "expect",
    "host",
    "x-lane",
    "baggage",
    "traceparent",
    "accept",
    "x-request-id",
    "x-forwarded-for",
    "x-real-ip",
    "x-a",
    "x-b",
];

fn name() -> impl Strategy<Value = HeaderName> {
    let made_up = "[a-z0-9!#$%&'*+.^_`|~-]{1,20}".prop_map(|name| name.parse().unwrap());
    prop_oneof![4 => select(&NAMES[..]).prop_map(HeaderName::from_static), 1 => made_up]
}

/// What RFC 9110 §5.5 allows in a value, non-ASCII included.
fn value() -> impl Strategy<Value = HeaderValue> {
    let byte = prop_oneof![8 => 0x20..=0x7e_u8, 1 => Just(b'\t'), 2 => 0x80..=0xff_u8];
    let any = vec(byte, 0..40).prop_map(|bytes| HeaderValue::from_bytes(&bytes).unwrap());
    let options =
        vec(prop_oneof![select(&NAMES[..]), select(&["close", "", " ", "a b", "X-A"][..])], 0..4);
    let list = options.prop_map(|options| options.join(" , ").parse().unwrap());
    prop_oneof![any, list]
}

fn fields() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    vec((name(), value()), 0..30)
}

fn map(fields: &[(HeaderName, HeaderValue)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(name, value.clone());
    }
    map
}

/// The contract in other words, on text: a field stops here if its name is in this list or in a `Connection`.
fn stops(name: &HeaderName, fields: &[(HeaderName, HeaderValue)]) -> bool {
    let connection = fields.iter().filter(|(name, _)| name == "connection");
    let mut options =
        connection.flat_map(|(_, value)| value.as_bytes().split(|byte| *byte == b','));
    NAMES[..15].contains(&name.as_str())
        || options.any(|option| option.trim_ascii().eq_ignore_ascii_case(name.as_str().as_bytes()))
}

fn values<'a>(map: &'a HeaderMap, name: &HeaderName) -> Vec<&'a HeaderValue> {
    map.get_all(name).into_iter().collect()
}

proptest! {
    #[test]
    fn fuzz_what_travels_travels_whole_and_the_rest_stops(fields in fields()) {
        let received = map(&fields);
        let forwarded = end_to_end(&received);
        let mut echoed = HeaderMap::new();
        echo(received.clone(), &mut echoed);
        for (name, _) in &fields {
            let expected = if stops(name, &fields) { Vec::new() } else { values(&received, name) };
            prop_assert_eq!(values(&forwarded, name), expected.clone(), "{} to the next hop", name);
            prop_assert_eq!(values(&echoed, name), expected, "{} in the echo", name);
        }
        prop_assert_eq!(&forwarded, &echoed);
        prop_assert_eq!(&end_to_end(&forwarded), &forwarded, "nothing is left to stop");
    }

    #[test]
    fn fuzz_an_answer_keeps_what_it_has_beside_the_echo(fields in fields()) {
        let mut answer = map(&[(header::CONTENT_TYPE, "text/plain".parse().unwrap())]);
        echo(map(&fields), &mut answer);
        prop_assert_eq!(values(&answer, &header::CONTENT_TYPE), ["text/plain"]);
    }

    /// They read what clients send, so no value may be too much for them.
    #[test]
    fn fuzz_what_is_read_from_headers_is_part_of_them(fields in fields()) {
        let headers = map(&fields);
        Form::asked_for(&headers);
        if let Some(id) = trace_id(&headers) {
            prop_assert!(id.len() == 16 || id.len() == 32);
        }
        let client = Client::seen(&headers, None).to_string();
        prop_assert!(!client.is_empty() && !client.contains(','));
    }
}
