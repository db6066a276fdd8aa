//! Statements → sentences: each said once, with the class and the layers only where it is not true of all.

use super::about::About;
use super::set::{Flows, name, qualifier};
use super::statement::{Coverage, Subject, statements};
use super::{lane, publication, service};
use crate::flow::{Answer, Class, Extra, Topic};
use std::collections::{BTreeMap, BTreeSet};

/// What a sentence is about, in the order in which they are told; services in the order of calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Entrance(String),
    Service(usize),
    Calls(usize),
    /// Of all requests.
    All(usize, About),
    NoLane(usize, About),
    /// What becomes of a lane as a whole stands before its services.
    Lane(String, usize, Option<About>),
}

pub(super) fn sentences(flows: &[Flows<'_>]) -> Vec<String> {
    let order = order(flows);
    let mut ranked = publication::sentences(flows);
    ranked.extend(service::sentences(flows, &order));
    ranked.extend(lane::sentences(flows));
    ranked.extend(of_statements(flows, &order));
    ranked.sort();
    let mut sentences: Vec<String> = ranked.into_iter().map(|(_, sentence)| sentence).collect();
    sentences.dedup();
    sentences
}

/// Every Service of either state, in the order of calls.
fn order(flows: &[Flows<'_>]) -> Vec<String> {
    let new = flows.iter().flat_map(|flows| flows.new.services());
    let old = flows.iter().flat_map(|flows| flows.old.services());
    let mut seen = BTreeSet::new();
    new.chain(old).filter(|host| seen.insert(host.clone())).collect()
}

fn of_statements(flows: &[Flows<'_>], order: &[String]) -> Vec<(Rank, String)> {
    let numbered = flows.iter().enumerate();
    let all: Coverage = numbered
        .flat_map(|(set, flows)| flows.classes().into_iter().map(move |class| (set, class)))
        .collect();
    let sets: BTreeSet<usize> = (0..flows.len()).collect();
    let (come, gone) = lane::come_and_gone(flows);
    let mut sentences = Vec::new();
    for ((subject, about), coverage) in statements(flows) {
        let place = match &subject {
            Subject::Entrance(_) => 0,
            Subject::Service(host) | Subject::Inside(host) => {
                1 + order.iter().position(|known| known == host).unwrap_or(order.len())
            }
        };
        let names = |host: &str| name(flows, host);
        let tell = |class: Option<&Class>| told(&names, &subject, &about, class);
        let whole: BTreeSet<usize> = sets
            .iter()
            .copied()
            .filter(|set| {
                all.iter().filter(|(one, _)| one == set).all(|one| coverage.contains(one))
            })
            .collect();
        if coverage.iter().all(|(set, _)| whole.contains(set)) {
            let sentence = format!("{}{}", qualifier(flows, &sets, &whole), tell(None));
            sentences.push((Rank::All(place, about.clone()), sentence));
            continue;
        }
        for (class, true_in) in by_class(&coverage) {
            let rank = match &class {
                Class::NoLane => Rank::NoLane(place, about.clone()),
                // A lane that has come or gone has a sentence of its own.
                Class::Lane(lane) if come.contains(lane) || gone.contains(lane) => continue,
                Class::Lane(lane) => Rank::Lane(lane.clone(), place, Some(about.clone())),
            };
            let applies = by_class(&all).remove(&class).unwrap_or_default();
            let qualifier = qualifier(flows, &applies, &true_in);
            sentences.push((rank, format!("{qualifier}{class}: {}", tell(Some(&class)))));
        }
    }
    sentences
}

fn by_class(coverage: &Coverage) -> BTreeMap<Class, BTreeSet<usize>> {
    let mut sets: BTreeMap<Class, BTreeSet<usize>> = BTreeMap::new();
    for (set, class) in coverage {
        sets.entry(class.clone()).or_default().insert(*set);
    }
    sets
}

/// A statement in words. `class` is the one that it is about, if not all.
fn told(
    names: &impl Fn(&str) -> String,
    subject: &Subject,
    about: &About,
    class: Option<&Class>,
) -> String {
    let (name, home) = match subject {
        Subject::Entrance(url) => (url.clone(), None),
        Subject::Service(host) => (names(host), Some(host.as_str())),
        Subject::Inside(host) => {
            (format!("{} inside of the mesh", names(host)), Some(host.as_str()))
        }
    };
    let at = |when: &Option<String>| match when {
        Some(when) => format!("{name}, when {when}"),
        None => name.clone(),
    };
    match about {
        About::Answer { when: None, old, new } => {
            let (before, after) = words(old, new, home);
            format!("{name}{} {after} (was {before})", verb(old, new, class))
        }
        About::Answer { when, old, new } => {
            let (before, after) = words(old, new, home);
            format!("{}: now {after} (was {before})", at(when))
        }
        About::Extra { when, old, new } => {
            format!("{}: {}", at(when), extra(old.as_ref(), new.as_ref()))
        }
        About::Order(conditions) => {
            format!("{name} asks its conditions in another order: {}", conditions.join(", then "))
        }
    }
}

fn verb(old: &Answer, new: &Answer, class: Option<&Class>) -> &'static str {
    let leaves = |answer: &Answer| class.is_some_and(|class| answer.leaves(class));
    let in_lane = |answer: &Answer| {
        class.is_some_and(|class| class.lane().is_some())
            && !answer.shares().is_empty()
            && !leaves(answer)
    };
    if leaves(new) {
        " now falls back to"
    } else if leaves(old) && in_lane(new) {
        " is in its lane again:"
    } else if new.shares().is_empty() {
        ": now"
    } else {
        " is answered by"
    }
}

/// Old and new; in full, where short words would be the same.
fn words(old: &Answer, new: &Answer, home: Option<&str>) -> (String, String) {
    let short = (old.words(home), new.words(home));
    if short.0 == short.1 { (old.words_in_full(home), new.words_in_full(home)) } else { short }
}

fn extra(old: Option<&Extra>, new: Option<&Extra>) -> String {
    let with = |extra: &Extra, adverb: &str| match extra.topic {
        Topic::Delay | Topic::Abort | Topic::Rewrite | Topic::Mirror => {
            format!("requests are {adverb} {}", extra.words)
        }
        Topic::Timeout | Topic::Retries | Topic::Origins => {
            format!("requests {adverb} have {}", extra.words)
        }
        Topic::Headers => format!("its route {adverb} {}", extra.words),
    };
    match (old, new) {
        (Some(old), Some(new)) => format!("{} (was: {})", with(new, "now"), old.words),
        (None, Some(new)) => with(new, "now"),
        (Some(old), None) => with(old, "no longer"),
        (None, None) => String::new(),
    }
}
