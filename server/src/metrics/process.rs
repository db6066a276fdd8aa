//! Nothing goes in; what the system knows of this process comes out, as it was at most a second ago.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use prometheus::{
    core::{Collector, Desc},
    process_collector::ProcessCollector,
    proto::MetricFamily,
};

/// Reading `/proc` takes longer than all the rest of an answer to `/metrics`.
const AGE: Duration = Duration::from_secs(1);

pub(super) struct Process {
    collector: ProcessCollector,
    seen: Mutex<Option<(Instant, Vec<MetricFamily>)>>,
}

impl Process {
    pub(super) fn new() -> Self {
        Self { collector: ProcessCollector::for_self(), seen: Mutex::new(None) }
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        self.collector.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, families)) = &*seen
            && at.elapsed() < AGE
        {
            return families.clone();
        }
        let families = self.collector.collect();
        *seen = Some((Instant::now(), families.clone()));
        families
    }
}
