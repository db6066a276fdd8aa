//! Services → who answers for them, in which versions, and whom they call.

use super::Flow;
use super::answer::Share;
use crate::check::calls::{in_cluster, urls};
use crate::check::world::Placed;
use k8s_openapi::api::apps::v1::Deployment;
use std::collections::{BTreeMap, BTreeSet};

/// The label that tells versions of a service apart.
const VERSION: &str = "version";

impl<'a> Flow<'a> {
    /// For each version of a Service, the fully qualified hosts of the Services that it calls.
    pub fn calls(&self, host: &str) -> BTreeMap<String, Vec<String>> {
        let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for deployment in self.answering(host, None) {
            let known = calls.entry(version(deployment)).or_default();
            for callee in self.called(deployment) {
                if !known.contains(&callee) {
                    known.push(callee);
                }
            }
        }
        calls
    }

    /// The name of a Service as people say it: the namespace only where it is needed.
    pub fn name(&self, host: &str) -> String {
        let Some(service) = self.world.services.get(host) else { return host.to_owned() };
        if self.shared_names.contains(service.name) {
            format!("{}.{}", service.name, service.namespace)
        } else {
            service.name.to_owned()
        }
    }

    pub(super) fn share(&self, host: &str, subset: Option<&str>, permille: u32) -> Share {
        let answering = self.answering(host, subset);
        let versions: BTreeSet<String> = answering.into_iter().map(version).collect();
        Share {
            host: host.to_owned(),
            service: self.name(host),
            subset: subset.map(ToOwned::to_owned),
            versions: versions.into_iter().collect(),
            permille,
            arrives: super::Class::NoLane,
        }
    }

    /// The Deployments with pods behind a Service, or behind one subset of it. An unknown subset has none.
    pub(crate) fn answering(
        &self,
        host: &str,
        subset: Option<&str>,
    ) -> Vec<&Placed<'a, Deployment>> {
        let Some(service) = self.world.services.get(host) else { return Vec::new() };
        let mut behind = self.world.behind(service);
        behind.retain(|deployment| {
            deployment.object.spec.as_ref().is_some_and(|spec| spec.replicas != Some(0))
        });
        let Some(name) = subset else { return behind };
        let rules = self.world.rules_of(host);
        let mut subsets = rules.flat_map(|rule| rule.object.spec.subsets.iter().flatten());
        let Some(subset) = subsets.find(|subset| subset.name == name) else { return Vec::new() };
        let labels = subset.labels.clone().unwrap_or_default();
        behind.retain(|deployment| deployment.pods_bear(&labels));
        behind
    }

    /// The Services that the pods of a Deployment call, each once, in the order of their environment.
    pub(super) fn called(&self, deployment: &Placed<'_, Deployment>) -> Vec<String> {
        let mut called = Vec::new();
        for url in urls(deployment) {
            let host = in_cluster(&url.host, deployment.namespace);
            if self.has_service(&host) && !called.contains(&host) {
                called.push(host);
            }
        }
        called
    }
}

fn version(deployment: &Placed<'_, Deployment>) -> String {
    let label = deployment.pod_labels().and_then(|labels| labels.get(VERSION));
    label.cloned().unwrap_or_else(|| deployment.name.to_owned())
}
