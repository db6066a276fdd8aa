//! Which plans are taken, and how the error probability is divided.

use crate::analysis::{Criteria, Plan};

fn criteria() -> Criteria {
    Criteria { error: 0.06, looks: 10, ..Criteria::default() }
}

#[track_caller]
fn check_refused(steps: &[u8], criteria: Criteria, words: &str) {
    let failure = Plan::new(steps, criteria).unwrap_err();
    assert!(failure.message.contains(words), "{}", failure.message);
    assert!(!failure.hint.is_empty());
}

#[test]
fn the_error_is_divided_among_all_tests_that_could_abort_and_among_the_looks_that_could_promote() {
    let levels = Plan::new(&[5, 25, 50, 100], criteria()).unwrap().levels(5);
    assert!((levels.promote - 0.006).abs() < 1e-12, "a tenth: {}", levels.promote);
    let tests = 3.0 * 10.0 * 5.0 * 2.0;
    assert!((levels.abort * tests - 0.06).abs() < 1e-12, "steps, looks, services, metrics");
}

#[test]
fn a_last_step_of_100_is_promotion_itself() {
    let plan = |steps| Plan::new(steps, criteria()).unwrap();
    assert_eq!(plan(&[5, 50, 100]), plan(&[5, 50]));
    assert_eq!(plan(&[5, 50]).steps(), [5, 50]);
}

#[test]
fn steps_grow_and_are_percentages() {
    for steps in [&[][..], &[100], &[0, 50], &[50, 25], &[50, 50], &[5, 101], &[100, 50]] {
        check_refused(steps, criteria(), "not growing percentages");
    }
}

#[test]
fn criteria_that_nothing_could_meet_or_miss_are_refused() {
    for share in [0.0, 1.0, -0.1, f64::NAN] {
        check_refused(&[5], Criteria { errors: share, ..criteria() }, "for `errors`");
        check_refused(&[5], Criteria { slow: share, ..criteria() }, "for `slow`");
        check_refused(&[5], Criteria { slow_share: share, ..criteria() }, "for `slow share`");
    }
    for error in [0.0, 0.5, f64::NAN] {
        check_refused(&[5], Criteria { error, ..criteria() }, "error probability");
    }
    check_refused(&[5], Criteria { minimum: 0, ..criteria() }, "without a request or a look");
    check_refused(&[5], Criteria { looks: 0, ..criteria() }, "without a request or a look");
}
