//! A snapshot → Envoy's files, in the order that loses no request, each change confirmed by Envoy before the next.
//!
//! Files are renamed into place, which is what Envoy watches for. A change counts as applied when the version of the
//! subscription is the new one, and as refused when its count of refusals rose; `/ready` proves neither.

use crate::admin::Admin;
use crate::disk::{self, Access};
use crate::envoy::{Routes, Snapshot};
use crate::failure::{Failure, Result};
use crate::state::StateFolder;
use crate::wait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How long Envoy may take to confirm a change.
const PATIENCE: Duration = Duration::from_secs(10);

/// The files that Envoy watches, and what stands in them.
#[derive(Debug)]
pub(crate) struct Files {
    state: StateFolder,
    version: u64,
    current: Snapshot,
}

/// A file that was written, and how Envoy reports that it has read it.
struct Written {
    /// The prefix of the subscription's statistics.
    statistics: String,
    version: String,
    what: String,
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

    pub(crate) const fn current(&self) -> &Snapshot {
        &self.current
    }

    /// Writes everything before Envoy starts.
    pub(crate) fn prepare(&mut self, snapshot: Snapshot) -> Result<()> {
        for (stem, routes) in &snapshot.routes {
            self.write_routes(stem, routes)?;
        }
        self.write_clusters(&snapshot.clusters)?;
        self.write_listeners(&snapshot.listeners)?;
        self.current = snapshot;
        Ok(())
    }

    /// Waits until Envoy has read everything that [`Files::prepare`] wrote.
    pub(crate) async fn confirm_all(&self, admin: &Admin) -> Result<()> {
        let mut expected = vec![
            ("cluster_manager.cds".to_owned(), "clusters"),
            ("listener_manager.lds".to_owned(), "listeners"),
        ];
        expected.extend(
            self.current.routes.values().map(|routes| (routes.statistics.clone(), "routes")),
        );
        for (statistics, what) in expected {
            self.confirm_any(admin, &statistics, what).await?;
        }
        Ok(())
    }

    /// Adds what is new and replaces what changed of listeners and clusters; nothing disappears yet. Routes of listeners
    /// that are new come along.
    pub(crate) async fn add(&mut self, admin: &Admin, next: &Snapshot) -> Result<()> {
        let clusters = union(&self.current.clusters, &next.clusters);
        self.publish_clusters(admin, clusters).await?;
        let new: Vec<(String, Routes)> = next
            .routes
            .iter()
            .filter(|(stem, _)| !self.current.routes.contains_key(*stem))
            .map(|(stem, routes)| (stem.clone(), routes.clone()))
            .collect();
        for (stem, routes) in &new {
            self.write_routes(stem, routes)?;
        }
        let listeners = union(&self.current.listeners, &next.listeners);
        self.publish_listeners(admin, listeners).await?;
        for (stem, routes) in new {
            self.confirm_any(admin, &routes.statistics, &stem).await?;
            self.current.routes.insert(stem, routes);
        }
        Ok(())
    }

