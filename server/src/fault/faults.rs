//! Flags or the JSON of the admin listener go in, the faults they ask for come out.

use std::{fmt, str::FromStr};

use clap::Args;
use poem::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::delay::Delay;
use crate::value::NotAccepted;

/// All are off but the delay, which the demo has from the start. In JSON, what is left out is off.
#[derive(Debug, Clone, PartialEq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Faults")]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// How slow each hello is: as given, evenly from a range, or by percentiles, in milliseconds
    #[arg(long = "delay-ms", env = "DELAY_MS", value_name = "DELAY", default_value = "10..2000")]
    #[serde(rename = "delay_ms")]
    pub delay: Delay,

    /// Part of the hellos that fail after their delay, from 0 to 1
    #[arg(long, env = "ERROR_RATE", value_name = "RATE", default_value = "0")]
    pub error_rate: Rate,

    /// Status of those that fail
    #[arg(long, env = "ERROR_STATUS", value_name = "STATUS", default_value = "500")]
    pub error_status: ErrorStatus,

    /// Every hello fails at once with 500, while the probes stay green
    #[arg(long, env = "SICK", value_name = "true|false", num_args = 0..=1, default_value = "false", default_missing_value = "true", value_parser = yes_or_no, action = clap::ArgAction::Set)]
    pub sick: bool,

    /// `/readyz` says 503, and everything else goes on
    #[arg(long, env = "UNREADY", value_name = "true|false", num_args = 0..=1, default_value = "false", default_missing_value = "true", value_parser = yes_or_no, action = clap::ArgAction::Set)]
    pub unready: bool,

    /// With one seed, requests with the same `x-request-id` fare the same; drawn and shown by `/faults` if not given
    #[arg(long, env = "SEED", value_name = "NUMBER", value_parser = seed)]
    pub seed: Option<u64>,
}

impl Faults {
    pub const NONE: Self = Self {
        delay: Delay::NONE,
        error_rate: Rate::ZERO,
        error_status: ErrorStatus(StatusCode::INTERNAL_SERVER_ERROR),
        sick: false,
        unready: false,
        seed: None,
    };
}

impl fmt::Display for Faults {
    /// As JSON, which the admin listener understands.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::NONE
    }
}

/// A part of the whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

impl Rate {
    pub const ZERO: Self = Self(0.0);

    /// True for this part of all draws; what a lower rate covers, a higher one covers too.
    #[expect(clippy::cast_precision_loss, reason = "the 53 bits that are left fit")]
    pub(super) fn covers(self, draw: u64) -> bool {
        ((draw >> 11) as f64) < self.0 * 2_f64.powi(53)
    }
}

const RATE_FORM: &str = "a number from 0 to 1, for example 0.25";

impl TryFrom<f64> for Rate {
    type Error = NotAccepted;

    fn try_from(rate: f64) -> Result<Self, NotAccepted> {
        if !(0.0..=1.0).contains(&rate) {
            return Err(NotAccepted::new(format!("{rate} is out of range"), RATE_FORM));
        }
        Ok(Self(rate))
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

impl FromStr for Rate {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        let rate: f64 = text.trim().parse().map_err(|error| NotAccepted::new(error, RATE_FORM))?;
        rate.try_into()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A status that counts as an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct ErrorStatus(pub(super) StatusCode);

const STATUS_FORM: &str = "a status from 400 to 599, for example 503";

impl TryFrom<u16> for ErrorStatus {
    type Error = NotAccepted;

    fn try_from(code: u16) -> Result<Self, NotAccepted> {
        let status = StatusCode::from_u16(code).ok();
        let status = status.filter(|status| status.is_client_error() || status.is_server_error());
        status.map(Self).ok_or_else(|| NotAccepted::new(format!("{code} is no error"), STATUS_FORM))
    }
}

impl From<ErrorStatus> for u16 {
    fn from(status: ErrorStatus) -> Self {
        status.0.as_u16()
    }
}

impl FromStr for ErrorStatus {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        let code: u16 =
            text.trim().parse().map_err(|error| NotAccepted::new(error, STATUS_FORM))?;
        code.try_into()
    }
}

fn yes_or_no(text: &str) -> Result<bool, NotAccepted> {
    text.parse().map_err(|_| NotAccepted::new("neither yes nor no", "true or false"))
}

fn seed(text: &str) -> Result<u64, NotAccepted> {
    let form = "a whole number from 0 on, for example 42";
    text.trim().parse().map_err(|error| NotAccepted::new(error, form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_covers_its_part_of_the_draws() {
        let part = |rate: &str, draw| rate.parse::<Rate>().unwrap().covers(draw);
        assert_eq!([0, u64::MAX].map(|draw| part("0", draw)), [false, false]);
        assert_eq!([0, u64::MAX].map(|draw| part("1", draw)), [true, true]);
        assert_eq!([u64::MAX / 4 - 1, u64::MAX / 2].map(|draw| part("0.25", draw)), [true, false]);
    }

    #[test]
    fn what_is_left_out_of_the_json_is_off() {
        let faults: Faults = serde_json::from_str(r#"{"sick": true, "delay_ms": "5"}"#).unwrap();
        assert_eq!(faults, Faults { sick: true, delay: Delay::Fixed(5), ..Faults::NONE });
        assert_eq!(
            Faults::NONE.to_string(),
            r#"{"delay_ms":"0","error_rate":0.0,"error_status":500,"sick":false,"unready":false,"seed":null}"#
        );
    }
}
