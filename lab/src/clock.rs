//! The wall clock: the only module that reads it.

use std::time::{SystemTime, UNIX_EPOCH};

#[expect(clippy::disallowed_methods, reason = "the module that tells the time")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// As Envoy's access log writes it: `2026-11-24T12:00:00.123Z`.
pub(crate) fn rfc3339() -> String {
    humantime::format_rfc3339_millis(now()).to_string()
}

pub(crate) fn unix_seconds() -> u64 {
    now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
