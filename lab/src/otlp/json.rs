//! OTLP's JSON as Jaeger writes it ↔ OTLP's types.
//!
//! Ids are hexadecimal, other bytes base64, enums numbers, 64-bit numbers strings: "JSON Protobuf Encoding" in the
//! OpenTelemetry Protocol Specification. A member that has its default is left out, but for `resource`, `scope`, `status`
//! and the `value` of an attribute: `pdata/internal/generated_proto_*.go` of opentelemetry-collector 0.148, with which
//! Jaeger 2.17 writes (`internal/jptrace/traces.go`). The types' own reader wants some of what is left out.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Error, Value, json};

/// What is written even if it is empty.
const ALWAYS: [&str; 4] = ["resource", "scope", "status", "value"];

/// Reads one JSON value.
///
/// # Errors
/// When `body` is no JSON, or not of this type.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_value(with_defaults(serde_json::from_slice(body)?))
}

/// Reads JSON values that follow each other.
///
/// # Errors
/// When one of them is no JSON, or not of this type.
pub(crate) fn read_each<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, Error> {
    let values = Deserializer::from_slice(body).into_iter::<Value>();
    values.map(|value| serde_json::from_value(with_defaults(value?))).collect()
}

/// Writes a value as Jaeger would. A double that is no number is left out: the types write it as `null`.
///
/// # Errors
/// When a map has keys that are no text.
pub(crate) fn write(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(&without_defaults(serde_json::to_value(value)?))
}

fn without_defaults(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_defaults).collect(),
        Value::Object(members) => {
            let written = |(key, value): (String, Value)| {
                let value = match value {
                    Value::Null if ALWAYS.contains(&key.as_str()) => json!({}),
                    value => without_defaults(value),
                };
                (!is_default(&key, &value)).then_some((key, value))
            };
            Value::Object(members.into_iter().filter_map(written).collect())
        }
        other => other,
    }
}

fn is_default(key: &str, value: &Value) -> bool {
    // The value of an attribute tells its type, so it is written even if it is empty.
    if key.ends_with("Value") {
        return value.is_null();
    }
    match value {
        Value::Null => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => {
            let no_time = key.ends_with("UnixNano") && text == "0";
            let no_id = key.ends_with("Id") && text.bytes().all(|digit| digit == b'0');
            text.is_empty() || no_time || no_id
        }
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Object(_) => false,
    }
}

fn with_defaults(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(with_defaults).collect(),
        Value::Object(mut members) => {
            for list in ["arrayValue", "kvlistValue"] {
                if let Some(Value::Object(list)) = members.get_mut(list) {
                    list.entry("values").or_insert_with(|| json!([]));
                }
            }
            if members.contains_key("value") {
                members.entry("key").or_insert_with(|| json!(""));
            }
            // `NaN` and `Infinity`, which are no numbers in JSON.
            if let Some(Value::String(text)) = members.get("doubleValue") {
                members = serde_json::Map::from_iter([("stringValue".to_owned(), json!(text))]);
            }
            let whole = |(key, value)| (key, with_defaults(value));
            Value::Object(members.into_iter().map(whole).collect())
        }
        other => other,
    }
}
