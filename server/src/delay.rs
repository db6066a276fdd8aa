//! A range of milliseconds goes in, a wait of a random length within it comes out.

use std::{fmt, str::FromStr, time::Duration};

use thiserror::Error;

/// Both ends are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayRange {
    minimum: u64,
    maximum: u64,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum DelayRangeError {
    #[error("`{0}` is not a range: write `MIN..MAX`, for example `10..2000`")]
    NotARange(String),
    #[error("`{0}` is not a whole number of milliseconds")]
    NotANumber(String),
    #[error("the minimum `{minimum}` is above the maximum `{maximum}`")]
    Reversed { minimum: u64, maximum: u64 },
}

impl DelayRange {
    pub const NONE: Self = Self { minimum: 0, maximum: 0 };

    #[expect(clippy::disallowed_methods, reason = "letting time pass is what this module is for")]
    pub(crate) async fn wait(self) {
        let delay = self.pick();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }

    fn pick(self) -> Duration {
        Duration::from_millis(fastrand::u64(self.minimum..=self.maximum))
    }
}

impl FromStr for DelayRange {
    type Err = DelayRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (minimum, maximum) =
            text.split_once("..").ok_or_else(|| DelayRangeError::NotARange(text.to_owned()))?;
        let (minimum, maximum) = (milliseconds(minimum)?, milliseconds(maximum)?);
        if minimum > maximum {
            return Err(DelayRangeError::Reversed { minimum, maximum });
        }
        Ok(Self { minimum, maximum })
    }
}

impl fmt::Display for DelayRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}..{}", self.minimum, self.maximum)
    }
}

fn milliseconds(text: &str) -> Result<u64, DelayRangeError> {
    text.trim().parse().map_err(|_| DelayRangeError::NotANumber(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match text.parse::<DelayRange>() {
            Ok(range) => range.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "for `{text}`");
    }

    #[test]
    fn a_range_is_read_or_the_error_says_what_is_wrong() {
        check("10..2000", "10..2000");
        check("0..0", "0..0");
        check(" 1 .. 2 ", "1..2");
        check("7..7", "7..7");
        check("10", "`10` is not a range: write `MIN..MAX`, for example `10..2000`");
        check("", "`` is not a range: write `MIN..MAX`, for example `10..2000`");
        check("..5", "`` is not a whole number of milliseconds");
        check("1..=5", "`=5` is not a whole number of milliseconds");
        check("-1..5", "`-1` is not a whole number of milliseconds");
        check("1.5..2", "`1.5` is not a whole number of milliseconds");
        check("20..10", "the minimum `20` is above the maximum `10`");
    }

    #[test]
    fn every_length_of_the_range_is_drawn_and_no_other() {
        let range: DelayRange = "3..5".parse().unwrap();
        let mut drawn: Vec<u128> = (0..500).map(|_| range.pick().as_millis()).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, [3, 4, 5]);
    }

    #[test]
    fn the_empty_range_draws_zero() {
        assert_eq!(DelayRange::NONE.pick(), Duration::ZERO);
    }
}
