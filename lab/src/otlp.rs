//! OTLP, as Envoy's tracer sends it → spans. Source: opentelemetry-proto, `trace/v1/trace.proto`.

use crate::trace::{Kind, Span};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span as WireSpan;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use std::collections::BTreeMap;

/// The resource attribute that names the service of all its spans.
const SERVICE_NAME: &str = "service.name";

/// Reads an export request; each span with the id of its trace.
///
/// # Errors
/// When `body` is not the protobuf form of an export request.
pub(crate) fn spans(body: &[u8]) -> Result<Vec<(String, Span)>, prost::DecodeError> {
    let request = ExportTraceServiceRequest::decode(body)?;
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let attributes =
            resource.resource.map(|resource| tags(resource.attributes)).unwrap_or_default();
        let service = attributes.get(SERVICE_NAME).cloned().unwrap_or_default();
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push((hex(&span.trace_id), read(span, &service)));
        }
    }
    Ok(spans)
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
