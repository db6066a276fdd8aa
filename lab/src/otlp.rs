//! OTLP in protobuf or JSON → spans, and the answer to them. Source: opentelemetry-proto, `trace/v1/trace.proto`.

use crate::trace::{Kind, Span};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span as WireSpan;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use std::collections::BTreeMap;

/// The resource attribute that names the service of all its spans.
const SERVICE_NAME: &str = "service.name";

/// The form of an export request, by its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Protobuf,
    Json,
}

/// What an export request holds.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Export {
    /// Each with the id of its trace.
    pub(crate) spans: Vec<(String, Span)>,
    /// How many spans had ids that are none.
    pub(crate) rejected: usize,
}

impl Encoding {
    pub(crate) const PROTOBUF: &str = "application/x-protobuf";
    pub(crate) const JSON: &str = "application/json";

    pub(crate) fn of(content_type: &str) -> Option<Self> {
        match content_type.split(';').next().unwrap_or_default().trim() {
            Self::PROTOBUF => Some(Self::Protobuf),
            Self::JSON => Some(Self::Json),
            _ => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Protobuf => Self::PROTOBUF,
            Self::Json => Self::JSON,
        }
    }
}

/// Reads an export request.
///
/// # Errors
/// When `body` is none in this encoding.
pub(crate) fn spans(body: &[u8], encoding: Encoding) -> Result<Export, String> {
    let request = match encoding {
        Encoding::Protobuf => {
            ExportTraceServiceRequest::decode(body).map_err(|error| error.to_string())?
        }
        Encoding::Json => serde_json::from_slice(body).map_err(|error| error.to_string())?,
    };
    let mut export = Export::default();
    for resource in request.resource_spans {
        let attributes =
            resource.resource.map(|resource| tags(resource.attributes)).unwrap_or_default();
        let service = attributes.get(SERVICE_NAME).cloned().unwrap_or_default();
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            if is_id(&span.trace_id, 16) && is_id(&span.span_id, 8) {
                export.spans.push((hex(&span.trace_id), read(span, &service)));
            } else {
                export.rejected += 1;
            }
        }
    }
    Ok(export)
}

/// An id has its length, and is not all zeros: `trace/v1/trace.proto`.
fn is_id(bytes: &[u8], length: usize) -> bool {
    bytes.len() == length && bytes.iter().any(|byte| *byte != 0)
}

/// The answer to an export of which so many spans were not kept.
pub(crate) fn answer(rejected: usize, encoding: Encoding) -> Vec<u8> {
    let partial = (rejected > 0).then(|| ExportTracePartialSuccess {
        rejected_spans: i64::try_from(rejected).unwrap_or(i64::MAX),
        error_message: "the ids of a span are none, or its trace has too many spans".into(),
    });
    let answer = ExportTraceServiceResponse { partial_success: partial };
    match encoding {
        Encoding::Protobuf => answer.encode_to_vec(),
        // Numbers and text are always JSON.
        Encoding::Json => serde_json::to_vec(&answer).unwrap_or_default(),
    }
}

fn read(span: WireSpan, service: &str) -> Span {
    let kind = match span.kind() {
        SpanKind::Client | SpanKind::Producer => Kind::Client,
        SpanKind::Server | SpanKind::Consumer => Kind::Server,
        SpanKind::Internal | SpanKind::Unspecified => Kind::Internal,
    };
    Span {
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        service: service.to_owned(),
        operation: span.name,
        kind,
        start: span.start_time_unix_nano / 1000,
        duration: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) / 1000,
        tags: tags(span.attributes),
    }
}

fn tags(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes
        .into_iter()
        .map(|attribute| (attribute.key, attribute.value.map(text).unwrap_or_default()))
        .collect()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(Value::StringValue(text)) => text,
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(Value::BytesValue(bytes)) => hex(&bytes),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
