//! A release, step by step, in a real lab: who gets which version, and what is refused.

use crate::harness::{Lab, out};
use crate::manifests::Copy;
use crate::request::{Client, User, runtime};
use serde_json::Value;

const V1: [&str; 3] = ["v1", "v1", "v1"];
const V2: [&str; 3] = ["v2", "v2", "v2"];
/// A fallback before the lane's only service, and behind it.
const V3: [&str; 3] = ["v1", "v3", "v1"];

#[track_caller]
fn check_hops(client: &Client, header: Option<(&str, &str)>, query: &str, expected: [&str; 3]) {
    let hops = runtime().block_on(client.hops_with(header, query));
    assert_eq!(hops.as_deref(), Ok(&expected.map(ToOwned::to_owned)[..]), "{header:?} {query}");
}

#[track_caller]
fn check_refused(lab: &Lab, step: &[&str], message: &str, hint: &str) {
    let ran = lab.run(&[&["canary"], step].concat());
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains(message), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("hint: {hint}")), "{}", ran.stderr);
}

#[test]
fn a_release_goes_from_testers_to_everybody_and_each_step_twice_is_once() {
    let lab = Lab::up();
    let client = Client::of(&lab);
    for _ in 0..2 {
        lab.ok(&["canary", "start", "v2"]);
        check_hops(&client, Some(("x-lane", "v2")), "", V2);
        check_hops(&client, None, "", V1);
    }
    lab.ok(&["canary", "start", "v3"]);
    check_hops(&client, Some(("x-lane", "v2")), "", V2);
    check_hops(&client, Some(("x-lane", "v3")), "", V3);
    check_hops(&client, Some(("cookie", "a=b; lane=v3; c=d")), "", V3);
    check_hops(&client, None, "?a=b&lane=v3", V3);
    check_hops(&client, Some(("x-lane", "v2")), "?lane=v3", V2);

    for _ in 0..2 {
        lab.ok(&["canary", "weight", "100", "--lane", "v2"]);
        check_hops(&client, None, "", V2);
        check_hops(&client, None, "?lane=v3", V3);
        check_hops(&client, Some(("x-lane", "no-such-lane")), "", V1);
    }
    lab.ok(&["verify"]);
    for _ in 0..2 {
        lab.ok(&["canary", "promote", "--lane", "v2"]);
        check_hops(&client, None, "", V2);
        check_hops(&client, Some(("x-lane", "v2")), "", V2);
        check_hops(&client, Some(("x-lane", "v3")), "", ["v2", "v3", "v2"]);
    }
    let versions = lab.pods().into_iter().map(|pod| pod["version"].as_str().unwrap().to_owned());
    let versions: Vec<String> = versions.collect();
    let count = |version: &str| versions.iter().filter(|found| *found == version).count();
    assert_eq!((count("v1"), count("v2"), count("v3")), (0, 6, 1), "{versions:?}");
    lab.ok(&["verify"]);
    check_refused(&lab, &["abort", "--lane", "v2"], "lane `v2` was promoted", "to go back");

    for _ in 0..2 {
        lab.ok(&["canary", "abort", "--lane", "v3"]);
        check_hops(&client, Some(("x-lane", "v3")), "", V2);
    }
    let steps: Value =
        serde_json::from_str(&lab.ok(&["canary", "status", "--output", "json"])).unwrap();
    let steps = steps["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|taken| taken["step"].as_str().unwrap().to_owned());
    let wanted =
        ["start v2", "start v3", "weight 100 --lane v2", "promote --lane v2", "abort --lane v3"];
    assert_eq!(steps.collect::<Vec<_>>(), wanted);
}

#[test]
fn an_aborted_lane_is_gone_for_testers_and_for_whoever_was_drawn() {
    let lab = Lab::up();
    let client = Client::of(&lab);
    lab.ok(&["canary", "start", "v2"]);
    lab.ok(&["canary", "weight", "99"]);
    let first = Some(("cookie", "lane-v2-ticket=00000000-0000-4000-8000-000000000000"));
    let last = Some(("cookie", "lane-v2-ticket=00000000-0000-4000-8000-000000000fff"));
    check_hops(&client, first, "", V2);
    check_hops(&client, last, "", V1);
    lab.ok(&["verify"]);
    lab.ok(&["canary", "abort"]);
    check_hops(&client, first, "", V1);
    check_hops(&client, Some(("x-lane", "v2")), "", V1);
    assert_eq!(lab.pods().len(), 6, "the lane's pods have gone");
    lab.ok(&["canary", "start", "v2"]);
    check_hops(&client, first, "", V1);
}

/// The share of each step, as the tickets have it: 409, 2048 and 3686 of 4096.
#[test]
fn users_are_drawn_as_the_binomial_distribution_has_it_stay_and_are_never_taken_out_by_more() {
    const USERS: usize = 500;
    let lab = Lab::up();
    let client = Client::of(&lab);
    lab.ok(&["canary", "start", "v2"]);
    let mut users = vec![User::default(); USERS];
    let mut before = vec![false; USERS];
    for (percent, tickets) in [(10, 409_u32), (50, 2048), (90, 3686)] {
        lab.ok(&["canary", "weight", &percent.to_string()]);
        let drawn = runtime().block_on(client.visit(&mut users));
        let again = runtime().block_on(client.visit(&mut users));
        assert_eq!(drawn, again, "{percent} %: each user is where he was");
        assert!(
            before.iter().zip(&drawn).all(|(before, now)| *now || !before),
            "{percent} %: monotone"
        );
        let share = f64::from(tickets) / 4096.0;
        let inside = u32::try_from(drawn.iter().filter(|drawn| **drawn).count()).unwrap();
        let users = f64::from(u32::try_from(USERS).unwrap());
        // Five standard deviations: a right draw fails here once in a million runs.
        let slack = 5.0 * (users * share * (1.0 - share)).sqrt();
        assert!(
            (f64::from(inside) - users * share).abs() < slack,
            "{percent} %: {inside} of {users}"
        );
        before = drawn;
    }
    let status: Value =
        serde_json::from_str(&lab.ok(&["canary", "status", "--output", "json"])).unwrap();
    assert_eq!(status["draw"]["percent"], 90);
    lab.ok(&["canary", "weight", "25"]);
    let fewer = runtime().block_on(client.visit(&mut users));
    assert!(
        fewer.iter().zip(&before).all(|(now, before)| *before || !now),
        "the same users remain"
    );
}

#[test]
fn steps_that_the_state_does_not_allow_are_refused_with_a_way_out() {
    let lab = Lab::up();
    check_refused(&lab, &["promote"], "no lane is live", "start one first; there are: v2, v3");
    check_refused(&lab, &["weight", "10"], "no lane is live", "start one first");
    check_refused(&lab, &["start", "v9"], "there is no lane `v9`", "choose one of: v2, v3");
    lab.ok(&["canary", "abort"]);
    lab.ok(&["apply", "canary-v2"]);
    check_refused(
        &lab,
        &["start", "v3"],
        "the layer `canary-v2` was applied by itself",
        "`cargo lab remove canary-v2` first",
    );
    lab.ok(&["remove", "canary-v2"]);
    lab.ok(&["canary", "start", "v3"]);
    check_refused(&lab, &["weight", "101"], "101 % is more than everybody", "give a share");
    let ran = lab.run(&["apply", "canary-v2"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(
        ran.stderr.contains("hint: `cargo lab canary start v2` puts both lanes"),
        "{}",
        ran.stderr
    );
    let client = Client::of(&lab);
    check_hops(&client, Some(("x-lane", "v3")), "", V3);
}

#[test]
fn a_lane_that_would_leak_or_does_not_start_changes_nothing_and_may_be_started_when_it_is_mended() {
    let copy = Copy::of_out();
    let (routes, pods) =
        ("canary-v2/routes/virtual-services.yaml", "canary-v2/workloads/httpserver-service2.yaml");
    let whole = copy.read(routes);
    copy.write(routes, &copy.without_lane_rule("httpserver-service2"));
    let lab = Lab::up_with(copy.path(), &[]);
    let client = Client::of(&lab);
    let ran = lab.run(&["canary", "start", "v2"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stderr.contains("rule: lane-return: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("httpserver-service2-mesh: spec.http"), "{}", ran.stderr);

    copy.write(routes, &whole);
    let container = copy.read(pods);
    copy.replace(pods, "value: 1..20", "value: nonsense");
    let ran = lab.run(&["canary", "start", "v2"]);
    assert_eq!(ran.status.code(), Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("nonsense"), "{}", ran.stderr);
    check_hops(&client, Some(("x-lane", "v2")), "", V1);
    assert_eq!(lab.pods().len(), 6);

    copy.write(pods, &container);
    lab.ok(&["canary", "start", "v2"]);
    check_hops(&client, Some(("x-lane", "v2")), "", V2);
}

#[test]
fn while_steps_are_taken_no_request_fails_and_none_mixes_lanes() {
    let lab = Lab::up_with(&out(), &[]);
    lab.ok(&["canary", "start", "v2"]);
    let turns = ["--lane", "v2", "--lane", "v2:draw", "--lane", "v3:cookie", "--lane", "v3:query"];
    let load = [&["load", "--requests", "4000", "--output", "json"][..], &turns].concat();
    let ran = std::thread::scope(|scope| {
        let load = scope.spawn(|| lab.run(&load));
        while !load.is_finished() {
            lab.ok(&["canary", "start", "v3"]);
            for percent in ["5", "50", "99", "0"] {
                lab.ok(&["canary", "weight", percent, "--lane", "v2"]);
            }
            lab.ok(&["canary", "abort", "--lane", "v3"]);
        }
        load.join().unwrap()
    });
    assert_eq!(ran.status.code(), Some(0), "{}{}", ran.stdout, ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["requests"], &report["failed"], &report["leaked"]),
        (&4000.into(), &0.into(), &0.into())
    );
    for lane in report["lanes"].as_array().unwrap().iter().filter(|lane| lane["entry"] != "header")
    {
        assert!(lane["hops_in_lane"].as_u64().unwrap() > 0, "some were in the lane: {lane}");
    }
}

/// `explain --live` knows how far a release has come: with the id that the gateway drew, it tells who answered.
#[test]
fn who_is_drawn_is_explained_from_the_id_of_the_request() {
    let lab = Lab::up();
    let client = Client::of(&lab);
    for step in [&["start", "v2"][..], &["start", "v3"], &["weight", "50", "--lane", "v2"]] {
        lab.ok(&[&["canary"], step].concat());
    }
    let url = "https://service1.cncamp.io/hello/service1";
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let answer = runtime().block_on(client.ask("")).unwrap();
        let hops = crate::request::flat(&answer);
        let id = &hops.last().unwrap().headers.as_ref().unwrap()["x-request-id"][0];
        let versions =
            hops.iter().map(|hop| format!("{}/{}", hop.service, hop.version.as_ref().unwrap()));
        let versions = versions.collect::<Vec<_>>().join(" → ");
        let told = lab.ok(&["explain", url, "--live", "-H", &format!("x-request-id: {id}")]);
        assert_eq!(told.lines().last(), Some(format!("seen: {versions}").as_str()), "{told}");
        seen.insert(versions);
    }
    assert_eq!(seen.len(), 2, "some are in the lane, some are not: {seen:?}");
    let ran = lab.run(&["explain", url, "--live"]);
    assert!(ran.stderr.contains("hint: say which id to explain"), "{}", ran.stderr);
    let told = lab.ok(&["explain", "https://service1.cncamp.io/hello/service1?lane=v3", "--live"]);
    assert!(told.ends_with("seen: service1/v1 → service2/v3 → service3/v1\n"), "{told}");
}
