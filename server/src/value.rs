//! The text of a flag goes in, its value comes out, or one sentence that ends with the accepted form.

use std::{fmt::Display, net::SocketAddr, str::FromStr, time::Duration};

use thiserror::Error;

/// Why a text is not accepted, and what would be.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{reason}: write {form}")]
pub struct NotAccepted {
    reason: String,
    form: &'static str,
}

impl NotAccepted {
    /// `form` says what to write, with an example.
    pub(crate) fn new(reason: impl Display, form: &'static str) -> Self {
        Self { reason: reason.to_string(), form }
    }
}

/// A whole number of milliseconds, zero included.
pub(crate) fn milliseconds(text: &str) -> Result<Duration, NotAccepted> {
    number(text, 0, "a whole number of milliseconds, for example 5000").map(Duration::from_millis)
}

/// A whole number of milliseconds; at zero everything would be late.
pub(crate) fn time_limit(text: &str) -> Result<Duration, NotAccepted> {
    number(text, 1, "a whole number of milliseconds from 1 on, for example 5000")
        .map(Duration::from_millis)
}

/// A whole number from 1 on.
pub(crate) fn count(text: &str) -> Result<usize, NotAccepted> {
    number(text, 1, "a whole number from 1 on, for example 4096")
}

/// A whole number of bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, NotAccepted> {
    number(text, 0, "a whole number of bytes, for example 1048576")
}

/// A whole number of bytes; hyper reads a head into a buffer of no less than 8 KiB.
pub(crate) fn head_bytes(text: &str) -> Result<usize, NotAccepted> {
    number(text, 8192, "a whole number of bytes from 8192 on, for example 65536")
}

/// Text for headers, labels and JSON alike.
pub(crate) fn visible(text: &str) -> Result<String, NotAccepted> {
    let form = "visible ASCII characters, for example v1";
    let hidden = text.chars().find(|character| !character.is_ascii_graphic());
    hidden.map_or_else(
        || Ok(text.to_owned()),
        |character| Err(NotAccepted::new(format!("{character:?} is not accepted"), form)),
    )
}

pub(crate) fn address(text: &str) -> Result<SocketAddr, NotAccepted> {
    let form = "ADDRESS:PORT, for example 0.0.0.0:8080 or [::]:8080";
    text.parse().map_err(|_| NotAccepted::new("not an IP address with a port", form))
}

fn number<N: FromStr<Err: Display> + PartialOrd + From<u16> + Display>(
    text: &str,
    least: u16,
    form: &'static str,
) -> Result<N, NotAccepted> {
    let number: N = text.trim().parse().map_err(|error| NotAccepted::new(error, form))?;
    let least = N::from(least);
    if number < least {
        return Err(NotAccepted::new(format!("{number} is below {least}"), form));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: std::fmt::Debug + PartialEq>(
        found: Result<T, NotAccepted>,
        expected: Result<T, &str>,
    ) {
        assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn a_number_is_read_or_the_error_ends_with_the_accepted_form() {
        check(milliseconds("0"), Ok(Duration::ZERO));
        check(time_limit(" 7 "), Ok(Duration::from_millis(7)));
        let form = "write a whole number of milliseconds from 1 on, for example 5000";
        check(time_limit("0"), Err(&format!("0 is below 1: {form}")));
        check(time_limit("5s"), Err(&format!("invalid digit found in string: {form}")));
        check(
            count(""),
            Err(
                "cannot parse integer from empty string: write a whole number from 1 on, for example 4096",
            ),
        );
        check(
            head_bytes("8191"),
            Err(
                "8191 is below 8192: write a whole number of bytes from 8192 on, for example 65536",
            ),
        );
    }

    #[test]
    fn an_address_has_a_port() {
        check(address("[::1]:80"), Ok(([0, 0, 0, 0, 0, 0, 0, 1], 80).into()));
        let refused = "not an IP address with a port: write ADDRESS:PORT, for example 0.0.0.0:8080 or [::]:8080";
        check(address("127.0.0.1"), Err(refused));
        check(address("localhost:80"), Err(refused));
    }
}
