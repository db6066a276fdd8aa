//! The law that every duration is one that Istio takes: 100 and `1 s` are none, and whoever wants no limit leaves it out.
//!
//! Source: Istio's webhook, `ValidateDuration` in `pkg/config/validation/agent/validation.go` and whoever calls it in
//! `pkg/config/validation/validation.go`; `time.ParseDuration` of Go for what is a duration at all.

use super::traffic_policy::{durations, each_policy};
use super::world::World;
use super::{Findings, Kind, Law, rule};
use crate::object::Manifest;
use kcr_networking_istio_io::v1::virtualservices::VirtualServiceHttp;

pub(super) const DURATION: Law = Law {
    name: "duration",
    istio: Some("IST0106"),
    rule: "every duration is one of Go, at least a millisecond, in whole milliseconds",
    kind: Kind::Traffic,
    check: duration,
};

/// What Istio asks of a duration.
#[derive(Clone, Copy)]
enum Wanted {
    Milliseconds,
    /// Zero switches the limit off.
    MillisecondsOrZero,
    /// A header says it to browsers, in seconds.
    Seconds,
}
use Wanted::{Milliseconds, MillisecondsOrZero, Seconds};

/// A field below the one that is asked about, what stands there, and what should.
type Durations<'a, const COUNT: usize> = [(&'static str, Option<&'a String>, Wanted); COUNT];

fn duration(world: &World<'_>, findings: &mut Findings<'_>) {
    rule::each(world, |manifest, field, http| {
        add(findings, manifest, &field, of_rule(http));
    });
    for rule in world.rules.values().flatten() {
        each_policy!(rule.object.spec, |field, policy| {
            add(findings, rule.manifest, &field, durations!(policy));
        });
    }
}

fn of_rule(http: &VirtualServiceHttp) -> Durations<'_, 5> {
    let VirtualServiceHttp { cors_policy, fault, retries, timeout, .. } = http;
    let delay = fault.as_ref().and_then(|fault| fault.delay.as_ref()?.fixed_delay.as_ref());
    let (retry, backoff) = retries.as_ref().map_or((None, None), |retries| {
        (retries.per_try_timeout.as_ref(), retries.backoff.as_ref())
    });
    let age = cors_policy.as_ref().and_then(|policy| policy.max_age.as_ref());
    [
        ("timeout", timeout.as_ref(), Milliseconds),
        ("retries.perTryTimeout", retry, Milliseconds),
        ("retries.backoff", backoff, Milliseconds),
        ("fault.delay.fixedDelay", delay, Milliseconds),
        ("corsPolicy.maxAge", age, Seconds),
    ]
}

fn add<const COUNT: usize>(
    findings: &mut Findings<'_>,
    manifest: &Manifest,
    field: &str,
    durations: Durations<'_, COUNT>,
) {
    for (name, text, wanted) in durations {
        let Some(text) = text else { continue };
        if let Some((reason, hint)) = refused(text, wanted) {
            let message = format!("`{text}` {reason}");
            findings.add(manifest, format!("{field}.{name}"), message, hint);
        }
    }
}

/// Why Istio refuses a duration, and how to mend it.
fn refused(text: &str, wanted: Wanted) -> Option<(&'static str, &'static str)> {
    const MILLISECOND: i64 = 1_000_000;
    const SECOND: i64 = 1_000 * MILLISECOND;
    let Some(time) = nanoseconds(text) else {
        return Some((
            "is not a duration",
            "write a number and its unit, such as 1.5s, 10ms or 1h",
        ));
    };
    match wanted {
        MillisecondsOrZero if time / MILLISECOND == 0 => None,
        Seconds if time >= MILLISECOND && time % SECOND != 0 => {
            Some(("is not a number of whole seconds", "round it to seconds"))
        }
        _ if time < MILLISECOND => {
            let hint = "write at least 1ms, or leave the field out to have no limit of your own";
            Some(("is shorter than a millisecond", hint))
        }
        _ if time % MILLISECOND != 0 => {
            Some(("is not a number of whole milliseconds", "round it to milliseconds"))
        }
        _ => None,
    }
}

/// A duration as Go writes it: a sign, then numbers, each with its unit, without spaces.
fn nanoseconds(text: &str) -> Option<i64> {
    const UNITS: [(&str, i128); 8] = [
        ("ns", 1),
        ("us", 1_000),
        // The sign of micro, and the Greek letter.
        ("\u{b5}s", 1_000),
        ("\u{3bc}s", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let of_number = |symbol: char| symbol.is_ascii_digit() || symbol == '.';
    let mut sum: i128 = 0;
    loop {
        let (number, after) = rest.split_at(rest.find(|symbol| !of_number(symbol))?);
        let (unit, after) = after.split_at(after.find(of_number).unwrap_or(after.len()));
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let parts = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        sum = sum.checked_add(digits.checked_mul(*size)? / parts)?;
        if after.is_empty() {
            return i64::try_from(sign * sum).ok();
        }
        rest = after;
    }
}
