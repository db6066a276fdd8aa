//! The instant something began goes in, the milliseconds since then come out.

use std::time::Instant;

/// Rounded to microseconds: what lies below is noise in a log line.
pub(crate) fn milliseconds_since(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 1e6).round() / 1e3
}
