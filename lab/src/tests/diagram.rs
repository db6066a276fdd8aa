//! Objects → the diagram of lanes and hops, where its ways run, and the picture in characters.

use super::{deployment_with, manifests, object, service};
use crate::diagram::layout::Layout;
use crate::diagram::{self, Diagram, text::text};
use crate::page::picture::{Picture, Shape};
use crate::topology::Topology;
use std::collections::BTreeSet;

/// A Deployment that calls other services.
fn app(name: &str, version: &str, calls: &[&str]) -> String {
    let variables = calls.iter().map(|to| format!("{{name: TO_{to}, value: 'http://{to}/'}}, "));
    let environment = format!("env: [{}], ", variables.collect::<String>());
    deployment_with(
        &format!("lab/{name}-{version}"),
        &format!("{{app: {name}, version: {version}}}"),
        &format!("{environment}ports: [{{name: http, containerPort: 8080}}]"),
    )
}

/// The rules of a host: one for each lane, then the baseline; `gateway` is `edge` or `mesh`.
fn rules(service: &str, lanes: &[&str], gateway: &str) -> String {
    let to =
        |subset: &str| format!("route: [{{destination: {{host: {service}, subset: {subset}}}}}]");
    let lane = |lane: &&str| {
        format!("{{match: [{{headers: {{x-lane: {{exact: {lane}}}}}}}], {}}}, ", to(lane))
    };
    let lanes: String = lanes.iter().map(lane).collect();
    let host = if gateway == "edge" { "example.com" } else { service };
    let spec =
        format!("{{gateways: [{gateway}], hosts: [{host}], http: [{lanes}{{{}}}]}}", to("v1"));
    object("VirtualService", &format!("lab/{service}-{gateway}"), &spec)
}

/// A chain of services behind `https://example.com`, each in v1 and in the lanes that it has.
pub(super) fn chain(services: &[(&str, &[&str])]) -> String {
    let mut yaml = edge();
    for (index, (name, lanes)) in services.iter().enumerate() {
        let calls: Vec<&str> = services.get(index + 1).map(|next| next.0).into_iter().collect();
        yaml += &service(&format!("lab/{name}"));
        let mut subsets = Vec::new();
        for version in ["v1"].iter().chain(*lanes) {
            yaml += &app(name, version, &calls);
            subsets.push(format!("{{name: {version}, labels: {{version: {version}}}}}"));
        }
        let subsets = subsets.join(", ");
        let spec = format!("{{host: {name}, subsets: [{subsets}]}}");
        yaml += &object("DestinationRule", &format!("lab/{name}"), &spec);
        yaml += &rules(name, lanes, if index == 0 { "edge" } else { "mesh" });
    }
    yaml
}

fn edge() -> String {
    let server = "{port: {name: https, number: 443, protocol: HTTPS}, hosts: [example.com], \
                  tls: {mode: SIMPLE, credentialName: credential}}";
    let spec = format!("{{selector: {{istio: ingressgateway}}, servers: [{server}]}}");
    object("Gateway", "lab/edge", &spec)
}

#[track_caller]
pub(super) fn diagram_of(yaml: &str) -> Diagram {
    let manifests = manifests(yaml);
    let topology = Topology::of(&manifests).expect("a topology");
    let [diagram] = &diagram::diagrams(&manifests, &topology)[..] else { panic!("one entrance") };
    diagram.clone()
}

#[track_caller]
fn check(yaml: &str, expected: &str) {
    assert_eq!(format!("\n{}", text(&diagram_of(yaml))), expected);
}

/// A chain of two services in v1 and v2, in which `http` decides at the entrance.
fn with_entrance(http: &str) -> String {
    let spec = format!("{{gateways: [edge], hosts: [example.com], http: {http}}}");
    let entrance = object("VirtualService", "lab/one-edge", &spec);
    chain(&[("one", &["v2"]), ("two", &["v2"])]).replace(&rules("one", &["v2"], "edge"), &entrance)
}

#[test]
fn without_a_lane_there_is_one_row() {
    check(
        &chain(&[("one", &[]), ("two", &[])]),
        "
LANE      gateway   one         two
baseline  │───────▶ v1 ───────▶ v1
",
    );
}

#[test]
fn a_lane_with_all_services_stays_in_its_row() {
    check(
        &chain(&[("one", &["v2"]), ("two", &["v2"])]),
        "
LANE      gateway   one         two
baseline  │───────▶ v1 ───────▶ v1
          │
v2        │───────▶ v2 ───────▶ v2
",
    );
}

