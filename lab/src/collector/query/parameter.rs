//! The parameters of a query, as Go reads them: text → value, or what is malformed.

use crate::jaeger::Refusal;
use crate::topology::duration;
use poem::http::StatusCode;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Names and values in the order of the query.
#[derive(Debug)]
pub(super) struct Parameters(pub(super) Vec<(String, String)>);

impl Parameters {
    /// The first value of this name; none if that is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let first = self.0.iter().find(|(known, _)| known == name);
        first.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A value that is read in some way.
    ///
    /// # Errors
    /// When it is there, and cannot be read so.
    pub(super) fn read<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Refusal> {
        let malformed = |error: String| Refusal {
            http_code: StatusCode::BAD_REQUEST.as_u16(),
            message: format!("malformed parameter {name}: {error}"),
        };
        self.get(name).map(|value| read(value).map_err(malformed)).transpose()
    }
}

/// Nanoseconds since 1970 of a time in RFC 3339: `time.Parse(time.RFC3339Nano, …)`, which wants the letters `T` and `Z`
/// as they are written here, and takes a comma for the point before the fraction.
pub(super) fn time(text: &str) -> Result<i128, String> {
    let malformed = |error: &str| format!("parsing time {text:?}: {error}");
    if text.as_bytes().get(10) != Some(&b'T') || text.ends_with('z') {
        return Err(malformed("not as in 2006-01-02T15:04:05Z"));
    }
    let time = OffsetDateTime::parse(&text.replace(',', "."), &Rfc3339);
    time.map(OffsetDateTime::unix_timestamp_nanos).map_err(|error| malformed(&error.to_string()))
}

/// `strconv.Atoi`.
pub(super) fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|error| format!("parsing {text:?}: {error}"))
}

/// Nanoseconds of a duration such as `1m30s`, `250us` or `-1s`: `time.ParseDuration`.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit is refused below")]
pub(super) fn duration(text: &str) -> Result<i128, String> {
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let seconds = if size == "0" { Some(0.0) } else { duration::parse(size) };
    let nanoseconds = seconds.map(|seconds| (seconds * 1e9).round() as i128);
    // Go has 64 bits for it: some 292 years.
    let nanoseconds = nanoseconds.filter(|size| *size <= i128::from(i64::MAX));
    nanoseconds.map(|size| sign * size).ok_or_else(|| format!("time: invalid duration {text:?}"))
}

/// `strconv.ParseBool`.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("parsing {text:?}: invalid syntax")),
    }
}

/// The 32 lower-case digits of an id that may be shorter: `TraceIDFromString` in `model/v1/ids.go` of jaeger-idl.
pub(super) fn trace_id(text: &str) -> Result<String, String> {
    if text.len() > 32 {
        return Err(format!("TraceID cannot be longer than 32 hex characters: {text}"));
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("parsing {text:?}: invalid syntax"));
    }
    Ok(format!("{:0>32}", text.to_ascii_lowercase()))
}
