//! A release: several lanes at once, a share of all users in one, a lane that becomes the baseline, and its steps.

use super::{Cluster, listed};
use crate::NamedManifests;
use crate::check;
use crate::flow::{Class, Flow};
use crate::layout::{self, LANE_LAYER_PREFIX, Layer};
use crate::model::{Edge, Entry, Lab, Lane};
use crate::object::{Manifest, Object};
use crate::release::{self, Draw, State, Step};
use std::collections::BTreeSet;

fn state(lanes: &[&str], draw: Option<(&str, u32)>, promoted: &[&str]) -> State {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    State {
        lanes: names(lanes),
        draw: draw.map(|(lane, percent)| Draw { lane: lane.into(), percent }),
        promoted: names(promoted),
    }
}

/// What is in force when a release of `lab` has come so far.
fn in_force(lab: &Lab, state: &State) -> Vec<Manifest> {
    let layers = layout::layers(lab);
    let (lanes, ground): (Vec<&Layer>, Vec<&Layer>) =
        layers.iter().partition(|layer| layer.name.starts_with(LANE_LAYER_PREFIX));
    let named =
        |layer: &&Layer| (layer.name[LANE_LAYER_PREFIX.len()..].to_owned(), layer.manifests());
    let lanes: Vec<NamedManifests> = lanes.iter().map(named).collect();
    release::objects(&layout::applied(&ground), &lanes, state).expect("a draw has its place")
}

#[track_caller]
fn check_lawful(lab: &Lab, state: &State) {
    let objects = in_force(lab, state);
    let sequence: Vec<&Manifest> = objects.iter().collect();
    let found = check::check(&sequence, &crate::installed(lab));
    assert!(found.is_empty(), "{state:?}: {}", listed(&found));
}

/// The names of the rules of the public route, in order.
fn public_rules(lab: &Lab, state: &State) -> Vec<String> {
    let mut cluster = Cluster(in_force(lab, state));
    cluster.rules("httpserver-service1").iter().filter_map(|rule| rule.name.clone()).collect()
}

/// The lab with the lanes v2 and v3, which have the services whose bits are set, three each.
fn topology(number: u32) -> Lab {
    let lab = Lab::demo();
    let lane = |(index, name): (u32, &str)| {
        let has = |service: &u32| number >> (index * 3 + service) & 1 == 1;
        let services =
            (0..3).filter(has).map(|service| lab.services[service as usize].name.clone());
        Lane {
            entries: vec![Entry::Header, Entry::Query, Entry::Cookie],
            ..Lane::new(name, services)
        }
    };
    let lanes = [(0, "v2"), (1, "v3")].map(lane).into();
    Lab { lanes, ..lab }
}

#[test]
fn in_every_topology_two_lanes_live_together_and_each_hop_is_as_the_model_has_it() {
    for number in 0..64 {
        let lab = topology(number);
        let objects = in_force(&lab, &state(&["v2", "v3"], None, &[]));
        let sequence: Vec<&Manifest> = objects.iter().collect();
        let flow = Flow::of(&sequence);
        for lane in &lab.lanes {
            let class = Class::Lane(lane.name.clone());
            for service in &lab.services {
                let host = crate::host::service(&service.name, &lab.namespace);
                let decisions = flow.at_host(&host, &class);
                let wanted = if lane.services.contains(&service.name) { &lane.name } else { "v1" };
                let answers = decisions.iter().map(|one| one.answer.words(Some(&host)));
                assert_eq!(answers.collect::<Vec<_>>(), [wanted], "{number:06b} {class} {host}");
            }
        }
        check_lawful(&lab, &state(&["v3", "v2"], None, &[]));
    }
}

#[test]
fn a_share_of_all_users_keeps_every_law_whatever_the_lane_has_and_the_edge_is() {
    for edge in [Edge::Open, Edge::Closed] {
        for number in [0b010_111, 0b111_110, 0b001_010, 0b000_000] {
            let lab = Lab { edge, ..topology(number) };
            for percent in [1, 10, 50, 99, 100] {
                check_lawful(&lab, &state(&["v2", "v3"], Some(("v2", percent)), &[]));
                check_lawful(&lab, &state(&["v3", "v2"], Some(("v3", percent)), &[]));
            }
        }
    }
}

#[test]
fn who_asks_for_a_lane_gets_it_and_only_the_others_are_drawn() {
    let (lab, draw) = (Lab::demo(), Some(("v2", 25)));
    let drawn = [
        "lane-v2",
        "lane-v3-by-query",
        "lane-v3-by-cookie",
        "lane-v2-by-ticket",
        "baseline-by-ticket",
        "lane-v2-by-draw",
        "baseline-by-draw",
    ];
    let open = public_rules(&lab, &state(&["v3", "v2"], draw, &[]));
    assert_eq!(open, [&drawn[..], &["baseline"]].concat());
    let closed = Lab { edge: Edge::Closed, ..lab };
    let mut granted = drawn.to_vec();
    granted.insert(0, "lane-v3");
    assert_eq!(public_rules(&closed, &state(&["v3", "v2"], draw, &[])), granted);
}

