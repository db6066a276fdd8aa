//! How often something was seen in how many trials → the share that it has at most, with 95 % confidence.

use statrs::distribution::{Beta, ContinuousCDF};

const CONFIDENCE: f64 = 0.95;

/// The one-sided upper bound of Clopper and Pearson, which holds for any number of trials; without a trial, all of them.
///
/// Source: C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the
/// binomial", Biometrika 26 (1934). For none seen it is 1 - 0.05^(1/n), about 3/n.
pub(crate) fn upper(seen: u64, trials: u64) -> f64 {
    if seen >= trials {
        return 1.0;
    }
    if seen == 0 {
        // The same bound in closed form: the quantile is searched for, this is exact.
        return -((1.0 - CONFIDENCE).ln() / as_f64(trials)).exp_m1();
    }
    Beta::new(as_f64(seen) + 1.0, as_f64(trials - seen))
        .map_or(1.0, |beta| beta.inverse_cdf(CONFIDENCE))
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
