//! Counting answers, and what counts prove.

use crate::load::bound::upper;

/// Compares a bound with one from a table, to its last digit.
#[track_caller]
fn check(seen: u64, trials: u64, expected: f64) {
    let bound = upper(seen, trials);
    assert!((bound - expected).abs() < 5e-5 * expected.max(1e-3), "{seen} of {trials}: {bound}");
}

#[test]
fn nothing_seen_is_bounded_by_three_divided_by_the_trials() {
    check(0, 1, 0.95);
    check(0, 10, 0.258_87);
    check(0, 100, 0.029_513);
    check(0, 100_000, 2.995_69e-5);
}

#[test]
fn some_seen_are_bounded_as_clopper_and_pearson_say() {
    // From the quantile function of the beta distribution: qbeta(0.95, seen + 1, trials - seen) in R.
    check(1, 10, 0.394_163);
    check(5, 100, 0.102_253);
    check(10, 1000, 0.016_904);
}

#[test]
fn all_seen_or_nothing_tried_is_no_bound() {
    check(10, 10, 1.0);
    check(0, 0, 1.0);
}

/// The bound keeps its promise: with a true rate of exactly the bound, at most 5 % of all runs show so little.
#[test]
fn a_rate_above_the_bound_would_rarely_show_so_little() {
    for (seen, trials) in [(0, 50), (1, 50), (3, 200), (7, 400)] {
        let rate = upper(seen, trials);
        // The binomial distribution, term by term.
        let mut term = (1.0 - rate).powi(i32::try_from(trials).unwrap());
        let mut sum = term;
        for count in 0..seen {
            let (left, next) =
                (u32::try_from(trials - count).unwrap(), u32::try_from(count + 1).unwrap());
            term *= f64::from(left) / f64::from(next) * rate / (1.0 - rate);
            sum += term;
        }
        assert!((sum - 0.05).abs() < 1e-6, "{seen} of {trials}: {sum}");
    }
}
