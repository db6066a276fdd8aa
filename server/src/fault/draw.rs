//! The seed, the headers of a request and its route go in; the same two numbers come out each time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use poem::http::HeaderMap;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::route::Route;

/// Two numbers, each evenly spread and independent of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Draw {
    pub(super) delay: u64,
    pub(super) error: u64,
}

/// What tells one request from another: the request id that Envoy gives, or one's turn.
///
/// A request keeps its id through the chain, so the route is part of it: each hop draws for itself. Envoy's retries
/// keep it too, and count in `x-envoy-attempt-count`: each attempt draws for itself.
pub(super) fn draw(seed: u64, headers: &HeaderMap, route: Route, turns: &AtomicU64) -> Draw {
    let bytes_of = |name| headers.get(name).map(poem::http::HeaderValue::as_bytes);
    let mut key = Vec::with_capacity(64);
    match bytes_of("x-request-id") {
        Some(id) => key.extend_from_slice(id),
        // NUL cannot be in a header, so a turn is no request's id.
        None => key.extend_from_slice(format!("\0{}", turns.fetch_add(1, Relaxed)).as_bytes()),
    }
    for part in [route.template().as_bytes(), bytes_of("x-envoy-attempt-count").unwrap_or(b"1")] {
        key.push(0);
        key.extend_from_slice(part);
    }
    let hash = xxh3_128_with_seed(&key, seed);
    let half = |number: u128| u64::try_from(number & u128::from(u64::MAX)).unwrap_or(0);
    Draw { delay: half(hash), error: half(hash >> u64::BITS) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Service;

    fn drawn(seed: u64, fields: &[(&'static str, &str)], route: Route) -> Draw {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(*name, value.parse().unwrap());
        }
        draw(seed, &headers, route, &AtomicU64::new(0))
    }

    #[test]
    fn a_draw_depends_on_the_seed_the_request_the_route_and_the_attempt_alone() {
        let id = ("x-request-id", "7");
        let first = drawn(1, &[id], Route::Rust);
        let attempt = |count| ("x-envoy-attempt-count", count);
        assert_eq!(drawn(1, &[id, ("x-lane", "v2"), attempt("1")], Route::Rust), first);
        let others = [
            drawn(2, &[id], Route::Rust),
            drawn(1, &[("x-request-id", "8")], Route::Rust),
            drawn(1, &[id], Route::Hop(Service::Two)),
            drawn(1, &[id, attempt("2")], Route::Rust),
        ];
        assert!(!others.contains(&first));
        // The same numbers on every machine and in every version of this program.
        assert_eq!(
            first,
            Draw { delay: 8_121_489_674_975_299_419, error: 6_205_983_437_014_317_633 }
        );
    }

    #[test]
    fn requests_without_an_id_draw_in_turn() {
        let turns = AtomicU64::new(0);
        let next = || draw(1, &HeaderMap::new(), Route::Rust, &turns);
        let (first, second) = (next(), next());
        assert_ne!(first, second);
        assert_eq!(drawn(1, &[], Route::Rust), first);
    }
}
