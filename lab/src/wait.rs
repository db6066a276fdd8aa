//! Waiting for a condition until a deadline: the only place that sleeps.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
pub(crate) const POLL: Duration = Duration::from_millis(5);

/// Looks at `condition` every [`POLL`] until it gives a value; none after `patience`.
pub(crate) async fn until<T>(
    patience: Duration,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = condition().await {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        pause(POLL).await;
    }
}

/// Lets time pass, where an object of the manifests asks for it: the period of a probe, the back-off of a restart.
#[expect(clippy::disallowed_methods, reason = "the module that sleeps")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
