//! What is wrong with this instance on purpose goes in; for each hello, how it fares comes out.
//!
//! Probes and metrics never fare badly: a fault is a fault of the service, not of its supervision.

mod delay;
mod draw;
mod faults;

pub use self::{
    delay::Delay,
    faults::{ErrorStatus, Faults, Rate},
};

use std::sync::{PoisonError, RwLock, atomic::AtomicU64};

use poem::http::{HeaderMap, StatusCode};

use crate::route::Route;

/// The faults in force, which the admin listener may change while requests run.
#[derive(Debug)]
pub(crate) struct Injector {
    at_start: Faults,
    in_force: RwLock<Faults>,
    turns: AtomicU64,
}

/// A hello that is to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Injected {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
}

impl Injector {
    /// A seed that was not given is drawn here, once.
    pub(crate) fn new(faults: &Faults) -> Self {
        let faults = Faults {
            seed: Some(faults.seed.unwrap_or_else(|| fastrand::u64(..))),
            ..faults.clone()
        };
        Self { in_force: RwLock::new(faults.clone()), at_start: faults, turns: AtomicU64::new(0) }
    }

    pub(crate) fn faults(&self) -> Faults {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests that run already keep what they drew. Without a seed, the one of the start goes on.
    pub(crate) fn set(&self, faults: &Faults) {
        let faults = Faults { seed: faults.seed.or(self.at_start.seed), ..faults.clone() };
        tracing::info!("faults in force: {faults}");
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    pub(crate) fn reset(&self) {
        self.set(&self.at_start);
    }

    /// Waits as long as the hello is slow; then it goes on, or fails.
    #[expect(clippy::disallowed_methods, reason = "a delay is what this is for")]
    pub(crate) async fn apply(&self, headers: &HeaderMap, route: Route) -> Result<(), Injected> {
        let faults = self.faults();
        // A sick replica is quick, which is what makes it dangerous: balancers love it.
        if faults.sick {
            let reason = "fault: this replica is sick".to_owned();
            return Err(Injected { status: StatusCode::INTERNAL_SERVER_ERROR, reason });
        }
        if faults.delay == Delay::NONE && faults.error_rate == Rate::ZERO {
            return Ok(());
        }
        let seed = faults.seed.unwrap_or_default();
        let draw = draw::draw(seed, headers, route, &self.turns);
        let delay = faults.delay.at(draw.delay);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if faults.error_rate.covers(draw.error) {
            let reason = format!("fault: error rate {}, seed {seed}", faults.error_rate);
            return Err(Injected { status: faults.error_status.0, reason });
        }
        Ok(())
    }
}
