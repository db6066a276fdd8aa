//! Lane closure: the routes of the lab, broken in twenty ways, and each one seen by the laws of lanes.

use super::{Cluster, listed};
use crate::model::Lab;
use crate::object::Object;
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualServiceHttp, VirtualServiceHttpHeaders, VirtualServiceHttpMatch,
};

/// The lab with the lanes `v2` (all services) and `blue` (service2), both applied, and rules for both in every route.
fn lab() -> Cluster {
    let lab = Lab::demo()
        .with_lanes(&[("v2", &["service1", "service2", "service3"]), ("blue", &["service2"])]);
    let mut cluster = Cluster::of(&lab, &["cluster", "base", "v1", "canary-blue", "canary-v2"]);
    let blue = Cluster::of(&lab, &["canary-blue"]).rules(MESH_2)[0].clone();
    let subset = Cluster::of(&lab, &["canary-blue"])
        .destination_rule("httpserver-service2")
        .spec
        .subsets
        .clone();
    cluster.rules(MESH_2).insert(1, blue);
    let subsets = &mut cluster.destination_rule("httpserver-service2").spec.subsets;
    subsets.as_mut().expect("subsets").push(subset.expect("subsets")[1].clone());
    cluster
}

const PUBLIC: &str = "httpserver-service1";
const MESH_1: &str = "httpserver-service1-mesh";
const MESH_2: &str = "httpserver-service2-mesh";
const MESH_3: &str = "httpserver-service3-mesh";

fn first_match(rule: &mut VirtualServiceHttp) -> &mut VirtualServiceHttpMatch {
    &mut rule.r#match.as_mut().expect("matches")[0]
}

fn regex(lab: &mut Cluster, name: &str, rule: usize, pattern: &str) {
    let headers = first_match(&mut lab.rules(name)[rule]).headers.as_mut().expect("headers");
    let header = headers.get_mut("x-lane").expect("x-lane");
    (header.exact, header.regex) = (None, Some(pattern.into()));
}

fn headers(yaml: &str) -> VirtualServiceHttpHeaders {
    serde_yaml::from_str(yaml).expect("headers")
}

fn env<'a>(
    lab: &'a mut Cluster,
    deployment: &str,
) -> &'a mut Vec<k8s_openapi::api::core::v1::EnvVar> {
    lab.container(deployment).env.as_mut().expect("variables")
}

type Mutant = (&'static str, fn(&mut Cluster), &'static str);

