//! Both states of all sets → a sentence for each lane that comes or goes.

use super::listed;
use super::sentence::Rank;
use super::set::Flows;
use crate::flow::{Answer, Class, Flow};
use std::collections::BTreeSet;

pub(super) fn sentences(flows: &[Flows<'_>]) -> Vec<(Rank, String)> {
    let (come, gone) = come_and_gone(flows);
    let come = come.into_iter().filter_map(|lane| {
        let home = flows.iter().find(|flows| flows.new.lanes().contains(&lane))?;
        let members = members(&home.new, &lane);
        let sentence = format!("lane {lane} is new: {}", ways(&home.new, &lane, &members));
        Some((Rank::Lane(lane, 0, None), sentence))
    });
    let gone = gone.into_iter().filter_map(|lane| {
        let home = flows.iter().find(|flows| flows.old.lanes().contains(&lane))?;
        let mut members = members(&home.old, &lane);
        members.retain(|host| home.new.has_service(host));
        let sentence = match after(&home.new, &lane, &members) {
            words if words.is_empty() => format!("lane {lane} is gone"),
            words => format!("lane {lane} is gone: its requests are {words}"),
        };
        Some((Rank::Lane(lane, 0, None), sentence))
    });
    come.chain(gone).collect()
}

/// The lanes that only the new state knows, and those that only the old one does, whatever is applied.
pub(super) fn come_and_gone(flows: &[Flows<'_>]) -> (BTreeSet<String>, BTreeSet<String>) {
    let old: BTreeSet<String> = flows.iter().flat_map(|flows| flows.old.lanes()).collect();
    let new: BTreeSet<String> = flows.iter().flat_map(|flows| flows.new.lanes()).collect();
    (&new - &old, &old - &new)
}

/// The services that a lane is about, in the order of calls: its own, and all that are on a way with one of them.
fn members(flow: &Flow<'_>, lane: &str) -> Vec<String> {
    let class = Class::Lane(lane.to_owned());
    let is_own = |host: &String| is_in_lane(&answer(flow, host, &class), lane);
    let mut members: BTreeSet<String> = BTreeSet::new();
    for entrance in flow.entrances() {
        let rows = flow.tree(&entrance, std::slice::from_ref(&class));
        let hosts: Vec<String> = rows.into_iter().map(|row| row.host).collect();
        if hosts.iter().any(is_own) {
            members.extend(hosts);
        }
    }
    flow.services().into_iter().filter(|host| members.contains(host) || is_own(host)).collect()
}

fn is_in_lane(answer: &Answer, lane: &str) -> bool {
    !answer.shares().is_empty() && answer.shares().iter().all(|share| share.is_of(lane))
}

/// What becomes of requests that no condition keeps apart.
fn answer(flow: &Flow<'_>, host: &str, class: &Class) -> Answer {
    flow.at_host(host, class).pop().map_or(Answer::Nothing, |decision| decision.answer)
}

/// `a and b in v3, c falls back to v1`.
fn ways(flow: &Flow<'_>, lane: &str, members: &[String]) -> String {
    let class = Class::Lane(lane.to_owned());
    let groups = grouped(flow, members, |host| {
        let answer = answer(flow, host, &class);
        let words = answer.words(Some(host));
        if is_in_lane(&answer, lane) {
            format!(" in {words}")
        } else if answer.shares().is_empty() {
            format!(": {words}")
        } else {
            format!(" back to {words}")
        }
    });
    let told = groups.into_iter().map(|(words, names)| match words.strip_prefix(" back") {
        Some(rest) if names.len() == 1 => format!("{} falls back{rest}", listed(&names)),
        Some(rest) => format!("{} fall back{rest}", listed(&names)),
        None => format!("{}{words}", listed(&names)),
    });
    match told.collect::<Vec<_>>().join(", ") {
        words if words.is_empty() => "no service is in it".into(),
        words => words,
    }
}

/// `answered by v1`; `answered by v1 (a and b), v3 (c)` where services differ.
fn after(flow: &Flow<'_>, lane: &str, members: &[String]) -> String {
    let class = Class::Lane(lane.to_owned());
    let groups = grouped(flow, members, |host| answer(flow, host, &class).words(Some(host)));
    match groups.as_slice() {
        [] => String::new(),
        [(words, _)] => format!("answered by {words}"),
        several => {
            let several =
                several.iter().map(|(words, names)| format!("{words} ({})", listed(names)));
            format!("answered by {}", several.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The names of services, by what is said about them.
fn grouped(
    flow: &Flow<'_>,
    hosts: &[String],
    tell: impl Fn(&str) -> String,
) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for host in hosts {
        let words = tell(host);
        match groups.iter_mut().find(|(known, _)| *known == words) {
            Some((_, names)) => names.push(flow.name(host)),
            None => groups.push((words, vec![flow.name(host)])),
        }
    }
    groups
}
