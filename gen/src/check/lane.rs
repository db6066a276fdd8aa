//! The laws of lanes: whoever is in a lane stays in it or in the baseline, at every hop, and gets it wherever it is.
//!
//! What is enumerated: requests without a lane, of each lane, of a lane that nobody has, and for each pattern of lanes one
//! that only the pattern takes; each of them at every entrance and at every service.

use super::covers::witness;
use super::world::{Placed, World};
use super::{Findings, Kind, Law};
use crate::flow::{Class, Decision, Entrance, Flow, Share};
use crate::model::LANE_HEADER;
use crate::object::Manifest;
use k8s_openapi::api::apps::v1::Deployment;
use kcr_networking_istio_io::v1::virtualservices::VirtualService;
use std::collections::BTreeSet;

pub(super) const LANE_CLOSURE: Law = Law {
    name: "lane-closure",
    istio: None,
    rule: "a request stays in its lane or in the baseline at every hop, and one without a lane in the baseline",
    kind: Kind::Traffic,
    check: |world, findings| report(world, Mistake::Leak, findings),
};

pub(super) const LANE_RETURN: Law = Law {
    name: "lane-return",
    istio: None,
    rule: "a request of a lane is answered by its lane wherever the lane has the service",
    kind: Kind::Traffic,
    check: |world, findings| report(world, Mistake::Fallback, findings),
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Leak,
    Fallback,
}

/// What is wrong with a lane somewhere.
pub(crate) struct Found<'a> {
    mistake: Mistake,
    manifest: &'a Manifest,
    field: String,
    message: String,
    hint: String,
}

fn report(world: &World<'_>, mistake: Mistake, findings: &mut Findings<'_>) {
    for found in world.lane_mistakes().iter().filter(|found| found.mistake == mistake) {
        findings.add(
            found.manifest,
            found.field.clone(),
            found.message.clone(),
            found.hint.clone(),
        );
    }
}

/// Everything that is wrong with the lanes, for both laws.
pub(super) fn mistakes<'a>(world: &World<'a>) -> Vec<Found<'a>> {
    let mut mistakes = Vec::new();
    each(world, |hop| {
        for (decision, message) in hop.leaks() {
            mistakes.push(hop.found(Mistake::Leak, Some(decision), &message));
        }
        if hop.is_lost() {
            mistakes.push(hop.found(Mistake::Leak, None, "no rule takes it: the answer is 404"));
        }
        if let Some((decision, version)) = hop.falls_back_in_vain() {
            let message = format!("`{version}` answers, although the lane has the service");
            mistakes.push(hop.found(Mistake::Fallback, Some(decision), &message));
        }
    });
    mistakes
}

/// The variable that tells a pod of the server which lane it is in; pods of the baseline have none.
pub(crate) const LANE: &str = "LANE";

/// Where a request is looked at, and which requests.
struct Hop<'w, 'a> {
    flow: &'w Flow<'a>,
    class: &'w Class,
    decisions: Vec<Decision>,
    /// Of the service itself, whose pods are the ones to be asked.
    host: Option<&'w str>,
    route: Option<&'w Placed<'a, VirtualService>>,
    /// Where the finding is put if there is no route.
    manifest: &'a Manifest,
    url: String,
}

fn each<'a>(world: &World<'a>, mut law: impl FnMut(Hop<'_, 'a>)) {
    let own = own_lanes(&world.deployments);
    if own.is_empty() {
        return;
    }
    let flow = Flow::of(world.sequence);
    let classes = classes(&flow, &own);
    let entrances: Vec<Entrance> =
        flow.entrances().into_iter().filter(|entrance| !entrance.to_https).collect();
    let public = entrances.first().map_or("https://HOST", |entrance| entrance.url.as_str());
    for class in &classes {
        for entrance in &entrances {
            let Some(gateway) = world.gateways.get(&entrance.gateway) else { continue };
            law(Hop {
                flow: &flow,
                class,
                decisions: flow.at_entrance(entrance, class),
                host: None,
                route: flow.route_of(entrance),
                manifest: gateway.manifest,
                url: entrance.url.clone(),
            });
        }
        for (host, service) in &world.services {
            law(Hop {
                flow: &flow,
                class,
                decisions: flow.at_host(host, class),
                host: Some(host),
                route: flow.mesh_route(host),
                manifest: service.manifest,
                url: public.to_owned(),
            });
        }
    }
}

