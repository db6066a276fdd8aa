//! Both states of all sets → statements, each with the sets and the classes of requests that it is true of.

use super::about::{About, between};
use super::set::Flows;
use crate::flow::{Class, Decision};
use std::collections::{BTreeMap, BTreeSet};

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// An entrance alone: its URL.
    Entrance(String),
    /// A service, fully qualified, wherever requests for it come from.
    Service(String),
    /// A service as other services call it; the entrances that lead to it differ.
    Inside(String),
}

/// Sets by their number, and classes of requests in them.
pub(super) type Coverage = BTreeSet<(usize, Class)>;

pub(super) type Statements = BTreeMap<(Subject, About), Coverage>;

/// Everything that is decided in another way, at hosts and entrances that both states have.
pub(super) fn statements(flows: &[Flows<'_>]) -> Statements {
    let mut statements = Statements::new();
    for (set, flows) in flows.iter().enumerate() {
        for class in flows.classes() {
            for found in of_class(flows, &class) {
                statements.entry(found).or_default().insert((set, class.clone()));
            }
        }
    }
    statements
}

/// An entrance with what is another about it.
struct Published {
    url: String,
    /// The only service that it leads to.
    service: Option<String>,
    changes: Vec<About>,
}

fn of_class(flows: &Flows<'_>, class: &Class) -> Vec<(Subject, About)> {
    let entrances = published(flows, class);
    let mut found = Vec::new();
    let mut agreed: BTreeSet<(String, About)> = BTreeSet::new();
    for host in flows.new.services().into_iter().filter(|host| flows.old.has_service(host)) {
        let partners: Vec<&Published> =
            entrances.iter().filter(|entrance| entrance.service.as_ref() == Some(&host)).collect();
        for about in between(&flows.old.at_host(&host, class), &flows.new.at_host(&host, class)) {
            if partners.iter().all(|entrance| entrance.changes.contains(&about)) {
                agreed.insert((host.clone(), about.clone()));
                found.push((Subject::Service(host.clone()), about));
            } else {
                found.push((Subject::Inside(host.clone()), about));
            }
        }
    }
    for Published { url, service, changes } in entrances {
        for about in changes {
            let said = service
                .as_ref()
                .is_some_and(|host| agreed.contains(&(host.clone(), about.clone())));
            if !said {
                found.push((Subject::Entrance(url.clone()), about));
            }
        }
    }
    found
}

fn published(flows: &Flows<'_>, class: &Class) -> Vec<Published> {
    let before = flows.old.entrances();
    let pairs = flows
        .new
        .entrances()
        .into_iter()
        .filter_map(|new| Some((before.iter().find(|old| old.url == new.url)?, new)));
    pairs
        .map(|(before, after)| {
            let old = flows.old.at_entrance(before, class);
            let new = flows.new.at_entrance(&after, class);
            Published {
                service: only_service(&old, &new),
                changes: between(&old, &new),
                url: after.url,
            }
        })
        .collect()
}

fn only_service(old: &[Decision], new: &[Decision]) -> Option<String> {
    let shares = old.iter().chain(new).flat_map(|decision| decision.answer.shares());
    let hosts: BTreeSet<&String> = shares.map(|share| &share.host).collect();
    if hosts.len() == 1 { hosts.into_iter().next().cloned() } else { None }
}
