//! The running lab: what istiod and the kubelet would do with the manifests, for one Envoy and local processes.
//!
//! Every change goes the same way, make before break: new pods, wait until they are ready, listeners and clusters that
//! are new, routes, wait until nothing is left on the way, listeners and clusters that are gone, old pods.

mod cast;
mod release;
mod serve;
mod show;
mod start;

pub(crate) use serve::{Signals, serve};
pub(crate) use start::{Options, Traces};

use crate::address::Ports;
use crate::admin::{self, Admin};
use crate::certificate::Certificates;
use crate::collector::Collector;
use crate::control::{EnvoyStatus, PodStatus, Status};
use crate::envoy::{self, Addresses, Snapshot, inbound_statistics};
use crate::failure::{Failure, Result};
use crate::layers::{GROUND, Layers, Plan};
use crate::process;
use crate::release::Release;
use crate::state::StateFolder;
use crate::topology::Topology;
use crate::wait;
use crate::worker::Worker;
use crate::xds::Files;
use cast::Cast;
use manifests::layout::LANE_LAYER_PREFIX;
use manifests::object::Manifest;
use serde_json::Value;
use show::{Show, Shown};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::process::Child;

/// How long requests may take to finish when what they run on goes away: Kubernetes' default grace period.
const DRAIN_PATIENCE: Duration = Duration::from_secs(30);

/// Tells of a step that is done: what, and how long it took.
pub(crate) type Tell<'a> = &'a dyn Fn(&str, Duration);

#[derive(Debug)]
pub(crate) struct Embedded {
    state: StateFolder,
    layers: Layers,
    /// Names of the applied layers, in the order of application.
    applied: Vec<String>,
    release: Release,
    topology: Topology,
    addresses: Addresses,
    ports: Ports,
    cast: Cast,
    files: Files,
    admin: Admin,
    admin_address: String,
    worker: Worker,
    envoy: Child,
    envoy_program: PathBuf,
    certificates: Certificates,
    /// None, if spans go elsewhere.
    _collector: Option<Collector>,
    /// The base of the query API of the traces.
    traces: String,
    show: Show,
    /// The pods that clusters have as endpoints.
    published: BTreeSet<String>,
}

impl Embedded {
    /// Applies a layer while requests run.
    pub(crate) async fn apply(&mut self, layer: &str, tell: Tell<'_>) -> Result<()> {
        if self.applied.iter().any(|applied| applied == layer) {
            let hint = "`cargo lab status` shows what is applied";
            return Err(Failure::input(format!("the layer `{layer}` is applied already"), hint));
        }
        if layer.starts_with(LANE_LAYER_PREFIX)
            && let Some(live) = self.release.state.layers().next()
        {
            let message = format!(
                "a release is under way: lane `{live}`; `{layer}` would take its routes away"
            );
            let lane = &layer[LANE_LAYER_PREFIX.len()..];
            let hint = format!("`cargo lab canary start {lane}` puts both lanes into the routes");
            return Err(Failure::input(message, hint));
        }
        let layers = self.applied.iter().cloned().chain([layer.to_owned()]).collect();
        self.change_layers(layers, tell).await
    }

    /// Removes a layer while requests run.
    pub(crate) async fn remove(&mut self, layer: &str, tell: Tell<'_>) -> Result<()> {
        if GROUND.contains(&layer) {
            let message = format!("the layer `{layer}` is the ground of the lab and stays");
            return Err(Failure::input(message, "`cargo lab down` stops the whole lab"));
        }
        if !self.applied.iter().any(|applied| applied == layer) {
            let hint = format!("applied are: {}", self.applied.join(", "));
            return Err(Failure::input(format!("the layer `{layer}` is not applied"), hint));
        }
        let layers = self.applied.iter().filter(|applied| *applied != layer).cloned().collect();
        self.change_layers(layers, tell).await
    }

    async fn change_layers(&mut self, layers: Vec<String>, tell: Tell<'_>) -> Result<()> {
        let plan = Plan { layers, release: self.release.state.clone() };
        let manifests = self.layers.in_force(&plan)?;
        self.change(plan, &manifests, tell).await
    }

    /// `manifests` are what the plan puts in force.
    async fn change(&mut self, plan: Plan, manifests: &[Manifest], tell: Tell<'_>) -> Result<()> {
        let topology = Topology::of(manifests).map_err(|found| Failure::violations(&found))?;
        self.certificates.cover(&topology)?;

        let started = Instant::now();
        let new = match self.cast.start(&topology.pods, &mut self.ports, &self.state) {
            Ok(new) => self.cast.ready(&new, &self.state).await.map(|()| new),
            Err(failure) => Err(failure),
        };
        let new = match new {
            Ok(new) => new,
            Err(failure) => {
                self.cast.stop(&self.cast.others(&self.topology.pods)).await;
                return Err(failure);
            }
        };
        if !new.is_empty() {
            tell(&format!("{} ready", count(new.len(), "new pod")), started.elapsed());
        }

        self.addresses.pods = self.cast.ports();
        let ready = self.cast.ready_pods();
        let next = envoy::snapshot(&topology, &self.addresses, &ready);
        let before = self.files.current().clone();
        let shown = Shown::of(manifests, &topology);
        self.show.expect(&shown);
        if let Err(failure) = self.switch(&next, tell).await {
            self.back_to(&before, &new).await;
            self.show.stay();
            return Err(failure);
        }
        // From here on the new layers are in force; what follows only clears away.
        self.topology = topology;
        (self.applied, self.release.state) = (plan.layers, plan.release);
        self.published = ready;
        let cleared = self.clear_away(&next, tell).await;
        self.show.settle(shown);
        self.publish();
        cleared
    }

