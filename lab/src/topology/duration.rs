//! A duration as Istio's objects write it (Go's `time.ParseDuration`) → the form that Envoy's JSON takes.

/// The units of Go's durations, in seconds. Longer names first: `ms` begins like `m`.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("\u{b5}s", 1e-6),
    ("\u{3bc}s", 1e-6),
    ("ms", 0.001),
    ("h", 3600.0),
    ("m", 60.0),
    ("s", 1.0),
];

/// Reads `1.5s`, `300ms` or `1m30s` as a number of seconds; anything else is none.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits =
            rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, after) = rest.split_at(digits);
        let (unit, factor) = UNITS.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        seconds += number.parse::<f64>().ok()? * factor;
        rest = &after[unit.len()..];
    }
    (!text.is_empty()).then_some(seconds)
}

/// The JSON form of `google.protobuf.Duration`: seconds with at most nine decimals.
pub(crate) fn envoy(text: &str) -> Option<String> {
    let decimal = format!("{:.9}", parse(text)?);
    let short = decimal.trim_end_matches('0').trim_end_matches('.');
    Some(format!("{short}s"))
}
