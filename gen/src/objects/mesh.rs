//! The ground of the mesh: the namespace with injection, and tracing.

use super::cluster::TRACE_PROVIDER;
use super::{ISTIO_NAMESPACE, labels, metadata};
use crate::model::{LANE_HEADER, Lab};
use crate::object::Object;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kcr_telemetry_istio_io::v1::telemetries as telemetry;
use std::collections::BTreeMap;

pub(crate) fn namespace(lab: &Lab) -> Object {
    let metadata = ObjectMeta {
        name: Some(lab.namespace.clone()),
        labels: Some(labels([("istio-injection", "enabled")])),
        ..ObjectMeta::default()
    };
    Object::Namespace(Box::new(Namespace { metadata, ..Namespace::default() }))
}

/// Mesh-wide tracing: a Telemetry without selector in Istio's root namespace.
pub(crate) fn telemetry() -> Object {
    let lane = telemetry::TelemetryTracingCustomTags {
        header: Some(telemetry::TelemetryTracingCustomTagsHeader {
            name: LANE_HEADER.into(),
            default_value: None,
        }),
        ..telemetry::TelemetryTracingCustomTags::default()
    };
    let tracing = telemetry::TelemetryTracing {
        providers: Some(vec![telemetry::TelemetryTracingProviders { name: TRACE_PROVIDER.into() }]),
        random_sampling_percentage: Some(100.0),
        custom_tags: Some(BTreeMap::from([("lane".to_owned(), lane)])),
        ..telemetry::TelemetryTracing::default()
    };
    Object::Telemetry(Box::new(telemetry::Telemetry {
        metadata: metadata(ISTIO_NAMESPACE, "mesh-default"),
        spec: telemetry::TelemetrySpec {
            tracing: Some(vec![tracing]),
            ..telemetry::TelemetrySpec::default()
        },
        status: None,
    }))
}
