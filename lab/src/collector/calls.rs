//! Spans → how many requests took which call: by lane, caller and what was called. Cumulative; only calls that the applied
//! objects know are counted, so memory is bounded by them.
//!
//! A proxy makes one span of each request that it sends on; the cluster that it chose is a tag of it. The ingress gateway
//! makes a second one for each attempt, which bears no URL and is not counted.

use crate::target::gateway_service;
use crate::trace::{Span, VERSION_TAG};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the applied objects know. A value that a client makes up is never counted under its own name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Hosts of the gateway, perhaps with a wildcard for their beginning.
    pub(crate) hosts: BTreeSet<String>,
    pub(crate) calls: BTreeSet<Call>,
}

/// One request from a proxy to a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    /// Empty for no lane, and for one that nobody has.
    pub(crate) lane: String,
    pub(crate) caller: Caller,
    /// The service that is called, fully qualified.
    pub(crate) host: String,
    /// Empty: any pod of the service.
    pub(crate) subset: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caller {
    /// The ingress gateway, with the published host that was asked.
    Gateway(String),
    /// The pods of an app: `<app>.<namespace>`, and their version.
    Pods { service: String, version: String },
}

/// How many requests, and how many of them failed: no answer at all, or a status from 500 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    pub(crate) known: Known,
    counts: BTreeMap<Call, Count>,
}

impl Calls {
    /// Counts the request that a span tells of, if it is one that a proxy sent on.
    pub(crate) fn note(&mut self, span: &Span) {
        let Some(call) = self.call(span) else { return };
        let count = self.counts.entry(call).or_default();
        count.requests += 1;
        count.failed += u64::from(span.has_failed());
    }

    /// The requests of all these calls together.
    pub(crate) fn of<'a>(&self, calls: impl IntoIterator<Item = &'a Call>) -> Count {
        let counts = calls.into_iter().filter_map(|call| self.counts.get(call));
        counts.fold(Count::default(), |sum, count| sum.plus(*count))
    }

    #[cfg(test)]
    pub(crate) fn counts(&self) -> impl Iterator<Item = Count> {
        self.counts.values().copied()
    }

    /// The call that a span tells of: of its lane if that has such a call, else of the baseline. So a request that was routed
    /// before its lane came, and whose span arrives after that, is where it went.
    fn call(&self, span: &Span) -> Option<Call> {
        // The second span of the gateway has no URL.
        let url = span.tags.get("http.url")?;
        let (host, subset) = destination(span.tag("upstream_cluster"))?;
        let caller = if span.service == gateway_service() {
            Caller::Gateway(self.known.host(url)?)
        } else {
            let version = span.tag(VERSION_TAG).to_owned();
            Caller::Pods { service: span.service.clone(), version }
        };
        let call = Call { lane: span.tag("lane").to_owned(), caller, host, subset };
        let baseline = Call { lane: String::new(), ..call.clone() };
        [call, baseline].into_iter().find(|call| self.known.calls.contains(call))
    }
}

impl Known {
    /// The published host that a URL leads to: the one that it names, or the longest wildcard for it.
    fn host(&self, url: &str) -> Option<String> {
        let url = reqwest::Url::parse(url).ok()?;
        let asked = url.host_str()?;
        let includes = |host: &str| {
            host == asked || host.strip_prefix('*').is_some_and(|end| asked.ends_with(end))
        };
        let fitting = self.hosts.iter().filter(|host| includes(host));
        fitting.max_by_key(|host| (!host.starts_with('*'), host.len())).cloned()
    }
}

impl Count {
    #[must_use]
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { requests: self.requests + other.requests, failed: self.failed + other.failed }
    }
}

/// Host and subset of an outbound cluster, by istiod's name for it: `outbound|80|v2|host`, behind the proxy's own name.
fn destination(cluster: &str) -> Option<(String, String)> {
    let name = cluster.rsplit('>').next()?.strip_prefix("outbound|")?;
    let mut parts = name.splitn(3, '|').skip(1);
    let (subset, host) = (parts.next()?, parts.next()?);
    Some((host.to_owned(), subset.to_owned()))
}