#[test]
fn a_closed_edge_takes_the_lane_from_whoever_is_granted_none() {
    let lab = Lab { edge: Edge::Closed, ..Lab::demo() };
    let lab =
        Lab { lanes: vec![Lane { entries: vec![Entry::Cookie], ..lab.lanes[0].clone() }], ..lab };
    let objects = in_force(&lab, &state(&["v2"], Some(("v2", 10)), &[]));
    let sequence: Vec<&Manifest> = objects.iter().collect();
    let flow = Flow::of(&sequence);
    let entrance =
        flow.entrances().into_iter().find(|found| found.url.contains("service1")).expect("one");
    let decisions = flow.at_entrance(&entrance, &Class::Lane("v2".into()));
    let told = decisions.iter().map(|one| {
        let name = one.rule.as_ref().map(|(_, name)| name.as_str()).unwrap_or_default();
        (name, &one.answer.shares()[0].arrives)
    });
    let told: Vec<(&str, &Class)> = told.collect();
    let baselines = told.iter().filter(|(name, _)| name.starts_with("baseline"));
    let arrivals: BTreeSet<&Class> = baselines.map(|(_, arrives)| *arrives).collect();
    assert_eq!(arrivals, BTreeSet::from([&Class::NoLane]), "{told:?}");
    assert!(told.iter().any(|(name, _)| *name == "lane-v2-by-cookie"), "{told:?}");
}

/// A promoted lane leaves what the model would render for a lab that never had another baseline.
#[test]
fn a_promoted_lane_is_the_baseline_as_if_it_had_always_been() {
    let lab = Lab::demo();
    let always = Lab { baseline: "v2".into(), lanes: Vec::new(), ..lab.clone() };
    let texts = |manifests: Vec<Manifest>| {
        let text = |manifest: &Manifest| crate::render::objects([&manifest.object]);
        manifests.iter().map(text).collect::<BTreeSet<String>>()
    };
    let promoted = texts(in_force(&lab, &state(&[], None, &["v2"])));
    assert_eq!(promoted, texts(in_force(&always, &State::default())));
}

#[test]
fn what_was_promoted_carries_the_lanes_that_live_on() {
    let lab = Lab::demo();
    check_lawful(&lab, &state(&["v3"], None, &["v2"]));
    check_lawful(&lab, &state(&["v2"], Some(("v2", 30)), &["v3"]));
    check_lawful(&lab, &state(&[], None, &["v3", "v2"]));
    check_lawful(&lab, &state(&[], None, &["v2", "v3"]));
    let objects = in_force(&lab, &state(&["v3"], None, &["v2"]));
    let running = objects.iter().filter_map(|manifest| match &manifest.object {
        Object::Deployment(deployment) => deployment.metadata.name.clone(),
        _ => None,
    });
    let running: BTreeSet<String> = running.filter(|name| name.contains("service2")).collect();
    assert_eq!(
        running,
        BTreeSet::from(["httpserver-service2-v2", "httpserver-service2-v3"].map(Into::into))
    );
}

#[track_caller]
fn check_step(before: &State, step: &Step, expected: Result<State, &str>) {
    let known = ["v2".to_owned(), "v3".to_owned()];
    let after = before.after(step, &known);
    match (&after, expected) {
        (Ok(state), Ok(wanted)) => {
            assert_eq!(*state, wanted, "{step}");
            assert_eq!(state.after(step, &known), Ok(wanted), "{step}, taken twice");
        }
        (Err(refusal), Err(words)) => {
            assert!(refusal.message.contains(words), "{step}: {}", refusal.message);
            assert!(!refusal.hint.is_empty());
        }
        _ => panic!("{step}: {after:?}"),
    }
}

#[test]
fn steps_lead_from_state_to_state_or_say_why_not() {
    let start = |lane: &str| Step::Start { lane: lane.into() };
    let weight = |percent| Step::Weight { lane: None, percent };
    let (promote, abort) = (Step::Promote { lane: None }, Step::Abort { lane: None });
    let ground = State::default();
    let (one, two) = (state(&["v2"], None, &[]), state(&["v2", "v3"], None, &[]));
    let drawn = state(&["v2", "v3"], Some(("v2", 10)), &[]);
    let promoted = state(&[], None, &["v2"]);

    check_step(&ground, &start("v2"), Ok(one.clone()));
    check_step(&ground, &start("v9"), Err("there is no lane `v9`"));
    check_step(&ground, &weight(10), Err("no lane is live"));
    check_step(&ground, &promote, Err("no lane is live"));
    check_step(&ground, &abort, Ok(ground.clone()));
    check_step(&one, &start("v3"), Ok(two.clone()));
    check_step(&one, &weight(10), Ok(state(&["v2"], Some(("v2", 10)), &[])));
    check_step(&one, &weight(101), Err("101 % is more than everybody"));
    check_step(
        &one,
        &Step::Weight { lane: Some("v3".into()), percent: 5 },
        Err("lane `v3` is not live"),
    );
    check_step(&one, &abort, Ok(ground.clone()));
    check_step(&one, &Step::Abort { lane: Some("v3".into()) }, Ok(one.clone()));
    check_step(&two, &weight(10), Err("several lanes are live: v2, v3"));
    check_step(&two, &Step::Weight { lane: Some("v2".into()), percent: 10 }, Ok(drawn.clone()));
    check_step(&drawn, &weight(50), Ok(state(&["v2", "v3"], Some(("v2", 50)), &[])));
    check_step(&drawn, &weight(0), Ok(two.clone()));
    check_step(&ground, &weight(0), Ok(ground.clone()));
    check_step(
        &drawn,
        &Step::Weight { lane: Some("v3".into()), percent: 5 },
        Err("nobody can be drawn twice"),
    );
    check_step(&one, &promote, Ok(promoted.clone()));
    check_step(&promoted, &promote, Ok(promoted.clone()));
    check_step(&promoted, &abort, Err("lane `v2` was promoted"));
    check_step(&promoted, &start("v2"), Err("lane `v2` was promoted"));
    check_step(&promoted, &start("v3"), Ok(state(&["v3"], None, &["v2"])));
}
