//! Both states of all sets → sentences about services that come and go, and about whom they call.

use super::listed;
use super::sentence::Rank;
use super::set::{Flows, name, qualifier};
use crate::flow::Flow;
use std::collections::{BTreeMap, BTreeSet};

/// For each version, whom it calls.
type Calls = BTreeMap<String, BTreeSet<String>>;

pub(super) fn sentences(flows: &[Flows<'_>], order: &[String]) -> Vec<(Rank, String)> {
    let sets: BTreeSet<usize> = (0..flows.len()).collect();
    let having = |has: &dyn Fn(&Flows<'_>) -> bool| -> BTreeSet<usize> {
        sets.iter().copied().filter(|set| has(&flows[*set])).collect()
    };
    let mut sentences = Vec::new();
    for (place, host) in order.iter().enumerate() {
        let come = having(&|flows| !flows.old.has_service(host) && flows.new.has_service(host));
        let gone = having(&|flows| flows.old.has_service(host) && !flows.new.has_service(host));
        let old = calls(flows.iter().map(|flows| &flows.old), host);
        let new = calls(flows.iter().map(|flows| &flows.new), host);
        let names = |host: &str| name(flows, host);
        let name = names(host);
        if !come.is_empty() {
            let versions: Vec<&String> = new.keys().collect();
            let versions = match listed(&versions) {
                versions if versions.is_empty() => "no pods".into(),
                versions => versions,
            };
            let sentence = format!("{}{name} is new: {versions}", qualifier(flows, &sets, &come));
            sentences.push((Rank::Service(place), sentence));
        }
        if !gone.is_empty() {
            let sentence = format!("{}{name} is gone", qualifier(flows, &sets, &gone));
            sentences.push((Rank::Service(place), sentence));
        }
        for sentence in about_calls(&name, &old, &new, &names) {
            sentences.push((Rank::Calls(place), sentence));
        }
    }
    sentences
}

fn calls<'a, 'f: 'a>(flows: impl Iterator<Item = &'a Flow<'f>>, host: &str) -> Calls {
    let mut all = Calls::new();
    for (version, callees) in flows.flat_map(|flow| flow.calls(host)) {
        all.entry(version).or_default().extend(callees);
    }
    all
}

/// A version that comes or goes is no news, unless it calls others than the versions before.
fn about_calls(
    service: &str,
    old: &Calls,
    new: &Calls,
    names: &impl Fn(&str) -> String,
) -> Vec<String> {
    let any =
        |calls: &Calls, callee: &String| calls.values().any(|callees| callees.contains(callee));
    let calls = |calls: &Calls, version: &String, callee: &String| {
        calls.get(version).is_some_and(|callees| callees.contains(callee))
    };
    let callees: BTreeSet<&String> = old.values().chain(new.values()).flatten().collect();
    let as_well = if old.values().all(BTreeSet::is_empty) { "" } else { " as well" };
    let mut sentences = Vec::new();
    for callee in callees {
        let begins: Vec<&String> = new
            .keys()
            .filter(|version| calls(new, version, callee) && !calls(old, version, callee))
            .filter(|version| old.contains_key(*version) || !any(old, callee))
            .collect();
        let ends: Vec<&String> = new
            .keys()
            .filter(|version| calls(old, version, callee) && !calls(new, version, callee))
            .collect();
        let called = names(callee);
        let within = |versions: &[&String]| {
            let all = versions.len() == new.len();
            if all { String::new() } else { format!(" in {}", listed(versions)) }
        };
        if !begins.is_empty() {
            sentences.push(format!("{service}{} now calls {called}{as_well}", within(&begins)));
        }
        if !ends.is_empty() {
            sentences.push(format!("{service}{} no longer calls {called}", within(&ends)));
        }
    }
    sentences
}
