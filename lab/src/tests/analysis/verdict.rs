//! What is passed, failed and left open.

use super::sample;
use crate::analysis::verdict::Metric;
use crate::analysis::{Compared, Criteria, Levels, Sample, Verdict, judge};
use std::time::Duration;

const LEVELS: Levels = Levels { abort: 0.0003, promote: 0.005 };
const SLOW: Duration = Duration::from_millis(10);

fn verdict(pairs: &[(&str, &Sample, &Sample)]) -> Verdict {
    let compared = pairs.iter().map(|(service, lane, baseline)| Compared {
        service,
        slow: SLOW,
        lane,
        baseline,
    });
    judge(&Criteria::default(), LEVELS, &compared.collect::<Vec<_>>())
}

/// The verdict about one service.
fn of(lane: &Sample, baseline: &Sample) -> Verdict {
    verdict(&[("one", lane, baseline)])
}

#[track_caller]
fn check_open(lane: &Sample, baseline: &Sample, words: &str) {
    match of(lane, baseline) {
        Verdict::NotEnough(requests) => {
            assert!(requests.to_string().contains(words), "{requests}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_failure_on_either_side_passes_when_enough_requests_show_it() {
    assert_eq!(of(&sample(1000, 0, 50), &sample(20_000, 0, 1000)), Verdict::Pass);
    check_open(&sample(300, 0, 0), &sample(20_000, 0, 0), "more of the lane would tell");
}

#[test]
fn a_lane_that_fails_fails() {
    let Verdict::Fail { service, metric, words } = of(&sample(60, 20, 0), &sample(1000, 5, 0))
    else {
        panic!("a third of all requests fails")
    };
    assert_eq!((service.as_str(), metric), ("one", Metric::Errors));
    assert_eq!(
        words,
        "one: 20 of 60 requests failed in the lane, 5 of 1000 at the baseline: \
         12.3 to 57.3 percentage points more, 1.0 are tolerated"
    );
}

#[test]
fn a_lane_that_is_slow_fails() {
    let Verdict::Fail { metric, words, .. } = of(&sample(500, 0, 200), &sample(9000, 0, 450))
    else {
        panic!("two fifths are slow")
    };
    assert_eq!(metric, Metric::Slow);
    assert!(
        words
            .starts_with("one: 200 of 500 requests took longer than 10ms in the lane, 450 of 9000"),
        "{words}"
    );
}

#[test]
fn a_baseline_that_fails_as_much_excuses_the_lane() {
    let lane = sample(100_000, 20_000, 5000);
    assert_eq!(of(&lane, &lane), Verdict::Pass);
    let (lane, baseline) = (sample(500, 100, 0), sample(9500, 1900, 0));
    assert!(matches!(of(&lane, &baseline), Verdict::NotEnough(_)));
}

#[test]
fn a_difference_that_is_tolerated_never_fails_however_many_requests_prove_it() {
    let (lane, baseline) = (sample(100_000_000, 900_000, 0), sample(100_000_000, 0, 0));
    assert_eq!(of(&lane, &baseline), Verdict::Pass);
}

#[test]
fn a_lane_that_is_better_passes() {
    assert_eq!(of(&sample(2000, 0, 0), &sample(20_000, 4000, 8000)), Verdict::Pass);
}

#[test]
fn below_the_minimum_nothing_is_decided() {
    let all = sample(49, 49, 49);
    check_open(&all, &sample(1000, 0, 0), "1 more of the lane are the minimum");
    check_open(&sample(1000, 0, 0), &sample(20, 0, 0), "30 more of the baseline are the minimum");
    let none = Sample::default();
    check_open(&none, &none, "50 more of the lane and 50 of the baseline are the minimum");
}

/// Following the advice decides.
#[test]
fn the_requests_that_are_said_to_be_missing_are_enough() {
    let (lane, baseline) = (sample(300, 1, 15), sample(6000, 20, 300));
    check_open(&lane, &baseline, "some 850 more of the lane would tell");
    let times = |sample: &Sample| {
        super::sample(sample.requests * 4, sample.failures * 4, sample.requests / 5)
    };
    assert_eq!(of(&times(&lane), &times(&baseline)), Verdict::Pass);
}

#[test]
fn a_difference_that_is_what_is_tolerated_stays_open() {
    check_open(
        &sample(5000, 100, 0),
        &sample(50_000, 500, 0),
        "too near to what is tolerated to tell",
    );
}

#[test]
fn the_lowest_service_that_fails_is_named_for_those_above_it_fail_because_of_it() {
    let (good, bad, baseline) = (sample(1000, 0, 0), sample(1000, 500, 0), sample(10_000, 10, 0));
    let chain = [("one", &bad, &baseline), ("two", &bad, &baseline), ("three", &good, &baseline)];
    let Verdict::Fail { service, .. } = verdict(&chain) else { panic!("half of all fails") };
    assert_eq!(service, "two");
}

#[test]
fn one_service_that_is_open_keeps_all_open() {
    let (enough, few, baseline) = (sample(2000, 0, 0), sample(60, 0, 0), sample(10_000, 10, 0));
    match verdict(&[("one", &enough, &baseline), ("two", &few, &baseline)]) {
        Verdict::NotEnough(requests) => {
            let words = requests.to_string();
            assert!(words.lines().all(|line| line.starts_with("two: ")), "{words}");
        }
        other => panic!("{other:?}"),
    }
}
