//! A lane becomes the baseline: its pods are nobody's lane any more, as many as the baseline had, and everybody's rule
//! leads to them.

use crate::check::lane::LANE;
use crate::flow::{Class, Flow};
use crate::object::{Identity, Manifest, Object};
use k8s_openapi::api::apps::v1::Deployment;
use std::collections::{BTreeMap, BTreeSet};

/// What a promotion changes for one service.
struct Succession {
    /// The subset that everybody was led to before.
    before: String,
    gone: BTreeSet<Identity>,
    /// The Deployments of the lane, and how many pods each is to have.
    coming: BTreeMap<Identity, Option<i32>>,
}

/// Makes `lane`, which is live among the objects, their baseline for each service that it has.
pub(super) fn promote(objects: &mut Vec<Manifest>, lane: &str, layer: &[Manifest]) {
    let successions = successions(objects, lane);
    let of_lane: BTreeSet<String> = rules_of(layer, lane);
    let gone = successions.values().flat_map(|one| &one.gone).cloned().collect::<BTreeSet<_>>();
    objects.retain(|manifest| !gone.contains(&manifest.object.identity()));
    for manifest in objects {
        let identity = manifest.object.identity();
        match &mut manifest.object {
            Object::Deployment(deployment) => {
                let coming = successions.values().find_map(|one| one.coming.get(&identity));
                if let Some(replicas) = coming {
                    take_office(deployment, *replicas);
                }
            }
            Object::DestinationRule(rule) => {
                let host = crate::host::resolve(&rule.spec.host, &identity.namespace);
                if let (Some(one), Some(subsets)) = (successions.get(&host), &mut rule.spec.subsets)
                {
                    subsets.retain(|subset| subset.name != one.before);
                }
            }
            Object::VirtualService(route) => {
                let rules = route.spec.http.get_or_insert_default();
                // Nobody has to ask for what everybody gets.
                rules.retain(|rule| !rule.name.as_ref().is_some_and(|name| of_lane.contains(name)));
                for way in rules.iter_mut().flat_map(|rule| rule.route.iter_mut().flatten()) {
                    let host = crate::host::resolve(&way.destination.host, &identity.namespace);
                    if let Some(one) = successions.get(&host)
                        && way.destination.subset.as_ref() == Some(&one.before)
                    {
                        way.destination.subset = Some(lane.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
}

/// By host, for each service that the lane has pods of.
fn successions(objects: &[Manifest], lane: &str) -> BTreeMap<String, Succession> {
    let sequence: Vec<&Manifest> = objects.iter().collect();
    let flow = Flow::of(&sequence);
    let one = |host: String| {
        let identities = |subset: &str| {
            let pods = flow.answering(&host, Some(subset)).into_iter();
            let replicas = |pods: &Deployment| pods.spec.as_ref().and_then(|spec| spec.replicas);
            pods.map(|pods| (pods.manifest.object.identity(), replicas(pods.object)))
                .collect::<Vec<_>>()
        };
        let coming = identities(lane);
        let decisions = flow.at_host(&host, &Class::NoLane);
        let before = decisions.last()?.answer.shares().first()?.subset.clone()?;
        let gone = identities(&before);
        if coming.is_empty() || before == lane {
            return None;
        }
        let replicas = gone.iter().filter_map(|(_, replicas)| *replicas).max();
        let coming = coming.into_iter().map(|(identity, _)| (identity, replicas)).collect();
        let gone = gone.into_iter().map(|(identity, _)| identity).collect();
        Some((host, Succession { before, gone, coming }))
    };
    flow.services().into_iter().filter_map(one).collect()
}

/// The names of the rules that a lane's layer has for its own requests.
fn rules_of(layer: &[Manifest], lane: &str) -> BTreeSet<String> {
    let routes = layer.iter().filter_map(|manifest| match &manifest.object {
        Object::VirtualService(route) => Some(route),
        _ => None,
    });
    let rules = routes.flat_map(|route| route.spec.http.iter().flatten());
    let own = format!("lane-{lane}");
    let names = rules.filter(|rule| rule.r#match.is_some()).filter_map(|rule| rule.name.clone());
    names.filter(|name| *name == own || name.starts_with(&format!("{own}-by-"))).collect()
}

/// Without a lane: another template, so the pods are replaced one by one.
fn take_office(deployment: &mut Deployment, replicas: Option<i32>) {
    let Some(spec) = &mut deployment.spec else { return };
    spec.replicas = replicas.or(spec.replicas);
    let containers = spec.template.spec.iter_mut().flat_map(|pod| &mut pod.containers);
    for variables in containers.filter_map(|container| container.env.as_mut()) {
        variables.retain(|variable| variable.name != LANE);
    }
}