/// What is broken, how, and the law that sees it.
#[rustfmt::skip]
const MUTANTS: [Mutant; 22] = [
    ("match dropped: everybody is in the lane", |lab| lab.rules(MESH_2)[0].r#match = None, "lane-closure"),
    ("match dropped at the gateway", |lab| lab.rules(PUBLIC)[0].r#match = None, "lane-closure"),
    ("rule of the lane dropped", |lab| { lab.rules(MESH_2).remove(0); }, "lane-return"),
    ("rule of the lane dropped at the gateway", |lab| { lab.rules(PUBLIC).remove(0); }, "lane-return"),
    ("rule of the lane dropped at the last hop", |lab| { lab.rules(MESH_3).remove(0); }, "lane-return"),
    ("order swapped", |lab| lab.rules(MESH_3).swap(0, 1), "lane-return"),
    ("order swapped at the gateway", |lab| lab.rules(PUBLIC).swap(0, 1), "lane-return"),
    ("wide pattern", |lab| regex(lab, MESH_2, 0, "v.*"), "lane-closure"),
    ("pattern of everything", |lab| regex(lab, MESH_3, 0, ".*"), "lane-closure"),
    ("pattern that takes the other lane, too", |lab| regex(lab, MESH_2, 0, "v2|blue"), "lane-closure"),
    ("pattern that forgets the lane", |lab| regex(lab, MESH_2, 0, "v[3-9]"), "lane-return"),
    ("misspelt lane", |lab| regex(lab, MESH_1, 0, "V2"), "lane-return"),
    ("wrong subset: the lane gets the baseline", |lab| lab.destination(MESH_2, 0).subset = Some("v1".into()), "lane-return"),
    ("wrong subset: the lane gets the other lane", |lab| lab.destination(MESH_2, 0).subset = Some("blue".into()), "lane-closure"),
    ("wrong subset: the baseline gets the lane", |lab| lab.destination(MESH_2, 2).subset = Some("v2".into()), "lane-closure"),
    ("no subset: any pods", |lab| lab.destination(MESH_3, 1).subset = None, "lane-closure"),
    ("label of a subset that all versions bear", |lab| {
        let subsets = lab.destination_rule("httpserver-service3").spec.subsets.as_mut().expect("subsets");
        subsets[0].labels = Some([("app".to_owned(), "httpserver-service3".to_owned())].into());
    }, "lane-closure"),
    ("label of the baseline on pods of the lane", |lab| {
        let template = &mut lab.deployment("httpserver-service3-v2").spec.as_mut().expect("a spec").template;
        let labels = template.metadata.as_mut().expect("metadata").labels.as_mut().expect("labels");
        labels.insert("version".into(), "v1".into());
    }, "lane-closure"),
    ("missing default", |lab| { lab.rules(MESH_2).truncate(2); }, "lane-closure"),
    ("no VirtualService: any pods", |lab| lab.remove("VirtualService cloudnative/httpserver-service3-mesh"), "lane-closure"),
    ("lane taken away on the way", |lab| lab.rules(MESH_2)[0].headers = Some(headers("{request: {remove: [x-lane]}}")), "lane-closure"),
    ("lane changed on the way", |lab| lab.rules(MESH_1)[1].headers = Some(headers("{request: {set: {X-Lane: v2}}}")), "lane-closure"),
];

#[test]
fn two_lanes_beside_each_other_are_closed() {
    assert_eq!(listed(&lab().findings()), "");
}

#[test]
fn each_way_to_break_a_lane_is_seen() {
    for (name, apply, law) in MUTANTS {
        let mut cluster = lab();
        apply(&mut cluster);
        let findings = cluster.findings();
        let lanes = findings.iter().filter(|found| found.rule.starts_with("lane-"));
        let first = lanes.clone().find(|found| found.rule.starts_with(law));
        let first = first.unwrap_or_else(|| panic!("{name}: {}", listed(&findings)));
        println!("{name:<46} {}: {}", first.field, first.message);
        for found in lanes {
            assert!(found.hint.contains("curl"), "{found}");
        }
    }
}

#[test]
fn a_weighted_entry_that_marks_its_requests_is_closed_and_one_that_does_not_leaks() {
    let split = |mark: &str| {
        let mut cluster = lab();
        let route = cluster.rules(PUBLIC)[1].route.as_mut().expect("a route");
        let mut canary = route[0].clone();
        (route[0].weight, canary.weight) = (Some(90), Some(10));
        canary.destination.subset = Some("v2".into());
        canary.headers = serde_yaml::from_str(mark).expect("headers");
        route.push(canary);
        listed(&cluster.findings())
    };
    assert_eq!(split("{request: {set: {x-lane: v2}}}"), "");
    let found = split("{}");
    assert!(found.contains("a request of `no lane`: pods of lane `v2` answer"), "{found}");
    assert!(found.contains("curl https://service1.cncamp.io/hello/service1"), "{found}");
    let found = split("{request: {set: {x-lane: blue}}}");
    assert!(found.contains("pods of lane `v2` answer"), "{found}");
}

#[test]
fn an_edge_that_takes_the_lane_away_is_closed() {
    let mut cluster = lab();
    cluster.rules(PUBLIC).remove(0);
    cluster.rules(PUBLIC)[0].headers = Some(headers("{request: {remove: [x-lane]}}"));
    assert_eq!(listed(&cluster.findings()), "");
}

#[test]
fn pods_of_the_baseline_that_say_they_are_in_a_lane_leak() {
    let mut cluster = lab();
    let lane = env(&mut cluster, "httpserver-service3-v2")[1].clone();
    assert_eq!(lane.name, "LANE");
    env(&mut cluster, "httpserver-service3-v1").push(lane);
    let found = listed(&cluster.findings());
    assert!(found.contains("pods of lane `v2` answer"), "{found}");
    assert!(matches!(cluster.0[0].object, Object::Simple(_)));
}
