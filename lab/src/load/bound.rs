//! How often something was seen in how many trials → the share that it has at most, with a given confidence.

use statrs::distribution::{Beta, ContinuousCDF};

/// The probability that a share is above its bound, where nothing else is asked for.
const ERROR: f64 = 0.05;

/// The upper bound with 95 % confidence.
pub(crate) fn upper(seen: u64, trials: u64) -> f64 {
    upper_at(seen, trials, ERROR)
}

/// The one-sided upper bound of Clopper and Pearson, which holds for any number of trials; without a trial, all of them.
/// The true share is above it with a probability of at most `error`.
///
/// Source: C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the
/// binomial", Biometrika 26 (1934). For none seen it is 1 - error^(1/n), about 3/n for an error of 0.05.
pub(crate) fn upper_at(seen: u64, trials: u64, error: f64) -> f64 {
    if seen >= trials {
        return 1.0;
    }
    if seen == 0 {
        // The same bound in closed form: the quantile is searched for, this is exact.
        return -(error.ln() / as_f64(trials)).exp_m1();
    }
    Beta::new(as_f64(seen) + 1.0, as_f64(trials - seen))
        .map_or(1.0, |beta| beta.inverse_cdf(1.0 - error))
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
pub(crate) fn as_f64(count: u64) -> f64 {
    count as f64
}