/// The lanes that some pods are in.
pub(crate) fn own_lanes(deployments: &[Placed<'_, Deployment>]) -> BTreeSet<String> {
    deployments.iter().filter_map(lane_of).map(ToOwned::to_owned).collect()
}

/// The lane of a Deployment's pods.
fn lane_of<'a>(deployment: &Placed<'a, Deployment>) -> Option<&'a str> {
    let mut containers = deployment.pod()?.containers.iter();
    containers.find_map(|container| {
        let mut variables = container.env.iter().flatten();
        variables.find(|variable| variable.name == LANE)?.value.as_deref()
    })
}

/// Every class that some rule can tell from the others.
pub(crate) fn classes(flow: &Flow<'_>, own: &BTreeSet<String>) -> Vec<Class> {
    let mut lanes: Vec<String> = own.union(&flow.lanes()).cloned().collect();
    lanes.push("no-such-lane".into());
    for wide in flow.wide_lanes() {
        lanes.extend(witness(&wide, &lanes));
    }
    std::iter::once(Class::NoLane).chain(lanes.into_iter().map(Class::Lane)).collect()
}

impl<'a> Hop<'_, 'a> {
    /// Decisions that lead to pods of another lane, or change the lane inside of the mesh; each with what is wrong.
    fn leaks(&self) -> Vec<(&Decision, String)> {
        let mut leaks = Vec::new();
        for decision in &self.decisions {
            for share in decision.answer.shares() {
                let in_mesh = self.host.is_some();
                if in_mesh && share.arrives != *self.class {
                    leaks.push((decision, format!("it becomes one of `{}`", lane(&share.arrives))));
                }
                let lanes = self.lanes(share);
                let foreign = lanes.iter().flatten().find(|own| share.arrives.lane() != Some(own));
                if let Some(foreign) = foreign {
                    leaks.push((decision, format!("pods of lane `{foreign}` answer")));
                }
            }
        }
        leaks
    }

    /// The lanes of the pods that answer a share; nothing for those of the baseline.
    fn lanes(&self, share: &Share) -> BTreeSet<Option<String>> {
        let pods = self.flow.answering(&share.host, share.subset.as_deref());
        pods.into_iter().map(|pods| lane_of(pods).map(ToOwned::to_owned)).collect()
    }

    /// Whether a request that others of which are answered here gets a 404. At a gateway, that may be meant.
    fn is_lost(&self) -> bool {
        let is_routed = self.host.is_some() && self.route.is_some();
        is_routed && self.decisions.last().is_some_and(|last| last.rule.is_none())
    }

    /// A decision without conditions by which a request of a lane leaves it, and the version that answers, although pods
    /// of the lane stand behind the same Service.
    fn falls_back_in_vain(&self) -> Option<(&Decision, String)> {
        let lane = self.class.lane()?;
        let last = self.decisions.last()?;
        last.answer.shares().iter().find_map(|share| {
            let has_lane = share.arrives == *self.class && {
                let pods = self.flow.answering(&share.host, None);
                pods.into_iter().any(|pods| lane_of(pods) == Some(lane))
            };
            let leaves = self.lanes(share).iter().any(|found| found.as_deref() != Some(lane));
            let version = share.subset.clone().unwrap_or_else(|| share.versions.join(", "));
            (has_lane && leaves).then_some((last, version))
        })
    }

    /// A finding at the rule that decides, with a request that shows it.
    fn found(&self, mistake: Mistake, decision: Option<&Decision>, what: &str) -> Found<'a> {
        let rule = decision.and_then(|decision| decision.rule.as_ref());
        let (manifest, field) = match (self.route, rule) {
            (Some(route), Some((index, _))) => (route.manifest, format!("spec.http[{index}]")),
            (Some(route), None) => (route.manifest, "spec.http".to_owned()),
            (None, _) => (self.manifest, String::new()),
        };
        let header = match self.class.lane() {
            Some(lane) => format!(" -H '{LANE_HEADER}: {lane}'"),
            None => String::new(),
        };
        let when = decision.and_then(|decision| decision.when.as_ref());
        let when = when.map(|when| format!(", when {when}")).unwrap_or_default();
        let message = format!("a request of `{}`{when}: {what}", lane(self.class));
        let hint = format!("see for yourself: curl{header} {}/hello/service1", self.url);
        Found { mistake, manifest, field, message, hint }
    }
}

fn lane(class: &Class) -> &str {
    class.lane().unwrap_or("no lane")
}
