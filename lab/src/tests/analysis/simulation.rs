//! Simulated releases: the analysis errs no more often than it promises.

use crate::analysis::Criteria;
use crate::analysis::simulation::{Row, Simulation, simulate};
use statrs::distribution::{Binomial, DiscreteCDF};

const RELEASES: u32 = 200;

fn simulation(releases: u32, seed: u64) -> Simulation {
    let criteria = Criteria::default();
    Simulation { steps: vec![5, 25, 50, 100], criteria, releases, requests: 5000, seed }
}

/// So many of the releases may err if each errs with probability α: more happen once in 10,000 times.
fn most_errors(error: f64) -> u64 {
    Binomial::new(error, u64::from(RELEASES)).unwrap().inverse_cdf(0.9999)
}

#[test]
fn a_good_release_is_aborted_and_a_bad_one_promoted_no_more_often_than_promised() {
    let simulation = simulation(RELEASES, 20_261_124);
    let rows = simulate(&simulation).unwrap();
    let most = most_errors(simulation.criteria.error);
    for row in &rows {
        println!("{row:?}");
        assert_eq!(row.promoted + row.aborted + row.held, RELEASES, "each has ended: {row:?}");
        assert!(!row.good || u64::from(row.aborted) <= most, "aborted though it is good: {row:?}");
        assert!(!row.bad || u64::from(row.promoted) <= most, "promoted though it is bad: {row:?}");
    }
    // Who never decides never errs: these are so clear that most must be decided.
    let half = |kind: &str, count: fn(&Row) -> u32| {
        let row = rows.iter().find(|row| row.kind == kind).expect("a kind");
        assert!(count(row) > RELEASES / 2, "{row:?}");
    };
    half("the lane is like its baseline", |row| row.promoted);
    half("the lane fails 20 points more often", |row| row.aborted);
    half("the lane is slow 30 points more often", |row| row.aborted);
}

#[test]
fn a_seed_is_a_simulation() {
    let rows = |seed| simulate(&simulation(3, seed)).unwrap();
    assert_eq!(rows(7), rows(7));
    assert_ne!(rows(7), rows(8), "another seed, other requests");
}
