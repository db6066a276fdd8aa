//! A release, look by look.

use super::{pair, sample};
use crate::analysis::{Action, Criteria, Pair, Plan, Rollout, Sample};
use std::collections::BTreeMap;

const LOOKS: u32 = 3;

fn rollout() -> Rollout {
    let criteria = Criteria { looks: LOOKS, ..Criteria::default() };
    let plan = Plan::new(&[5, 50, 100], criteria).unwrap();
    Rollout::new(plan, vec!["one".into(), "two".into()])
}

/// The same of both services.
fn both(pair: &Pair) -> BTreeMap<String, Pair> {
    ["one", "two"].map(|service| (service.to_owned(), pair.clone())).into()
}

fn before() -> BTreeMap<String, Pair> {
    both(&pair(Sample::default(), sample(1000, 0, 100)))
}

fn good() -> BTreeMap<String, Pair> {
    both(&pair(sample(5000, 0, 500), sample(50_000, 0, 5000)))
}

fn open() -> BTreeMap<String, Pair> {
    both(&pair(sample(60, 0, 6), sample(5000, 0, 500)))
}

#[test]
fn a_good_release_goes_up_step_by_step() {
    let mut rollout = rollout();
    let actions = [before(), good(), good(), good()].map(|counted| rollout.look(&counted));
    assert_eq!(actions, [Action::Raise(5), Action::Raise(50), Action::Promote, Action::Promote]);
}

#[test]
fn a_step_may_wait_for_data_and_each_has_all_its_looks() {
    let mut rollout = rollout();
    rollout.look(&before());
    for raised in [Action::Raise(50), Action::Promote] {
        for _ in 1..LOOKS {
            assert!(matches!(rollout.look(&open()), Action::Wait(_)));
        }
        assert_eq!(rollout.look(&good()), raised);
    }
}

#[test]
fn when_the_looks_are_used_up_the_release_holds_and_says_what_is_missing() {
    let mut rollout = rollout();
    rollout.look(&before());
    let actions: Vec<Action> = (0..LOOKS).map(|_| rollout.look(&open())).collect();
    assert!(
        matches!(actions[..], [Action::Wait(_), Action::Wait(_), Action::Hold(_)]),
        "{actions:?}"
    );
    let Action::Hold(missing) = &actions[2] else { unreachable!("just seen") };
    assert!(missing.to_string().contains("two: 0 of 60 requests failed in the lane"), "{missing}");
    assert_eq!(rollout.look(&good()), actions[2], "the end is the end");
}

#[test]
fn a_bad_release_is_aborted_at_any_step_and_the_words_say_why() {
    for steps in 1..=2 {
        let mut rollout = rollout();
        let raised: Vec<Action> =
            [before(), good()].iter().take(steps).map(|counted| rollout.look(counted)).collect();
        assert!(raised.iter().all(|action| matches!(action, Action::Raise(_))), "{raised:?}");
        let mut bad = good();
        bad.insert("two".into(), pair(sample(100, 60, 0), sample(1000, 0, 0)));
        let Action::Abort(words) = rollout.look(&bad) else { panic!("more than half fails") };
        assert!(words.starts_with("two: 60 of 100 requests failed in the lane"), "{words}");
    }
}

#[test]
fn without_requests_at_the_baseline_nobody_gets_into_the_lane() {
    let mut rollout = rollout();
    let few = both(&pair(Sample::default(), sample(20, 0, 0)));
    assert!(matches!(rollout.look(&few), Action::Wait(_)));
    rollout.look(&few);
    let Action::Hold(missing) = rollout.look(&BTreeMap::new()) else { panic!("the last look") };
    assert_eq!(
        missing.to_string(),
        "one: 50 more requests of the baseline tell what a slow one is"
    );
}

#[test]
fn a_service_of_which_nothing_was_counted_is_never_passed() {
    let mut rollout = rollout();
    rollout.look(&before());
    let mut half = good();
    half.remove("one");
    let Action::Wait(missing) = rollout.look(&half) else { panic!("nobody saw it work") };
    assert!(missing.to_string().starts_with("one: 0 of 0 requests failed"), "{missing}");
}

#[test]
fn what_is_slow_is_fixed_before_the_lane_has_users() {
    let mut rollout = rollout();
    // A tenth of the baseline takes longer than 25 ms: the bound is 10 ms.
    rollout.look(&before());
    // Both sides have become slow, and that is the bound's business no more.
    let slow = both(&pair(sample(5000, 0, 4500), sample(50_000, 0, 45_000)));
    assert_eq!(rollout.look(&slow), Action::Raise(50));
    let slower = both(&pair(sample(5000, 0, 4500), sample(50_000, 0, 40_000)));
    let Action::Abort(words) = rollout.look(&slower) else { panic!("ten points more") };
    assert!(words.contains("took longer than 10ms"), "{words}");
}
