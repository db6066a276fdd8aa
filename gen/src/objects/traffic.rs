//! Routes and subsets: where a request of which lane goes.

use super::{ingress, labels, metadata};
use crate::host;
use crate::model::{LANE_HEADER, Lab, Lane, Service};
use crate::object::Object;
use kcr_networking_istio_io::v1::destinationrules::{
    DestinationRule, DestinationRuleSpec, DestinationRuleSubsets,
};
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualService, VirtualServiceHttp, VirtualServiceHttpMatch, VirtualServiceHttpMatchHeaders,
    VirtualServiceHttpRoute, VirtualServiceHttpRouteDestination,
    VirtualServiceHttpRouteDestinationPort, VirtualServiceSpec,
};
use std::collections::BTreeMap;

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
    let http = lab.services.first().map(|service| rules(lab, service, lanes));
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
    let lanes = lab.lanes_of(service, lanes).into_iter().map(|lane| VirtualServiceHttp {
        name: Some(format!("lane-{}", lane.name)),
        r#match: Some(vec![in_lane(lane)]),
        route: Some(vec![destination(lab, service, &lane.name)]),
        ..VirtualServiceHttp::default()
    });
    let baseline = VirtualServiceHttp {
        name: Some("baseline".into()),
        route: Some(vec![destination(lab, service, &lab.baseline)]),
        ..VirtualServiceHttp::default()
    };
    lanes.chain([baseline]).collect()
}

fn in_lane(lane: &Lane) -> VirtualServiceHttpMatch {
    let exact = VirtualServiceHttpMatchHeaders {
        exact: Some(lane.name.clone()),
        ..VirtualServiceHttpMatchHeaders::default()
    };
    let headers = BTreeMap::from([(LANE_HEADER.to_owned(), exact)]);
    VirtualServiceHttpMatch { headers: Some(headers), ..VirtualServiceHttpMatch::default() }
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
