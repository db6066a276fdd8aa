//! What is decided at one place in two states → what is another about it, as data.

use crate::flow::{Answer, Decision, Extra, Topic};

/// One thing that is another now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    Answer {
        when: Option<String>,
        old: Answer,
        new: Answer,
    },
    Extra {
        when: Option<String>,
        old: Option<Extra>,
        new: Option<Extra>,
    },
    /// The same conditions, asked in another order.
    Order(Vec<String>),
}

/// Compares two lists of decisions: for each condition of either, and for what is left.
pub(super) fn between(old: &[Decision], new: &[Decision]) -> Vec<About> {
    let mut conditions: Vec<Option<&str>> = vec![None];
    for decision in new.iter().chain(old) {
        if !conditions.contains(&decision.when.as_deref()) {
            conditions.push(decision.when.as_deref());
        }
    }
    let mut found = Vec::new();
    for when in conditions {
        // A condition that only one state knows takes its requests from what is left in the other one.
        let (Some(before), Some(after)) = (taking(old, when), taking(new, when)) else { continue };
        let when = when.map(ToOwned::to_owned);
        let (answered, answers) =
            (before.answer.without_arrivals(), after.answer.without_arrivals());
        if answered != answers {
            found.push(About::Answer { when: when.clone(), old: answered, new: answers });
        }
        found.extend(extras(when.as_ref(), &before.extras, &after.extras));
    }
    let (before, after) = (common(old, new), common(new, old));
    if before != after {
        found.push(About::Order(after));
    }
    found
}

fn taking<'a>(decisions: &'a [Decision], when: Option<&str>) -> Option<&'a Decision> {
    let same = decisions.iter().find(|decision| decision.when.as_deref() == when);
    same.or_else(|| decisions.last())
}

/// Where one thing of a topic takes the place of another one, both belong together.
fn extras(when: Option<&String>, old: &[Extra], new: &[Extra]) -> Vec<About> {
    let gone: Vec<&Extra> = old.iter().filter(|extra| !new.contains(extra)).collect();
    let come: Vec<&Extra> = new.iter().filter(|extra| !old.contains(extra)).collect();
    let of = |extras: &[&Extra], topic: Topic| -> Vec<Extra> {
        extras.iter().filter(|extra| extra.topic == topic).map(|extra| (*extra).clone()).collect()
    };
    let mut topics: Vec<Topic> = gone.iter().chain(&come).map(|extra| extra.topic).collect();
    topics.sort_unstable();
    topics.dedup();
    let about = |old, new| About::Extra { when: when.cloned(), old, new };
    let mut found = Vec::new();
    for topic in topics {
        match (of(&gone, topic).as_slice(), of(&come, topic).as_slice()) {
            ([old], [new]) => found.push(about(Some(old.clone()), Some(new.clone()))),
            (old, new) => {
                found.extend(old.iter().map(|old| about(Some(old.clone()), None)));
                found.extend(new.iter().map(|new| about(None, Some(new.clone()))));
            }
        }
    }
    found
}

/// The conditions of `one` that `other` has, too.
fn common(one: &[Decision], other: &[Decision]) -> Vec<String> {
    let conditions = one.iter().filter_map(|decision| decision.when.clone());
    conditions
        .filter(|when| other.iter().any(|decision| decision.when.as_ref() == Some(when)))
        .collect()
}