    /// Undoes a change that failed half-way: the old routes, then what was added goes away again.
    async fn back_to(&mut self, before: &Snapshot, new: &[String]) {
        // Whatever fails here, Envoy keeps what it had; the failure that led here is the one to tell of.
        self.files.route(&self.admin, before).await.ok();
        self.drained(new, before).await;
        self.files.remove(&self.admin, before).await.ok();
        self.cast.stop(new).await;
        self.addresses.pods = self.cast.ports();
    }

    /// Stops the pods that no layer asks for any more, when nothing runs in them, and removes what led to them.
    async fn clear_away(&mut self, next: &Snapshot, tell: Tell<'_>) -> Result<()> {
        let old = self.cast.others(&self.topology.pods);
        let started = Instant::now();
        let drained = self.drained(&old, next).await;
        self.files.remove(&self.admin, next).await?;
        self.cast.stop(&old).await;
        self.addresses.pods = self.cast.ports();
        if !old.is_empty() {
            let how = if drained { "drained and" } else { "still busy, and" };
            tell(&format!("{} {how} stopped", count(old.len(), "old pod")), started.elapsed());
        }
        Ok(())
    }

    /// From the first new cluster to the last new route.
    async fn switch(&mut self, next: &Snapshot, tell: Tell<'_>) -> Result<()> {
        let started = Instant::now();
        self.files.add(&self.admin, next).await?;
        tell("Envoy has the listeners and clusters", started.elapsed());
        let started = Instant::now();
        self.files.route(&self.admin, next).await?;
        self.worker.caught_up().await?;
        tell("Envoy has the routes", started.elapsed());
        Ok(())
    }

    /// Waits until no request runs in these pods or is on its way to clusters that `next` has no more. As on a cluster,
    /// the patience has an end: whether it was enough is the answer.
    async fn drained(&self, pods: &[String], next: &Snapshot) -> bool {
        let name =
            |cluster: &Value| cluster["alt_stat_name"].as_str().unwrap_or_default().to_owned();
        let kept: BTreeSet<String> = next.clusters.values().map(name).collect();
        let gone: BTreeSet<String> = self
            .files
            .current()
            .clusters
            .values()
            .map(name)
            .filter(|name| !kept.contains(name))
            .collect();
        let inbound = pods.iter().map(|pod| {
            format!("http\\.{}\\.downstream_rq_active", admin::escaped(&inbound_statistics(pod)))
        });
        let outbound = gone.iter().map(|name| {
            format!("cluster\\.{}\\.upstream_rq_(pending_)?active", admin::escaped(name))
        });
        let parts: Vec<String> = inbound.chain(outbound).collect();
        parts.is_empty() || self.quiet(&format!("^({})$", parts.join("|"))).await
    }

    /// Waits until the statistics that match are all zero, and still are when the worker has caught up.
    async fn quiet(&self, filter: &str) -> bool {
        let idle = async || {
            self.admin.statistics(filter).await.is_ok_and(|active| admin::total(&active) == 0)
        };
        let quiet = wait::until(DRAIN_PATIENCE, async || {
            self.worker.caught_up().await.ok()?;
            let before = idle().await;
            self.worker.caught_up().await.ok()?;
            (before && idle().await).then_some(())
        });
        quiet.await.is_some()
    }

    /// Makes the ready pods the endpoints of their clusters.
    async fn publish_endpoints(&mut self) -> Result<()> {
        let ready = self.cast.ready_pods();
        if ready == self.published {
            return Ok(());
        }
        let next = envoy::snapshot(&self.topology, &self.addresses, &ready);
        self.files.add(&self.admin, &next).await?;
        self.worker.caught_up().await?;
        self.published = ready;
        Ok(())
    }

    /// Shows the lab on its page as it is now.
    fn publish(&self) {
        self.show.publish(self.status());
    }

    pub(crate) fn status(&self) -> Status {
        let hosts =
            self.topology.servers(443).flat_map(|(_, server)| server.hosts.clone()).collect();
        Status {
            pid: std::process::id(),
            manifests: self.layers.root(),
            layers: self.applied.clone(),
            release: self.release_status(),
            hosts,
            https_port: self.addresses.https,
            http_port: self.addresses.http,
            authority: self.certificates.authority.clone(),
            traces: self.traces.clone(),
            page: self.show.url.clone(),
            envoy: EnvoyStatus {
                pid: self.envoy.id().unwrap_or_default(),
                program: self.envoy_program.clone(),
                admin: self.admin_address.clone(),
            },
            pods: self.pods(),
        }
    }

    fn pods(&self) -> Vec<PodStatus> {
        self.cast.status(&self.topology.pods)
    }

    /// Stops everything without cutting a request: the entrance first, then Envoy, then the pods.
    pub(crate) async fn stop(mut self, tell: Tell<'_>) -> Result<()> {
        let started = Instant::now();
        if self.envoy.id().is_some() {
            self.close_entrance().await.ok();
            process::stop(&mut self.envoy, DRAIN_PATIENCE).await;
        }
        let pods = self.cast.names();
        self.cast.stop(&pods).await;
        self.state.leave()?;
        tell(&format!("Envoy and {} stopped", count(pods.len(), "pod")), started.elapsed());
        Ok(())
    }

    async fn close_entrance(&mut self) -> Result<()> {
        let mut closed = self.files.current().clone();
        closed.listeners.retain(|name, _| name.contains('>'));
        self.files.remove(&self.admin, &closed).await?;
        self.quiet("^http\\.(in|out)bound_.*\\.downstream_rq_active$").await;
        Ok(())
    }
}

/// `1 pod`, `2 pods`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
