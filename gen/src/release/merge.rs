//! Several lanes at once: what a lane's layer adds to the objects that are there.

use crate::model::{Entry, LANE_HEADER};
use crate::object::{Manifest, Object};
use kcr_networking_istio_io::v1::destinationrules::DestinationRule;
use kcr_networking_istio_io::v1::virtualservices::{VirtualService, VirtualServiceHttp};

/// Adds the rules, the subsets and the objects of a lane that are not there yet.
pub(super) fn add(objects: &mut Vec<Manifest>, layer: &[Manifest]) {
    for manifest in layer {
        let identity = manifest.object.identity();
        let known = objects.iter_mut().find(|known| known.object.identity() == identity);
        match (known.map(|known| &mut known.object), &manifest.object) {
            (Some(Object::VirtualService(known)), Object::VirtualService(of_lane)) => {
                add_rules(known, of_lane);
            }
            (Some(Object::DestinationRule(known)), Object::DestinationRule(of_lane)) => {
                add_subsets(known, of_lane);
            }
            (Some(known), of_lane) => *known = of_lane.clone(),
            (None, _) => objects.push(manifest.clone()),
        }
    }
}

/// Rules of one entry stay together, those of a lane that came earlier first: no lane shadows another.
fn add_rules(known: &mut VirtualService, of_lane: &VirtualService) {
    let rules = known.spec.http.get_or_insert_default();
    // A rule without a match takes everybody: the ground's, which a promotion may have led elsewhere.
    let adds = |rule: &&VirtualServiceHttp| rule.r#match.is_some() && !rules.contains(rule);
    let added: Vec<_> = of_lane.spec.http.iter().flatten().filter(adds).cloned().collect();
    rules.extend(added);
    rules.sort_by_key(|rule| entry(rule).map_or((1, None), |entry| (0, Some(entry))));
}

fn entry(rule: &VirtualServiceHttp) -> Option<Entry> {
    let matched = rule.r#match.as_ref()?.first()?;
    let looks_at = |name: &str| matched.headers.iter().flatten().any(|(header, _)| header == name);
    if looks_at(LANE_HEADER) {
        Some(Entry::Header)
    } else if matched.query_params.is_some() {
        Some(Entry::Query)
    } else {
        looks_at("cookie").then_some(Entry::Cookie)
    }
}

fn add_subsets(known: &mut DestinationRule, of_lane: &DestinationRule) {
    let subsets = known.spec.subsets.get_or_insert_default();
    for subset in of_lane.spec.subsets.iter().flatten() {
        if subsets.iter().all(|known| known.name != subset.name) {
            subsets.push(subset.clone());
        }
    }
}