#[test]
fn a_lane_falls_back_and_returns_at_the_next_hop_that_has_it() {
    let yaml = chain(&[("one", &["v2"]), ("two", &[]), ("three", &["v2"])]);
    check(
        &yaml,
        "
LANE      gateway   one           two           three
baseline  │───────▶ v1 ─────────▶ v1 ─────────▶ v1
          │                   ┌─▶ v1 ──┐
          │                   │        │
v2        │───────▶ v2 ───────┘   ·    └──────▶ v2
",
    );
    let diagram = diagram_of(&yaml);
    let ways = diagram.ways.iter().filter(|way| way.lane == 1).map(|way| diagram.ends(way));
    assert_eq!(
        ways.collect::<Vec<_>>(),
        [["gateway", "one v2"], ["one v2", "two v1"], ["two v1", "three v2"]]
    );
    let [gap] = diagram.gaps.as_slice() else { panic!("one gap: {:?}", diagram.gaps) };
    assert_eq!((gap.lane, gap.hop, gap.words.as_str()), (1, 1, "falls back to v1"));
}

#[test]
fn a_lane_falls_back_at_the_first_hop() {
    check(
        &chain(&[("one", &[]), ("two", &["v2"])]),
        "
LANE      gateway    one           two
baseline  │────────▶ v1 ─────────▶ v1
          │      ┌─▶ v1 ──┐
          │      │        │
v2        │──────┘   ·    └──────▶ v2
",
    );
}

#[test]
fn each_of_several_lanes_falls_back_for_itself() {
    check(
        &chain(&[("one", &["v2"]), ("two", &["v3"]), ("three", &["v2", "v3"])]),
        "
LANE      gateway    one             two           three
baseline  │────────▶ v1 ───────────▶ v1 ─────────▶ v1
          │                      ┌─▶ v1 ──┐
          │      ┌─▶ v1 ──┐      │        │
          │      │        │      │        │
v2        │──────┼─▶ v2 ──┼──────┘   ·    └──────▶ v2
          │      │        │
v3        │──────┘   ·    └────────▶ v3 ─────────▶ v3
",
    );
}

#[test]
fn a_call_that_skips_a_column_runs_below_it() {
    let two = "{name: TO_two, value: 'http://two/'}, ";
    let three = two.replace("two", "three");
    let yaml = chain(&[("one", &["v2"]), ("two", &["v2"]), ("three", &["v2"])])
        .replace(&three, "")
        .replace(two, &format!("{two}{three}"));
    check(
        &yaml,
        "
LANE      gateway   one             two             three
baseline  │───────▶ v1 ────┬──────▶ v1        ┌───▶ v1
          │                └──────────────────┘
          │
v2        │───────▶ v2 ──┬────────▶ v2          ┌─▶ v2
          │              └──────────────────────┘
",
    );
}

#[test]
fn a_share_that_the_gateway_puts_into_a_lane_goes_on_in_its_row() {
    let http = "[{match: [{headers: {x-lane: {exact: v2}}}], route: [{destination: {host: one, subset: v2}}]}, \
                 {route: [{destination: {host: one, subset: v1}, weight: 70}, \
                 {destination: {host: one, subset: v2}, weight: 30, headers: {request: {set: {x-lane: v2}}}}]}]";
    check(
        &with_entrance(http),
        "
LANE      gateway        one         two
baseline  │─┬── 70 % ──▶ v1 ───────▶ v1
          │ │
          │ └── 30 % ──▶ v2
v2        │────────────▶ v2 ───────▶ v2
",
    );
}

#[test]
fn a_share_that_stays_in_no_lane_is_seen_to_leave_its_row_and_to_come_back() {
    let http = "[{match: [{headers: {x-lane: {exact: v2}}}], route: [{destination: {host: one, subset: v2}}]}, \
                 {route: [{destination: {host: one, subset: v1}, weight: 70}, \
                 {destination: {host: one, subset: v2}, weight: 30}]}]";
    check(
        &with_entrance(http),
        "
LANE      gateway        one           two
baseline  │─┬── 70 % ──▶ v1 ───────┬─▶ v1
          │ │                      │
          │ └── 30 % ──▶ v2 ───────┘
v2        │────────────▶ v2 ─────────▶ v2
",
    );
}

#[test]
fn a_condition_is_told_with_its_way() {
    let http = "[{match: [{uri: {prefix: /a}}], route: [{destination: {host: one, subset: v1}}]}, \
                 {route: [{destination: {host: one, subset: v2}}]}]";
    let diagram = diagram_of(&with_entrance(http));
    let whens = diagram.ways.iter().map(|way| (way.lane, way.to, way.when.as_deref()));
    assert_eq!(
        whens.take(2).collect::<Vec<_>>(),
        [(0, 0, Some("path starts with /a")), (0, 1, None)]
    );
}

/// A rule for requests of lane v2 to a service, and none for others.
fn lane_alone(service: &str) -> String {
    let route = format!("route: [{{destination: {{host: {service}, subset: v2}}}}]");
    format!("[{{match: [{{headers: {{x-lane: {{exact: v2}}}}}}], {route}}}]")
}