    /// Replaces the routes that changed. When Envoy refuses one, those before it are put back.
    pub(crate) async fn route(&mut self, admin: &Admin, next: &Snapshot) -> Result<()> {
        let before = self.current.routes.clone();
        for (stem, routes) in &next.routes {
            if let Err(failure) = self.publish_routes(admin, stem, routes).await {
                for (stem, routes) in &before {
                    self.publish_routes(admin, stem, routes).await.ok();
                }
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Removes the listeners, clusters and routes that `next` does not have.
    pub(crate) async fn remove(&mut self, admin: &Admin, next: &Snapshot) -> Result<()> {
        self.publish_listeners(admin, next.listeners.clone()).await?;
        self.publish_clusters(admin, next.clusters.clone()).await?;
        let gone: Vec<String> = self
            .current
            .routes
            .keys()
            .filter(|stem| !next.routes.contains_key(*stem))
            .cloned()
            .collect();
        for stem in gone {
            disk::remove(&self.route_file(&stem))?;
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
        let rejected = rejections(admin, "cluster_manager.cds").await?;
        let written = self.write_clusters(&clusters)?;
        self.confirm(admin, written, rejected).await?;
        self.current.clusters = clusters;
        Ok(())
    }

    async fn publish_listeners(
        &mut self,
        admin: &Admin,
        listeners: BTreeMap<String, Value>,
    ) -> Result<()> {
        if listeners == self.current.listeners {
            return Ok(());
        }
        let rejected = rejections(admin, "listener_manager.lds").await?;
        let written = self.write_listeners(&listeners)?;
        self.confirm(admin, written, rejected).await?;
        let warm = wait::until(PATIENCE, async || {
            let warming =
                admin.statistics("^listener_manager.total_listeners_warming$").await.ok()?;
            (crate::admin::total(&warming) == 0).then_some(())
        });
        warm.await.ok_or_else(|| self.unconfirmed("listeners"))?;
        self.current.listeners = listeners;
        Ok(())
    }

    async fn publish_routes(&mut self, admin: &Admin, stem: &str, routes: &Routes) -> Result<()> {
        if self.current.routes.get(stem) == Some(routes) {
            return Ok(());
        }
        let rejected = rejections(admin, &routes.statistics).await?;
        let written = self.write_routes(stem, routes)?;
        // What stands in the file counts from here on: a refused one must be put back.
        self.current.routes.insert(stem.to_owned(), routes.clone());
        self.confirm(admin, written, rejected).await
    }

    fn write_clusters(&mut self, clusters: &BTreeMap<String, Value>) -> Result<Written> {
        self.write(
            "cluster_manager.cds".into(),
            "clusters",
            &self.clusters(),
            &clusters.values().collect::<Vec<_>>(),
        )
    }

    fn write_listeners(&mut self, listeners: &BTreeMap<String, Value>) -> Result<Written> {
        self.write(
            "listener_manager.lds".into(),
            "listeners",
            &self.listeners(),
            &listeners.values().collect::<Vec<_>>(),
        )
    }

    fn write_routes(&mut self, stem: &str, routes: &Routes) -> Result<Written> {
        let what = format!("routes of {stem}");
        self.write(
            routes.statistics.clone(),
            &what,
            &self.route_file(stem),
            &[&routes.configuration],
        )
    }

    fn write(
        &mut self,
        statistics: String,
        what: &str,
        path: &std::path::Path,
        resources: &[&Value],
    ) -> Result<Written> {
        self.version += 1;
        let version = self.version.to_string();
        let content = json!({"version_info": version, "resources": resources}).to_string();
        disk::replace(path, content.as_bytes(), Access::Everyone)?;
        Ok(Written { statistics, version, what: what.to_owned() })
    }

    fn route_file(&self, stem: &str) -> PathBuf {
        self.state.routes().join(format!("{stem}.json"))
    }

    /// Waits until Envoy has taken or refused a file.
    async fn confirm(&self, admin: &Admin, written: Written, rejected: u64) -> Result<()> {
        let Written { statistics, version, what } = written;
        let verdict = wait::until(PATIENCE, async || {
            let now = subscription(admin, &statistics).await.ok()?;
            if now.version == version {
                return Some(Ok(()));
            }
            (now.rejected > rejected).then_some(Err(()))
        });
        match verdict.await {
            Some(Ok(())) => Ok(()),
            Some(Err(())) => Err(self.refused(&what)),
            None => Err(self.unconfirmed(&what)),
        }
    }

    /// Waits until Envoy has taken whatever the file of a subscription holds.
    async fn confirm_any(&self, admin: &Admin, statistics: &str, what: &str) -> Result<()> {
        let verdict = wait::until(PATIENCE, async || {
            let now = subscription(admin, statistics).await.ok()?;
            if now.rejected > 0 {
                Some(Err(()))
            } else {
                (!now.version.is_empty()).then_some(Ok(()))
            }
        });
        match verdict.await {
            Some(Ok(())) => Ok(()),
            Some(Err(())) => Err(self.refused(what)),
            None => Err(self.unconfirmed(what)),
        }
    }

    fn refused(&self, what: &str) -> Failure {
        Failure::lab(
            format!("Envoy refused the {what}"),
            "its own words are above; what it had before is still in force",
        )
        .with_evidence(disk::tail(&self.state.log("envoy"), 12))
    }

    fn unconfirmed(&self, what: &str) -> Failure {
        Failure::lab(
            format!("Envoy did not confirm the {what} within {PATIENCE:?}"),
            "see envoy.log in the state folder's logs",
        )
        .with_evidence(disk::tail(&self.state.log("envoy"), 12))
    }
}

struct Subscription {
    version: String,
    rejected: u64,
}

async fn subscription(admin: &Admin, statistics: &str) -> Result<Subscription> {
    let found = admin
        .statistics(&format!("^{}\\.(version_text|update_rejected)$", escaped(statistics)))
        .await?;
    Ok(Subscription {
        version: found
            .get(&format!("{statistics}.version_text"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        rejected: found
            .get(&format!("{statistics}.update_rejected"))
            .and_then(Value::as_u64)
            .unwrap_or_default(),
    })
}

async fn rejections(admin: &Admin, statistics: &str) -> Result<u64> {
    subscription(admin, statistics).await.map(|subscription| subscription.rejected)
}

/// Names of statistics hold no other character with a meaning in regular expressions.
fn escaped(name: &str) -> String {
    name.replace('.', "\\.").replace('|', "\\|")
}

/// All entries of both; those of `next` where both have one.
fn union(
    current: &BTreeMap<String, Value>,
    next: &BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    let mut union = current.clone();
    union.extend(next.iter().map(|(name, value)| (name.clone(), value.clone())));
    union
}
