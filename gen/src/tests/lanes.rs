//! Lanes: a rule and a subset stand only where the lane has an instance; elsewhere the baseline answers.

use super::{Cluster, rendered};
use crate::layout;
use crate::model::Lab;
use crate::read;
use crate::violation::Violation;

/// Renders `lab`, reads the routes of one lane back, and lists for each object what it names, in order:
/// `VirtualService: rule → subset`, `DestinationRule: subset`.
#[track_caller]
fn check_routes(lab: &Lab, lane: &str, expected: &[(&str, &[&str])]) {
    let files = rendered(lab);
    let routes =
        files.iter().filter(|file| file.path.starts_with(&format!("canary-{lane}/routes")));
    let objects = routes
        .filter(|file| !file.path.ends_with(read::KUSTOMIZATION))
        .flat_map(|file| read::text(&file.path, &file.text).expect("rendered YAML is read"))
        .map(|manifest| manifest.object)
        .collect::<Vec<_>>();
    let found: Vec<(String, Vec<String>)> = objects
        .iter()
        .map(|object| {
            let identity = object.identity();
            (format!("{} {}", identity.kind, identity.name), names(object))
        })
        .collect();
    let expected: Vec<(String, Vec<String>)> = expected
        .iter()
        .map(|(object, names)| {
            ((*object).to_owned(), names.iter().map(|name| (*name).to_owned()).collect())
        })
        .collect();
    assert_eq!(found, expected);
}

fn names(object: &crate::object::Object) -> Vec<String> {
    use crate::object::Object;
    match object {
        Object::DestinationRule(rule) => rule
            .spec
            .subsets
            .iter()
            .flatten()
            .map(|subset| {
                let labels = subset.labels.as_ref().expect("labels");
                assert_eq!(labels["version"], subset.name);
                subset.name.clone()
            })
            .collect(),
        Object::VirtualService(route) => route
            .spec
            .http
            .iter()
            .flatten()
            .map(|rule| {
                let matches = rule.r#match.iter().flatten();
                let lanes: Vec<&str> = matches
                    .filter_map(|matched| matched.headers.as_ref()?.get("x-lane")?.exact.as_deref())
                    .collect();
                let destination = &rule.route.as_ref().expect("a route")[0].destination;
                let subset = destination.subset.as_deref().expect("a subset");
                if lanes.is_empty() {
                    format!("else → {subset}")
                } else {
                    format!("{} → {subset}", lanes.join(" or "))
                }
            })
            .collect(),
        other => panic!("{} is no route", other.identity()),
    }
}

/// What `gen` and `lab` would report for the ground with this lane on top.
fn findings(lab: &Lab, lane: &str) -> Vec<Violation> {
    Cluster::of(lab, &["cluster", "base", "v1", &format!("canary-{lane}")]).findings()
}

#[test]
fn a_lane_with_every_service_has_a_rule_and_a_subset_at_every_hop() {
    let every: &[&str] = &["v2 → v2", "else → v1"];
    check_routes(
        &Lab::demo(),
        "v2",
        &[
            ("DestinationRule httpserver-service1", &["v1", "v2"]),
            ("DestinationRule httpserver-service2", &["v1", "v2"]),
            ("DestinationRule httpserver-service3", &["v1", "v2"]),
            ("VirtualService httpserver-service1", every),
            ("VirtualService httpserver-service1-mesh", every),
            ("VirtualService httpserver-service2-mesh", every),
            ("VirtualService httpserver-service3-mesh", every),
        ],
    );
}

