//! A duration goes in, milliseconds for people to read come out.

use std::time::Duration;

/// Rounded to microseconds: what lies below is noise in a log line.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
