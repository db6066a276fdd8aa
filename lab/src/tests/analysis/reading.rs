//! What was counted between two readings, and when that is not known.

use super::latency;
use crate::analysis::{Reading, Reset, Sample, Share};
use std::time::Duration;

fn reading(completed: u64, fine: u64, failed: u64) -> Reading {
    Reading { completed, classes: [0, fine, 0, 0, failed], latency: latency(fine, fine / 10) }
}

#[test]
fn a_sample_is_the_difference_of_two_readings() {
    let sample = Sample::between(&reading(110, 100, 10), &reading(330, 300, 30)).unwrap();
    assert_eq!((sample.requests, sample.failures), (220, 20));
    assert_eq!(sample.latency, latency(200, 20));
    assert_eq!(sample.failed(), Share::new(20, 220));
}

#[test]
fn from_a_cluster_without_a_request_everything_is_counted() {
    let sample = Sample::between(&Reading::default(), &reading(110, 100, 10)).unwrap();
    assert_eq!((sample.requests, sample.failures), (110, 10));
    assert_eq!(sample.latency, latency(100, 10));
    assert_eq!(Sample::between(&Reading::default(), &Reading::default()), Ok(Sample::default()));
}

#[test]
fn counters_that_fell_are_no_sample() {
    let before = reading(110, 100, 10);
    for after in [
        reading(50, 50, 0),
        reading(109, 100, 9),
        Reading::default(),
        Reading { latency: latency(50, 10), ..before.clone() },
        Reading { latency: latency(100, 11), ..before.clone() },
    ] {
        assert_eq!(Sample::between(&before, &after), Err(Reset), "{after:?}");
    }
}

/// What Envoy 1.40 shows when a pod is killed: the sum goes on, the failures begin anew, and have passed the old count.
#[test]
fn failures_that_were_forgotten_are_no_sample_even_if_no_counter_fell() {
    let before = reading(250, 240, 10);
    let after = Reading { completed: 290, classes: [0, 240, 0, 0, 40], ..before.clone() };
    assert_eq!(after.forgotten(), 10);
    assert_eq!(Sample::between(&before, &after), Err(Reset));
    // From there on it can be trusted again.
    let later = Reading { completed: 300, classes: [0, 240, 0, 0, 50], ..after.clone() };
    assert_eq!(Sample::between(&after, &later).map(|sample| sample.failures), Ok(10));
}

#[test]
fn the_bound_of_slow_requests_is_the_smallest_that_few_enough_exceed() {
    let latency = latency(100, 10);
    let milliseconds = Duration::from_millis;
    assert_eq!(latency.bound(0.1), Some(milliseconds(10)));
    assert_eq!(latency.bound(0.09), Some(milliseconds(50)));
    assert_eq!(latency.slower(milliseconds(10)), Share::new(10, 100));
    assert_eq!(latency.slower(milliseconds(5)), Share::new(100, 100));
}
