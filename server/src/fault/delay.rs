//! How slow a hello is goes in as text; a duration for each draw comes out.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::value::NotAccepted;

/// In milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Delay {
    Fixed(u64),
    /// Every whole millisecond between both ends, which are included, with equal chance.
    Range {
        minimum: u64,
        maximum: u64,
    },
    /// So many in a hundred are at most so slow; between those points, and from 0 to the first, evenly spread.
    /// Nothing is slower than `p99`.
    Percentiles {
        p50: u64,
        p90: u64,
        p99: u64,
    },
}

impl Delay {
    pub const NONE: Self = Self::Fixed(0);

    /// `draw` is any number; equally likely ones give the distribution.
    pub(crate) fn at(self, draw: u64) -> Duration {
        match self {
            Self::Fixed(milliseconds) => Duration::from_millis(milliseconds),
            Self::Range { minimum, maximum } => {
                // The high half of the product is evenly spread over the range.
                let lengths = u128::from(maximum - minimum) + 1;
                let offset = (u128::from(draw) * lengths) >> u64::BITS;
                Duration::from_millis(minimum + u64::try_from(offset).unwrap_or(0))
            }
            Self::Percentiles { p50, p90, p99 } => {
                let points = [(0, 0), (500, p50), (900, p90), (990, p99), (1000, p99)];
                interpolated(
                    points,
                    u64::try_from((u128::from(draw) * 1_000_000) >> u64::BITS).unwrap_or(0),
                )
            }
        }
    }
}

/// The points are (thousandths, milliseconds), `at` is in millionths.
fn interpolated(points: [(u64, u64); 5], at: u64) -> Duration {
    let after = points.partition_point(|(thousandths, _)| thousandths * 1000 <= at).min(4);
    let ((left, low), (right, high)) = (points[after - 1], points[after]);
    let (width, into) = ((right - left) * 1000, at - left * 1000);
    let rise = u128::from(high - low) * 1_000_000 * u128::from(into) / u128::from(width);
    Duration::from_millis(low) + Duration::from_nanos(u64::try_from(rise).unwrap_or(u64::MAX))
}

const FORM: &str = "MILLISECONDS, MIN..MAX or p50=MS,p90=MS,p99=MS, for example 100, 10..2000 or p50=20,p90=80,p99=400";
/// An hour: nobody waits for longer, and sums of such delays stay far from any overflow.
const LONGEST: u64 = 3_600_000;

impl FromStr for Delay {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        if let Some((minimum, maximum)) = text.split_once("..") {
            let (minimum, maximum) = (milliseconds(minimum)?, milliseconds(maximum)?);
            rising(&[("minimum", minimum), ("maximum", maximum)])?;
            return Ok(Self::Range { minimum, maximum });
        }
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        if let [p50, p90, p99] = parts[..] {
            let point = |part: &str, name: &str| match part.strip_prefix(name) {
                Some(value) => milliseconds(value),
                None => {
                    Err(NotAccepted::new(format!("`{part}` does not begin with `{name}`"), FORM))
                }
            };
            let (p50, p90, p99) = (point(p50, "p50=")?, point(p90, "p90=")?, point(p99, "p99=")?);
            rising(&[("p50", p50), ("p90", p90), ("p99", p99)])?;
            return Ok(Self::Percentiles { p50, p90, p99 });
        }
        milliseconds(text).map(Self::Fixed)
    }
}

fn rising(points: &[(&str, u64)]) -> Result<(), NotAccepted> {
    let falls = points.windows(2).find(|pair| pair[0].1 > pair[1].1);
    falls.map_or(Ok(()), |pair| {
        let [(lower, low), (higher, high)] = [pair[0], pair[1]];
        Err(NotAccepted::new(format!("the {lower} `{low}` is above the {higher} `{high}`"), FORM))
    })
}

fn milliseconds(text: &str) -> Result<u64, NotAccepted> {
    let not_a_number = || format!("`{text}` is not a whole number of milliseconds up to {LONGEST}");
    let number = text.trim().parse().ok().filter(|number| *number <= LONGEST);
    number.ok_or_else(|| NotAccepted::new(not_a_number(), FORM))
}

impl fmt::Display for Delay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(milliseconds) => milliseconds.fmt(formatter),
            Self::Range { minimum, maximum } => write!(formatter, "{minimum}..{maximum}"),
            Self::Percentiles { p50, p90, p99 } => {
                write!(formatter, "p50={p50},p90={p90},p99={p99}")
            }
        }
    }
}

impl TryFrom<String> for Delay {
    type Error = NotAccepted;

    fn try_from(text: String) -> Result<Self, NotAccepted> {
        text.parse()
    }
}

impl From<Delay> for String {
    fn from(delay: Delay) -> Self {
        delay.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match text.parse::<Delay>() {
            Ok(delay) => delay.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "for `{text}`");
    }

    #[track_caller]
    fn check_refused(text: &str, reason: &str) {
        check(text, &format!("{reason}: write {FORM}"));
    }

    #[test]
    fn a_delay_is_read_or_the_error_says_what_is_wrong() {
        check("10..2000", "10..2000");
        check("0..0", "0..0");
        check(" 1 .. 2 ", "1..2");
        check("7", "7");
        check("p50=1,p90=2, p99=2", "p50=1,p90=2,p99=2");
        let no_number =
            |text: &str| format!("`{text}` is not a whole number of milliseconds up to 3600000");
        for (text, part) in [
            ("", ""),
            ("..5", ""),
            ("1..=5", "=5"),
            ("-1..5", "-1"),
            ("1.5..2", "1.5"),
            ("3600001", "3600001"),
            ("p50=1", "p50=1"),
            ("p50=1,p90=x,p99=2", "x"),
        ] {
            check_refused(text, &no_number(part));
        }
        check_refused("20..10", "the minimum `20` is above the maximum `10`");
        check_refused("p50=1,p90=3,p99=2", "the p90 `3` is above the p99 `2`");
        check_refused("p50=1,p95=3,p99=2", "`p95=3` does not begin with `p90=`");
    }

    /// In microseconds.
    fn at(delay: &str, part: f64) -> u128 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of the whole"
        )]
        let draw = (part * 2_f64.powi(64)) as u64;
        delay.parse::<Delay>().unwrap().at(draw).as_micros()
    }

    #[test]
    fn every_length_of_a_range_is_drawn_and_no_other() {
        let drawn = [0.0, 0.33, 0.34, 0.66, 0.67, 1.0].map(|part| at("3..5", part));
        assert_eq!(drawn, [3000, 3000, 4000, 4000, 5000, 5000]);
        assert_eq!(at("7..7", 0.5), 7000);
    }

    #[test]
    fn percentiles_are_met_and_nothing_is_slower_than_the_last() {
        for (part, microseconds) in [
            (0.0, 0),
            (0.25, 10_000),
            (0.5, 20_000),
            (0.7, 50_000),
            (0.9, 80_000),
            (0.99, 400_000),
            (1.0, 400_000),
        ] {
            let found = at("p50=20,p90=80,p99=400", part);
            // A draw is a millionth off at most, where the curve is steepest.
            assert!(found.abs_diff(microseconds) < 10, "{found} µs at {part}");
        }
        assert_eq!(at("p50=0,p90=0,p99=0", 0.6), 0);
    }
}