#[test]
fn a_lane_without_the_second_service_falls_back_there_and_returns_at_the_third() {
    let lab = Lab::demo().with_lanes(&[("v2", &["service1", "service3"])]);
    check_routes(
        &lab,
        "v2",
        &[
            ("DestinationRule httpserver-service1", &["v1", "v2"]),
            ("DestinationRule httpserver-service2", &["v1"]),
            ("DestinationRule httpserver-service3", &["v1", "v2"]),
            ("VirtualService httpserver-service1", &["v2 → v2", "else → v1"]),
            ("VirtualService httpserver-service1-mesh", &["v2 → v2", "else → v1"]),
            ("VirtualService httpserver-service2-mesh", &["else → v1"]),
            ("VirtualService httpserver-service3-mesh", &["v2 → v2", "else → v1"]),
        ],
    );
    assert_eq!(findings(&lab, "v2"), []);
}

#[test]
fn a_lane_without_the_first_service_leaves_the_public_route_to_the_baseline() {
    let lab = Lab::demo().with_lanes(&[("v2", &["service2"])]);
    check_routes(
        &lab,
        "v2",
        &[
            ("DestinationRule httpserver-service1", &["v1"]),
            ("DestinationRule httpserver-service2", &["v1", "v2"]),
            ("DestinationRule httpserver-service3", &["v1"]),
            ("VirtualService httpserver-service1", &["else → v1"]),
            ("VirtualService httpserver-service1-mesh", &["else → v1"]),
            ("VirtualService httpserver-service2-mesh", &["v2 → v2", "else → v1"]),
            ("VirtualService httpserver-service3-mesh", &["else → v1"]),
        ],
    );
    assert_eq!(findings(&lab, "v2"), []);
}

#[test]
fn one_lane_of_two_has_only_its_own_rules() {
    let lab = Lab::demo().with_lanes(&[("v2", &["service1"]), ("blue", &["service3"])]);
    check_routes(
        &lab,
        "blue",
        &[
            ("DestinationRule httpserver-service1", &["v1"]),
            ("DestinationRule httpserver-service2", &["v1"]),
            ("DestinationRule httpserver-service3", &["v1", "blue"]),
            ("VirtualService httpserver-service1", &["else → v1"]),
            ("VirtualService httpserver-service1-mesh", &["else → v1"]),
            ("VirtualService httpserver-service2-mesh", &["else → v1"]),
            ("VirtualService httpserver-service3-mesh", &["blue → blue", "else → v1"]),
        ],
    );
    assert_eq!(findings(&lab, "blue"), []);
    assert_eq!(findings(&lab, "v2"), []);
}

#[test]
fn a_lane_has_workloads_for_its_own_services_only() {
    let lab = Lab::demo().with_lanes(&[("v2", &["service1", "service3"])]);
    let paths = rendered(&lab).into_iter().map(|file| file.path);
    let workloads: Vec<String> =
        paths.filter(|path| path.starts_with("canary-v2/workloads/")).collect();
    assert_eq!(
        workloads,
        [
            "canary-v2/workloads/httpserver-service1.yaml",
            "canary-v2/workloads/httpserver-service3.yaml",
            "canary-v2/workloads/kustomization.yaml",
        ]
    );
}

#[test]
fn only_the_instances_of_a_lane_carry_its_name_in_their_environment() {
    for (name, expected) in
        [("httpserver-service2-v1", None), ("httpserver-service2-v2", Some("v2"))]
    {
        let mut cluster = Cluster::with_canary();
        let spec = cluster.deployment(name).spec.as_ref().expect("a spec");
        let containers = &spec.template.spec.as_ref().expect("a pod").containers;
        let mut variables = containers.iter().flat_map(|container| container.env.iter().flatten());
        let lane = variables.find(|variable| variable.name == "LANE");
        assert_eq!(lane.and_then(|lane| lane.value.as_deref()), expected, "{name}");
    }
}

#[test]
fn a_lane_replaces_the_routes_of_the_ground_and_adds_its_workloads() {
    let ground = Cluster::ground().applied().len();
    let canary = layout::layers(&Lab::demo())[3].manifests();
    let added = canary.iter().filter(|manifest| manifest.object.kind() == "Deployment").count();
    assert_eq!(added, 3);
    assert_eq!(Cluster::with_canary().applied().len(), ground + added);
}
