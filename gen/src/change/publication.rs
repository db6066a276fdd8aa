//! Both states of all sets → sentences about the hosts that are published, and those that are no longer.

use super::listed;
use super::sentence::Rank;
use super::set::{Flows, qualifier};
use crate::flow::{Class, Entrance, Flow};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn sentences(flows: &[Flows<'_>]) -> Vec<(Rank, String)> {
    let mut found: BTreeMap<(String, String), BTreeSet<usize>> = BTreeMap::new();
    for (set, flows) in flows.iter().enumerate() {
        let (old, new) = (flows.old.entrances(), flows.new.entrances());
        for entrance in only_in(&new, &old) {
            let words = format!("is published: it {}", leads(&flows.new, entrance));
            found.entry((entrance.url.clone(), words)).or_default().insert(set);
        }
        for entrance in only_in(&old, &new) {
            let words = "is no longer published".to_owned();
            found.entry((entrance.url.clone(), words)).or_default().insert(set);
        }
    }
    let sets = (0..flows.len()).collect();
    let sentences = found.into_iter().map(|((url, words), true_in)| {
        let sentence = format!("{}{url} {words}", qualifier(flows, &sets, &true_in));
        (Rank::Entrance(url), sentence)
    });
    sentences.collect()
}

/// The entrances that only one state has. One that sends everybody to HTTPS is not worth a sentence beside its target.
fn only_in<'a>(one: &'a [Entrance], other: &[Entrance]) -> Vec<&'a Entrance> {
    let missing = |entrance: &&Entrance| other.iter().all(|known| known.url != entrance.url);
    let found: Vec<&Entrance> = one.iter().filter(missing).collect();
    let beside = |entrance: &Entrance| {
        found.iter().any(|target| !target.to_https && target.host == entrance.host)
    };
    found.iter().filter(|entrance| !entrance.to_https || !beside(entrance)).copied().collect()
}

fn leads(flow: &Flow<'_>, entrance: &Entrance) -> String {
    let decisions = flow.at_entrance(entrance, &Class::NoLane);
    let mut services: Vec<&str> = Vec::new();
    for share in decisions.iter().flat_map(|decision| decision.answer.shares()) {
        if !services.contains(&share.service.as_str()) {
            services.push(&share.service);
        }
    }
    if services.is_empty() {
        let answers: Vec<String> =
            decisions.iter().map(|decision| decision.answer.words(None)).collect();
        format!("leads to no service ({})", answers.join("; "))
    } else {
        format!("leads to {}", listed(&services))
    }
}
