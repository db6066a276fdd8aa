//! Observed latencies go in, the Prometheus text format comes out.

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramTimer, HistogramVec, Registry, TextEncoder,
    exponential_buckets,
};

/// A registry per endpoint, so that several servers in one process count apart.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    total: Histogram,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let options = HistogramOpts::new(
            "httpserver_execution_latency_seconds",
            "Time spent on a hello, its random delay and the next hop included",
        )
        .buckets(exponential_buckets(0.001, 2.0, 15)?);
        let latency = HistogramVec::new(options, &["step"])?;
        let total = latency.get_metric_with_label_values(&["total"])?;
        registry.register(Box::new(latency))?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(Self { registry, total })
    }

    /// Observes when dropped, so a request given up by its client counts as well.
    pub(crate) fn start(&self) -> HistogramTimer {
        self.total.start_timer()
    }

    pub(crate) fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    pub(crate) fn content_type() -> String {
        TextEncoder::new().format_type().to_owned()
    }
}
