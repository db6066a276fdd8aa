//! `lab load`: mixed lanes, every hop checked; what it must find, it finds.

use crate::harness::{Lab, kill, until};
use crate::manifests::Copy;
use rustix::process::Signal;
use serde_json::Value;

fn report(ran: &crate::harness::Ran) -> Value {
    serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

#[test]
fn mixed_lanes_stay_in_their_lanes_while_the_lane_comes_and_goes() {
    let lab = Lab::up();
    let report = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            lab.run(&[
                "load",
                "--requests",
                "2000",
                "--lane",
                "v2",
                "--lane",
                "no-such-lane",
                "--output",
                "json",
            ])
        });
        while !load.is_finished() {
            lab.ok(&["apply", "canary-v2"]);
            lab.ok(&["remove", "canary-v2"]);
        }
        let ran = load.join().unwrap();
        assert_eq!(ran.status.code(), Some(0), "{}{}", ran.stdout, ran.stderr);
        report(&ran)
    });
    assert_eq!(
        (&report["requests"], &report["failed"], &report["leaked"]),
        (&2000.into(), &0.into(), &0.into())
    );
    let bound = report["leak_bound"].as_f64().unwrap();
    assert!((bound - 0.001_496_7).abs() < 1e-6, "1 - 0.05^(1/2000), not {bound}");
    let lanes = report["lanes"].as_array().unwrap();
    let names: Vec<&str> = lanes.iter().map(|lane| lane["lane"].as_str().unwrap()).collect();
    assert_eq!(names, ["", "v2", "no-such-lane"]);
    for lane in lanes {
        assert!([666, 667].contains(&lane["requests"].as_u64().unwrap()), "{lane}");
        assert_eq!(
            lane["hops"].as_u64().unwrap(),
            3 * lane["requests"].as_u64().unwrap(),
            "{lane}"
        );
        let [p50, p99, longest] = ["p50", "p99", "longest"].map(|key| lane[key].as_f64().unwrap());
        assert!(0.0 < p50 && p50 <= p99 && p99 <= longest, "{lane}");
    }
    assert!(
        lanes[1]["hops_in_lane"].as_u64().unwrap() > 0,
        "the lane was there for some: {}",
        lanes[1]
    );
    assert_eq!(lanes[0]["hops_in_lane"], 0);
}

#[test]
fn a_route_that_leaks_is_found_and_told() {
    let copy = Copy::of_out();
    // The baseline of the last hop is the lane's version.
    let path = "canary-v2/routes/virtual-services.yaml";
    let text = copy.read(path);
    let (before, after) = text.rsplit_once("subset: v1").unwrap();
    copy.write(path, &format!("{before}subset: v2{after}"));
    let lab = Lab::up_with(copy.path(), &["--with", "canary-v2"]);
    let ran = lab.run(&["load", "--requests", "300"]);
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("200 of 300 answers left their lane"), "{}", ran.stdout);
    // Of requests that run at the same time, any may be the first.
    let first = |lane: &str| {
        format!("the first that left its lane: {lane}: service1 → service2 → service3 in v2")
    };
    let is_told = ["no lane", "no-such-lane"].iter().any(|lane| ran.stdout.contains(&first(lane)));
    assert!(is_told, "{}", ran.stdout);
}

#[test]
fn requests_to_a_lane_whose_pod_is_killed_fail_or_wait_but_never_leave_the_lane() {
    let lab = Lab::up_with(&crate::harness::out(), &["--with", "canary-v2"]);
    let victim = lab
        .pods()
        .into_iter()
        .find(|pod| pod["version"] == "v2" && pod["app"] == "httpserver-service2");
    let victim = victim.expect("a pod of the lane");
    let ran = std::thread::scope(|scope| {
        let load = scope.spawn(|| lab.run(&["load", "--requests", "3000", "--output", "json"]));
        kill(u32::try_from(victim["pid"].as_u64().unwrap()).unwrap(), Signal::KILL);
        load.join().unwrap()
    });
    let report = report(&ran);
    assert_eq!((&report["requests"], &report["leaked"]), (&3000.into(), &0.into()));
    let failed = |lane: usize| report["lanes"][lane]["failed"].as_u64().unwrap();
    assert_eq!((failed(0), failed(2)), (0, 0), "only the lane itself can fail: {report}");
    for failure in report["failures"].as_array().unwrap() {
        let words = failure[0].as_str().unwrap();
        assert!(
            words.starts_with("status 502 Bad Gateway: service2: "),
            "who is to blame: {words}"
        );
    }
    until("the pod is back", || lab.pods().iter().all(|pod| pod["ready"] == true).then_some(()));
    lab.ok(&["load", "--requests", "100"]);
}

#[test]
fn a_lane_that_no_header_can_hold_is_refused() {
    let lab = Lab::up();
    let ran = lab.run(&["load", "--lane", "a\nb"]);
    assert_eq!(ran.status.code(), Some(2), "{}", ran.stdout);
    assert!(ran.stderr.contains("`a\\nb` is no name of a lane, such as v2"), "{}", ran.stderr);
    for arguments in [["load", "--requests=0"], ["load", "--at-once=0"], ["load", "--lane="]] {
        assert_eq!(lab.run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}
