//! OTLP in protobuf or JSON → spans and traces, and back to OTLP. Source: opentelemetry-proto, `trace/v1/trace.proto`.

pub(crate) mod json;

use crate::trace::{Kind, Span, Trace};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as WireSpan};
use prost::Message;
use std::collections::BTreeMap;
use std::sync::Arc;

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
    pub(crate) spans: Vec<(String, Received)>,
    /// How many spans had ids that are none.
    pub(crate) rejected: usize,
}

/// A span as it came, nothing lost: types of attributes, nanoseconds, events, links, status.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Received {
    /// The resource that made it, without the spans that came with it.
    resource: Arc<ResourceSpans>,
    /// The scope in that resource, without its spans too.
    scope: Arc<ScopeSpans>,
    pub(crate) wire: WireSpan,
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
        Encoding::Json => json::read(body).map_err(|error| error.to_string())?,
    };
    Ok(received(request.resource_spans))
}

/// Takes spans apart; those with ids that are none are counted, and gone.
fn received(resource_spans: Vec<ResourceSpans>) -> Export {
    let mut export = Export::default();
    for mut resource in resource_spans {
        let scopes = std::mem::take(&mut resource.scope_spans);
        let resource = Arc::new(resource);
        for mut scope in scopes {
            let spans = std::mem::take(&mut scope.spans);
            let scope = Arc::new(scope);
            for wire in spans {
                if is_id(&wire.trace_id, 16) && is_id(&wire.span_id, 8) {
                    let (resource, scope) = (Arc::clone(&resource), Arc::clone(&scope));
                    export.spans.push((hex(&wire.trace_id), Received { resource, scope, wire }));
                } else {
                    export.rejected += 1;
                }
            }
        }
    }
    export
}

/// The traces that these spans make, in the order in which they are first named; each with its spans in the order of
/// their start, and none twice, as an exporter that got no answer sends it.
pub(crate) fn traces(resource_spans: Vec<ResourceSpans>) -> Vec<Trace> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut traces: Vec<(String, Vec<Received>)> = Vec::new();
    for (trace, span) in received(resource_spans).spans {
        let place = *places.entry(trace.clone()).or_insert(traces.len());
        if place == traces.len() {
            traces.push((trace, Vec::new()));
        }
        traces[place].1.push(span);
    }
    let traces = traces.into_iter().map(|(id, mut spans)| {
        spans.sort_by(|a, b| (a.start(), a.id()).cmp(&(b.start(), b.id())));
        spans.dedup();
        Trace { id, spans: spans.iter().map(Span::from).collect() }
    });
    traces.collect()
}

/// Puts spans together again, under as few resources and scopes as they have.
pub(crate) fn resource_spans<'a>(
    spans: impl IntoIterator<Item = &'a Received>,
) -> Vec<ResourceSpans> {
    let mut groups: Vec<(&ResourceSpans, Vec<ScopeSpans>)> = Vec::new();
    for span in spans {
        let known = groups.iter().position(|(resource, _)| *resource == &*span.resource);
        let place = known.unwrap_or_else(|| {
            groups.push((&span.resource, Vec::new()));
            groups.len() - 1
        });
        let scopes = &mut groups[place].1;
        let is_same = |scope: &ScopeSpans| {
            (&scope.scope, &scope.schema_url) == (&span.scope.scope, &span.scope.schema_url)
        };
        if let Some(scope) = scopes.iter_mut().find(|scope| is_same(scope)) {
            scope.spans.push(span.wire.clone());
        } else {
            scopes.push(ScopeSpans { spans: vec![span.wire.clone()], ..(*span.scope).clone() });
        }
    }
    let whole = |(resource, scope_spans): (&ResourceSpans, _)| ResourceSpans {
        scope_spans,
        ..resource.clone()
    };
    groups.into_iter().map(whole).collect()
}

impl Received {
    pub(crate) fn id(&self) -> &[u8] {
        &self.wire.span_id
    }

    /// Nanoseconds since 1970.
    pub(crate) const fn start(&self) -> u64 {
        self.wire.start_time_unix_nano
    }

    /// Nanoseconds; none if it ends before it starts.
    pub(crate) const fn duration(&self) -> u64 {
        self.wire.end_time_unix_nano.saturating_sub(self.start())
    }

    /// The service that made it; empty if its resource names none.
    pub(crate) fn service(&self) -> String {
        let attributes = self.resource.resource.iter().flat_map(|resource| &resource.attributes);
        let name = attributes.into_iter().find(|attribute| attribute.key == SERVICE_NAME);
        name.and_then(|name| name.value.as_ref()).map(text).unwrap_or_default()
    }
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

impl From<&Received> for Span {
    fn from(received: &Received) -> Self {
        let wire = &received.wire;
        let kind = match wire.kind() {
            SpanKind::Client | SpanKind::Producer => Kind::Client,
            SpanKind::Server | SpanKind::Consumer => Kind::Server,
            SpanKind::Internal | SpanKind::Unspecified => Kind::Internal,
        };
        let has_parent = is_id(&wire.parent_span_id, 8);
        Self {
            id: hex(&wire.span_id),
            parent: if has_parent { hex(&wire.parent_span_id) } else { String::new() },
            service: received.service(),
            operation: wire.name.clone(),
            kind,
            start: received.start() / 1000,
            duration: received.duration() / 1000,
            tags: tags(&wire.attributes),
        }
    }
}

fn tags(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let tag = |attribute: &KeyValue| {
        (attribute.key.clone(), attribute.value.as_ref().map(text).unwrap_or_default())
    };
    attributes.iter().map(tag).collect()
}

fn text(value: &AnyValue) -> String {
    match &value.value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(Value::BytesValue(bytes)) => hex(bytes),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
