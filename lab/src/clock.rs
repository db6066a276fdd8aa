//! The wall clock: the only module that reads it.

use std::time::{SystemTime, UNIX_EPOCH};

#[expect(clippy::disallowed_methods, reason = "the module that tells the time")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn unix_seconds() -> u64 {
    now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