#[test]
fn an_answer_without_a_service_is_a_gap_in_words() {
    let spec = format!("{{gateways: [mesh], hosts: [two], http: {}}}", lane_alone("two"));
    let alone = object("VirtualService", "lab/two-mesh", &spec);
    let yaml = chain(&[("one", &["v2"]), ("two", &["v2"])]);
    let diagram = diagram_of(&yaml.replace(&rules("two", &["v2"], "mesh"), &alone));
    let [gap] = diagram.gaps.as_slice() else { panic!("one gap: {:?}", diagram.gaps) };
    assert_eq!((gap.lane, gap.hop, gap.words.as_str()), (0, 1, "404, no rule matches"));
    assert!(diagram.ways.iter().all(|way| way.lane == 1 || way.from.is_none()), "{diagram:?}");
}

#[test]
fn requests_that_the_entrance_leads_nowhere_have_no_way() {
    let diagram = diagram_of(&with_entrance(&lane_alone("one")));
    assert_eq!(diagram.ways.len(), 2);
    assert!(diagram.ways.iter().all(|way| way.lane == 1), "{diagram:?}");
    assert!(diagram.gaps.is_empty(), "{diagram:?}");
}

/// Every chain of three services, each of which is or is not in each of two lanes.
fn chains() -> impl Iterator<Item = String> {
    (0..64_usize).map(|bits| {
        let lanes = |service: usize| match bits >> (2 * service) & 3 {
            0 => &[][..],
            1 => &["v2"],
            2 => &["v3"],
            _ => &["v2", "v3"],
        };
        chain(&[("one", lanes(0)), ("two", lanes(1)), ("three", lanes(2))])
    })
}

#[test]
fn no_two_ways_have_one_line_or_one_track_in_a_gap() {
    for yaml in chains() {
        let diagram = diagram_of(&yaml);
        let Layout { lines, runs, tracks } = Layout::of(&diagram);
        let mut taken = BTreeSet::new();
        for (way, run) in diagram.ways.iter().zip(&runs) {
            assert!(taken.insert(("line", run.last_gap, run.along)), "{}", text(&diagram));
            for (side, gap, track) in
                [("left", run.first_gap, run.left), ("right", run.last_gap, run.right)]
            {
                if let Some(track) = track {
                    assert!(taken.insert((side, gap, track)), "{}", text(&diagram));
                    assert!(track < tracks[gap][usize::from(side == "right")]);
                }
            }
            let of_lane = [run.start, run.along, run.end].map(|line| lines[line].lane);
            assert_eq!(of_lane, [way.lane; 3], "a line is of one lane");
        }
    }
}

const fn overlap(one: &Shape, other: &Shape) -> bool {
    one.x < other.x + other.width
        && other.x < one.x + one.width
        && one.y < other.y + other.height
        && other.y < one.y + one.height
}

/// The vertical parts of a way, each as wide as its line.
fn verticals(crossing: &str) -> Vec<Shape> {
    let parts = crossing.split('M').filter(|part| !part.is_empty());
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let shape = |part: &str| {
        let (x, y) = part.split_once(' ').expect("M x y V y");
        let (top, bottom) = y.split_once('V').expect("M x y V y");
        Shape { x: number(x) - 1, y: number(top), width: 2, height: number(bottom) - number(top) }
    };
    parts.map(shape).collect()
}

#[test]
fn in_the_picture_nothing_lies_on_a_number_and_no_way_runs_through_a_place() {
    for yaml in chains() {
        let diagram = diagram_of(&yaml).live(&[], Some(&crate::collector::calls::Calls::default()));
        let picture = Picture::of(&diagram);
        let numbers: Vec<&Shape> =
            picture.ways.iter().filter_map(|way| Some(&way.number.as_ref()?.shape)).collect();
        assert_eq!(numbers.len(), diagram.ways.len(), "every way has its number");
        let spots: Vec<&Shape> =
            picture.places.iter().chain(&picture.gaps).map(|spot| &spot.shape).collect();
        let verticals: Vec<Shape> =
            picture.ways.iter().flat_map(|way| verticals(&way.crossing)).collect();
        for (index, number) in numbers.iter().enumerate() {
            assert!(!numbers[..index].iter().any(|other| overlap(number, other)), "{yaml}");
            assert!(!verticals.iter().any(|vertical| overlap(number, vertical)), "{yaml}");
        }
        for (index, spot) in spots.iter().enumerate() {
            let mut others = spots[..index].iter().copied().chain(numbers.iter().copied());
            assert!(!others.any(|other| overlap(spot, other)), "{yaml}");
            assert!(!verticals.iter().any(|vertical| overlap(spot, vertical)), "{yaml}");
            assert!(spot.x + spot.width <= picture.width && spot.y + spot.height <= picture.height);
        }
    }
}
