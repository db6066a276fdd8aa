//! What Envoy says of a file that it watches: taken, refused, or nothing yet.
//!
//! A change counts as applied when the version of the subscription is the new one, and as refused when its count of
//! refusals rose; `/ready` proves neither.

use crate::admin::{Admin, escaped};
use crate::envoy::Routes;
use crate::failure::{Failure, Result};
use crate::wait;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// How long Envoy may take to confirm a change.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Envoy's subscription to one file.
#[derive(Debug)]
pub(super) struct Subscription {
    /// The prefix of its statistics.
    statistics: String,
    /// What it is about, for people.
    subject: String,
}

impl Subscription {
    pub(super) fn clusters() -> Self {
        Self { statistics: "cluster_manager.cds".into(), subject: "clusters".into() }
    }

    pub(super) fn listeners() -> Self {
        Self { statistics: "listener_manager.lds".into(), subject: "listeners".into() }
    }

    pub(super) fn routes(stem: &str, routes: &Routes) -> Self {
        Self { statistics: routes.statistics.clone(), subject: format!("routes of {stem}") }
    }

    /// How many files Envoy has refused so far.
    pub(super) async fn refusals(&self, admin: &Admin) -> Result<u64> {
        Ok(self.state(admin).await?.1)
    }

    /// Waits until Envoy has taken this version, or refused another file than the first `refusals`.
    pub(super) async fn confirm(
        &self,
        admin: &Admin,
        version: &str,
        refusals: u64,
        log: &Path,
    ) -> Result<()> {
        let verdict = wait::until(PATIENCE, async || {
            let (current, refused) = self.state(admin).await.ok()?;
            if current == version { Some(true) } else { (refused > refusals).then_some(false) }
        });
        match verdict.await {
            Some(true) => Ok(()),
            Some(false) => Err(self.refused(log)),
            None => Err(self.unconfirmed(log)),
        }
    }

    /// The version that is in force and the number of refusals; neither exists before the subscription does.
    async fn state(&self, admin: &Admin) -> Result<(String, u64)> {
        let filter = format!("^{}\\.(version_text|update_rejected)$", escaped(&self.statistics));
        let found = admin.statistics(&filter).await?;
        let get = |name: &str| found.get(&format!("{}.{name}", self.statistics));
        let version = get("version_text").and_then(Value::as_str).unwrap_or_default();
        Ok((version.to_owned(), get("update_rejected").and_then(Value::as_u64).unwrap_or_default()))
    }

    fn refused(&self, log: &Path) -> Failure {
        let message = format!("Envoy refused the {}", self.subject);
        Failure::lab(message, "its own words are above; mend the manifests that these come from")
            .with_log(log)
    }

    pub(super) fn unconfirmed(&self, log: &Path) -> Failure {
        let message = format!("Envoy did not confirm the {} within {PATIENCE:?}", self.subject);
        Failure::lab(message, format!("see {}", log.display())).with_log(log)
    }
}
