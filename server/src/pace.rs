//! The delay and the metrics go in; a wait, observed until the answer is made, comes out.

use std::sync::Arc;

use prometheus::HistogramTimer;

use crate::{delay::DelayRange, metrics::Metrics};

/// What every hello shares: it is slow, and its latency is observed.
#[derive(Debug)]
pub(crate) struct Pace {
    pub(crate) delay: DelayRange,
    pub(crate) metrics: Arc<Metrics>,
}

impl Pace {
    /// Waits; the timer observes when it is dropped, so keep it until the answer is made.
    pub(crate) async fn take(&self) -> HistogramTimer {
        let timer = self.metrics.start();
        self.delay.wait().await;
        timer
    }
}
