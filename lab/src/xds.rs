//! A snapshot → Envoy's files, in the order that loses no request, each change confirmed by Envoy before the next.
//!
//! Files are renamed into place, which is what Envoy watches for.

mod subscription;

use crate::admin::{self, Admin};
use crate::disk::{self, Access};
use crate::envoy::{Routes, Snapshot};
use crate::failure::Result;
use crate::state::StateFolder;
use crate::wait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use subscription::{PATIENCE, Subscription};

/// The files that Envoy watches, and what stands in them.
#[derive(Debug)]
pub(crate) struct Files {
    state: StateFolder,
    version: u64,
    current: Snapshot,
}

impl Files {
    pub(crate) fn new(state: StateFolder) -> Self {
        Self { state, version: 0, current: Snapshot::default() }
    }

    pub(crate) fn listeners(&self) -> PathBuf {
        self.state.run().join("listeners.json")
    }

    pub(crate) fn clusters(&self) -> PathBuf {
        self.state.run().join("clusters.json")
    }

    fn routes(&self, stem: &str) -> PathBuf {
        self.state.routes().join(format!("{stem}.json"))
    }

    pub(crate) const fn current(&self) -> &Snapshot {
        &self.current
    }

    /// Writes everything before Envoy starts. The returned future waits until it has read all of it.
    pub(crate) fn prepare(
        &mut self,
        snapshot: Snapshot,
    ) -> Result<impl AsyncFnOnce(&Admin) -> Result<()> + use<>> {
        let mut written = Vec::new();
        for (stem, routes) in &snapshot.routes {
            let version = self.write(&self.routes(stem), [&routes.configuration])?;
            written.push((Subscription::routes(stem, routes), version));
        }
        let version = self.write(&self.clusters(), snapshot.clusters.values())?;
        written.push((Subscription::clusters(), version));
        let version = self.write(&self.listeners(), snapshot.listeners.values())?;
        written.push((Subscription::listeners(), version));
        self.current = snapshot;
        let log = self.state.log("envoy");
        Ok(async move |admin: &Admin| {
            for (subscription, version) in written {
                subscription.confirm(admin, &version, 0, &log).await?;
            }
            Ok(())
        })
    }

    /// Adds what is new, then replaces what changed of listeners and clusters; nothing disappears yet. Routes of listeners
    /// that are new come along. Clusters get new endpoints last: those are listeners, and must listen by then.
    pub(crate) async fn add(&mut self, admin: &Admin, next: &Snapshot) -> Result<()> {
        self.publish_clusters(admin, union(&next.clusters, &self.current.clusters)).await?;
        let known = |stem: &String| self.current.routes.contains_key(stem);
        let new: Vec<(String, Routes)> =
            next.routes.clone().into_iter().filter(|(stem, _)| !known(stem)).collect();
        let mut written = Vec::new();
        for (stem, routes) in new {
            let subscription = Subscription::routes(&stem, &routes);
            let refusals = subscription.refusals(admin).await?;
            let version = self.write(&self.routes(&stem), [&routes.configuration])?;
            self.current.routes.insert(stem, routes);
            written.push((subscription, version, refusals));
        }
        self.publish_listeners(admin, union(&self.current.listeners, &next.listeners)).await?;
        // A new listener asks for its routes, and takes no connection before it has them.
        for (subscription, version, refusals) in written {
            subscription.confirm(admin, &version, refusals, &self.state.log("envoy")).await?;
        }
        let warm = wait::until(PATIENCE, async || {
            let warming =
                admin.statistics("^listener_manager\\.total_listeners_warming$").await.ok()?;
            (admin::total(&warming) == 0).then_some(())
        });
        warm.await
            .ok_or_else(|| Subscription::listeners().unconfirmed(&self.state.log("envoy")))?;
        self.publish_clusters(admin, union(&self.current.clusters, &next.clusters)).await
    }

    /// Replaces the routes that changed, up to the first that Envoy refuses.
    pub(crate) async fn route(&mut self, admin: &Admin, next: &Snapshot) -> Result<()> {
        for (stem, routes) in &next.routes {
            if self.current.routes.get(stem) != Some(routes) {
                self.current.routes.insert(stem.clone(), routes.clone());
                let (path, subscription) = (self.routes(stem), Subscription::routes(stem, routes));
                self.publish(admin, &subscription, &path, [&routes.configuration]).await?;
            }
        }
        Ok(())
    }

    /// Removes the listeners, clusters and routes that `next` does not have.
    pub(crate) async fn remove(&mut self, admin: &Admin, next: &Snapshot) -> Result<()> {
        self.publish_listeners(admin, next.listeners.clone()).await?;
        self.publish_clusters(admin, next.clusters.clone()).await?;
        let gone = |stem: &&String| !next.routes.contains_key(*stem);
        let gone: Vec<String> = self.current.routes.keys().filter(gone).cloned().collect();
        for stem in gone {
            disk::remove(&self.routes(&stem))?;
            self.current.routes.remove(&stem);
        }
        Ok(())
    }

    async fn publish_clusters(
        &mut self,
        admin: &Admin,
        clusters: BTreeMap<String, Value>,
    ) -> Result<()> {
        if clusters == self.current.clusters {
            return Ok(());
        }
        self.current.clusters.clone_from(&clusters);
        self.publish(admin, &Subscription::clusters(), &self.clusters(), clusters.values()).await
    }

    async fn publish_listeners(
        &mut self,
        admin: &Admin,
        listeners: BTreeMap<String, Value>,
    ) -> Result<()> {
        if listeners == self.current.listeners {
            return Ok(());
        }
        self.current.listeners.clone_from(&listeners);
        self.publish(admin, &Subscription::listeners(), &self.listeners(), listeners.values()).await
    }

    /// Writes a file and waits for Envoy's word on it. What stands in a file counts as current even if Envoy refuses it:
    /// of several resources it may have taken some, so going back means writing again.
    async fn publish<'a>(
        &mut self,
        admin: &Admin,
        subscription: &Subscription,
        path: &Path,
        resources: impl IntoIterator<Item = &'a Value>,
    ) -> Result<()> {
        let refusals = subscription.refusals(admin).await?;
        let version = self.write(path, resources)?;
        subscription.confirm(admin, &version, refusals, &self.state.log("envoy")).await
    }

    /// Replaces a file and returns the version that now stands in it.
    fn write<'a>(
        &mut self,
        path: &Path,
        resources: impl IntoIterator<Item = &'a Value>,
    ) -> Result<String> {
        self.version += 1;
        let version = self.version.to_string();
        let resources: Vec<&Value> = resources.into_iter().collect();
        let content = json!({"version_info": version, "resources": resources}).to_string();
        disk::replace(path, content.as_bytes(), Access::Everyone)?;
        Ok(version)
    }
}

/// All entries of both; where both have one, that of `winner`.
fn union(
    other: &BTreeMap<String, Value>,
    winner: &BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    let mut union = other.clone();
    union.extend(winner.clone());
    union
}
