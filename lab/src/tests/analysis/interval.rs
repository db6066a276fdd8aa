//! The bounds of a difference keep their promise, by every outcome there is.

use crate::analysis::{Share, lower, upper};
use crate::load::bound::upper_at;
use statrs::distribution::{Binomial, Discrete, DiscreteCDF};

/// With true shares that differ by exactly `difference`: how often is it called larger, and how often smaller?
fn misjudged(
    lane_of: u64,
    baseline_of: u64,
    share: f64,
    difference: f64,
    error: f64,
) -> (f64, f64) {
    let lane = Binomial::new(share + difference, lane_of).unwrap();
    let baseline = Binomial::new(share, baseline_of).unwrap();
    // What has no weight is left out, for speed.
    let outcomes = |binomial: &Binomial, of: u64| -> Vec<(u64, f64)> {
        let all = (0..=of).map(|seen| (seen, binomial.pmf(seen)));
        all.filter(|(_, weight)| *weight > 1e-10).collect()
    };
    let (mut larger, mut smaller) = (0.0, 0.0);
    for (lane_seen, lane_weight) in outcomes(&lane, lane_of) {
        for (baseline_seen, baseline_weight) in outcomes(&baseline, baseline_of) {
            let lane = Share::new(lane_seen, lane_of);
            let baseline = Share::new(baseline_seen, baseline_of);
            let weight = lane_weight * baseline_weight;
            larger += if lower(lane, baseline, error) > difference { weight } else { 0.0 };
            smaller += if upper(lane, baseline, error) < difference { weight } else { 0.0 };
        }
    }
    (larger, smaller)
}

#[test]
fn a_difference_is_misjudged_no_more_often_than_the_error_says() {
    for (lane, baseline) in [(50, 300), (300, 50), (100, 100), (20, 20)] {
        for share in [0.0, 0.001, 0.005, 0.02, 0.1, 0.5, 0.9] {
            for difference in [0.01, 0.05] {
                for error in [0.0003, 0.005] {
                    let (larger, smaller) = misjudged(lane, baseline, share, difference, error);
                    assert!(
                        larger <= error && smaller <= error,
                        "{lane} and {baseline} requests, {share} + {difference}: {larger:e}, {smaller:e} above {error:e}"
                    );
                }
            }
        }
    }
}

/// The bound solves its equation wherever a release needs it, so the library's search has not stopped too early.
#[test]
fn a_bound_far_out_in_the_tail_is_exact() {
    for of in [50, 1000, 20_000, 1_000_000] {
        for seen in [1, 2, 7, of / 100, of / 10, of / 2, of - 1] {
            for error in [1e-5, 1e-4, 0.002, 0.025] {
                let bound = upper_at(seen, of, error);
                let tail = Binomial::new(bound, of).unwrap().cdf(seen);
                assert!(
                    (tail / error - 1.0).abs() < 1e-4,
                    "{seen} of {of}: {tail:e}, not {error:e}"
                );
            }
        }
    }
}

#[test]
fn without_a_failure_on_either_side_the_bound_falls_as_the_requests_grow() {
    let bound = |of| upper(Share::new(0, of), Share::new(0, 20 * of), 0.01);
    // By hand: 1 - 0.005^(1/n) of the lane, and a baseline that may be without fault.
    assert!((bound(100) - 0.051_602).abs() < 1e-5, "{}", bound(100));
    assert!(bound(1000) < 0.0053 && bound(1000) > 0.0052, "{}", bound(1000));
    assert!(lower(Share::new(0, 1000), Share::new(0, 1000), 0.01) < 0.0);
}

#[test]
fn without_a_request_nothing_is_known() {
    let (none, some) = (Share::new(0, 0), Share::new(5, 100));
    assert!(lower(none, some, 0.01) < -0.1 && upper(none, some, 0.01) > 0.9);
    assert!(lower(some, none, 0.01) < -0.9 && upper(some, none, 0.01) > 0.1);
}
