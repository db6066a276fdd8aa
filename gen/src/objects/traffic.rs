//! Routes and subsets: where a request of which lane goes.

use super::{entry, ingress, labels, metadata};
use crate::host;
use crate::model::{Edge, Entry, Lab, Lane, Service};
use crate::object::Object;
use kcr_networking_istio_io::v1::destinationrules::{
    DestinationRule, DestinationRuleSpec, DestinationRuleSubsets,
};
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualService, VirtualServiceHttp, VirtualServiceHttpRoute,
    VirtualServiceHttpRouteDestination, VirtualServiceHttpRouteDestinationPort, VirtualServiceSpec,
};
use std::collections::BTreeSet;

/// Names the pods of each version of a service: the baseline's, and those of each lane that has it.
pub(crate) fn destination_rule(lab: &Lab, service: &Service, lanes: &[Lane]) -> Object {
    let lanes = lab.lanes_of(service, lanes).into_iter().map(|lane| lane.name.as_str());
    let subsets =
        std::iter::once(lab.baseline.as_str()).chain(lanes).map(|version| DestinationRuleSubsets {
            name: version.to_owned(),
            labels: Some(labels([("version", version)])),
            traffic_policy: None,
        });
    Object::DestinationRule(Box::new(DestinationRule {
        metadata: metadata(&lab.namespace, &service.name),
        spec: DestinationRuleSpec {
            host: host::service(&service.name, &lab.namespace),
            subsets: Some(subsets.collect()),
            ..DestinationRuleSpec::default()
        },
        status: None,
    }))
}

/// The route from the gateway to the first service of the chain.
pub(crate) fn public_route(lab: &Lab, lanes: &[Lane]) -> Object {
    let http = lab.services.first().map(|service| public_rules(lab, service, lanes));
    virtual_service(
        lab,
        &ingress::name(lab),
        VirtualServiceSpec {
            gateways: Some(vec![ingress::name(lab)]),
            hosts: Some(vec![lab.public.host.clone()]),
            http,
            ..VirtualServiceSpec::default()
        },
    )
}

/// The route of calls to `service` from inside of the mesh.
pub(crate) fn mesh_route(lab: &Lab, service: &Service, lanes: &[Lane]) -> Object {
    virtual_service(
        lab,
        &format!("{}-mesh", service.name),
        VirtualServiceSpec {
            hosts: Some(vec![host::service(&service.name, &lab.namespace)]),
            http: Some(rules(lab, service, lanes)),
            ..VirtualServiceSpec::default()
        },
    )
}

fn virtual_service(lab: &Lab, name: &str, spec: VirtualServiceSpec) -> Object {
    let metadata = metadata(&lab.namespace, name);
    Object::VirtualService(Box::new(VirtualService { metadata, spec, status: None }))
}

/// One rule for each lane that has the service, then the baseline for every other request.
fn rules(lab: &Lab, service: &Service, lanes: &[Lane]) -> Vec<VirtualServiceHttp> {
    let lanes = lab.lanes_of(service, lanes).into_iter();
    let lanes = lanes.map(|lane| {
        let route = destination(lab, service, &lane.name);
        entry::rule(Entry::Header, lab.edge, &lane.name, route)
    });
    lanes.chain([baseline(lab, service)]).collect()
}

/// One rule for each entry of each lane, those of one kind together, so that no lane shadows another; then the baseline.
fn public_rules(lab: &Lab, service: &Service, lanes: &[Lane]) -> Vec<VirtualServiceHttp> {
    let entries = lanes.iter().flat_map(|lane| {
        // At an open edge the header passes by itself, so it has to lead to where it asks for.
        let by_itself = (lab.edge == Edge::Open).then_some(Entry::Header);
        let entries: BTreeSet<Entry> = lane.entries.iter().copied().chain(by_itself).collect();
        entries.into_iter().map(move |entry| (entry, lane))
    });
    let mut entries: Vec<(Entry, &Lane)> = entries.collect();
    entries.sort_by_key(|(entry, _)| *entry);
    let rules = entries.into_iter().filter_map(|(entry, lane)| {
        let has_service = lane.services.contains(&service.name);
        let is_needed = has_service || entry != Entry::Header || lab.edge == Edge::Closed;
        let version = if has_service { &lane.name } else { &lab.baseline };
        let route = destination(lab, service, version);
        is_needed.then(|| entry::rule(entry, lab.edge, &lane.name, route))
    });
    let mut baseline = baseline(lab, service);
    baseline.headers = (lab.edge == Edge::Closed).then(entry::stripped);
    rules.chain([baseline]).collect()
}

fn baseline(lab: &Lab, service: &Service) -> VirtualServiceHttp {
    VirtualServiceHttp {
        name: Some("baseline".into()),
        route: Some(vec![destination(lab, service, &lab.baseline)]),
        ..VirtualServiceHttp::default()
    }
}

fn destination(lab: &Lab, service: &Service, version: &str) -> VirtualServiceHttpRoute {
    VirtualServiceHttpRoute {
        destination: VirtualServiceHttpRouteDestination {
            host: host::service(&service.name, &lab.namespace),
            port: Some(VirtualServiceHttpRouteDestinationPort { number: Some(80) }),
            subset: Some(version.to_owned()),
        },
        ..VirtualServiceHttpRoute::default()
    }
}
