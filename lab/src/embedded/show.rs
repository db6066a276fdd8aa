//! What the running lab shows of itself: the page, kept in step with what is applied and with the pods.

use crate::collector::Shared;
use crate::control::Status;
use crate::diagram::{self, Diagram};
use crate::envoy::DEFAULT_SAMPLING;
use crate::failure::Result;
use crate::loopback::Server;
use crate::page::{self, Scene};
use crate::topology::Topology;
use manifests::object::Manifest;
use tokio::sync::watch;

#[derive(Debug)]
pub(super) struct Show {
    pub(super) url: String,
    scene: watch::Sender<Scene>,
    /// None, if spans go elsewhere.
    spans: Option<Shared>,
    shown: Shown,
    _page: Server,
}

/// What is shown of the objects that are applied together.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    diagrams: Vec<Diagram>,
    sampled: Option<f64>,
}

impl Shown {
    pub(super) fn of(manifests: &[Manifest], topology: &Topology) -> Self {
        let sampled = topology.tracing.as_ref();
        Self {
            diagrams: diagram::diagrams(manifests, topology),
            sampled: sampled
                .map(|tracing| tracing.random_sampling_percentage.unwrap_or(DEFAULT_SAMPLING)),
        }
    }
}

impl Show {
    /// Starts the page, which shows an empty lab until something is published.
    pub(super) async fn start(shown: Shown, spans: Option<Shared>) -> Result<Self> {
        let (scene, seen) = watch::channel(Scene::default());
        let page = page::serve(seen, spans.clone()).await?;
        let url = format!("http://127.0.0.1:{}/", page.port);
        let show = Self { url, scene, spans, shown, _page: page };
        show.know(&[]);
        Ok(show)
    }

    /// From now on, requests may take ways of `next`, too.
    pub(super) fn expect(&self, next: &Shown) {
        self.know(&next.diagrams);
    }

    /// `shown` is what is applied now; what it does not have is no longer counted by name.
    pub(super) fn settle(&mut self, shown: Shown) {
        self.shown = shown;
        self.know(&[]);
    }

    /// The change that was expected does not come.
    pub(super) fn stay(&self) {
        self.know(&[]);
    }

    pub(super) fn publish(&self, status: Status) {
        let Shown { diagrams, sampled } = self.shown.clone();
        self.scene.send_replace(Scene { status, diagrams, sampled });
    }

    fn know(&self, more: &[Diagram]) {
        if let Some(spans) = &self.spans {
            spans.store().calls.known = diagram::known(self.shown.diagrams.iter().chain(more));
        }
    }
}
