//! The end of the server's life goes in; whether it wants new requests comes out.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Shared by everything that answers.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    draining: AtomicBool,
}

impl Readiness {
    /// From now on `/readyz` answers 503, and connections are told to close.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Relaxed)
    }
}
