//! What is read of Envoy's counters is what was sent.

use crate::harness::{Lab, kill, until};
use crate::request::{Client, runtime};
use rustix::process::Signal;
use serde_json::Value;

const NAMES: [&str; 3] = ["httpserver-service1", "httpserver-service2", "httpserver-service3"];

fn host(name: &str) -> String {
    format!("{name}.cloudnative.svc.cluster.local")
}

/// Completed requests, failures and timed requests of each service in `side`, and the failures that were forgotten.
fn counted(lab: &Lab, side: &str) -> [[u64; 4]; 3] {
    let readings = lab.ok(&["canary", "counters", "--output", "json"]);
    let readings: Value = serde_json::from_str(&readings).unwrap();
    std::array::from_fn(|number| {
        assert_eq!(readings[number]["host"], host(NAMES[number]));
        let reading = &readings[number][side];
        let number = |value: &Value| value.as_u64().unwrap();
        let classes: u64 = reading["classes"].as_array().unwrap().iter().map(number).sum();
        let timed =
            reading["latency"].as_array().unwrap().last().map_or(0, |last| number(&last["up_to"]));
        let completed = number(&reading["completed"]);
        [completed, number(&reading["classes"][4]), timed, completed - classes]
    })
}

/// Waits until as much is counted; histograms follow the counters at some distance.
fn until_counted(lab: &Lab, side: &str, expected: [[u64; 4]; 3]) {
    until(&format!("{side} has {expected:?}"), || {
        let counted = counted(lab, side);
        let sums = |of: [[u64; 4]; 3]| of.map(|[completed, failed, ..]| [completed, failed]);
        assert_eq!(sums(counted), sums(expected), "counters are exact at once");
        (counted == expected).then_some(())
    });
}

fn victim(lab: &Lab, name: &str) -> Value {
    let of_lane = |pod: &Value| pod["lane"] == "v2" && pod["app"] == name;
    lab.pods().into_iter().find(of_lane).expect("a pod of the lane")
}

fn send(lab: &Lab, lane: &str, count: u64) -> u64 {
    let client = Client::of(lab);
    let asked = async {
        let mut failed = 0;
        for _ in 0..count {
            failed += u64::from(client.ask(lane).await.is_err());
        }
        failed
    };
    runtime().block_on(asked)
}

#[test]
fn what_was_sent_in_each_lane_is_counted_and_a_failure_counts_at_every_service_that_it_passes() {
    let lab = Lab::up();
    lab.ok(&["canary", "start", "v2"]);
    until_counted(&lab, "lane", [[0; 4]; 3]);
    assert_eq!((send(&lab, "", 23), send(&lab, "v2", 11)), (0, 0));
    until_counted(&lab, "baseline", [[23, 0, 23, 0]; 3]);
    until_counted(&lab, "lane", [[11, 0, 11, 0]; 3]);

    spoil(&lab, NAMES[1], 1.0);
    assert_eq!((send(&lab, "", 5), send(&lab, "v2", 7)), (0, 7));
    until_counted(&lab, "baseline", [[28, 0, 28, 0]; 3]);
    // The second service fails, the first passes that on, and the third is not asked.
    let passed = [18, 7, 18, 0];
    until_counted(&lab, "lane", [passed, passed, [11, 0, 11, 0]]);
}

#[test]
fn a_lane_without_an_endpoint_fails_and_failures_that_envoy_forgot_are_seen() {
    let lab = Lab::up();
    lab.ok(&["canary", "start", "v2"]);
    assert_eq!(send(&lab, "v2", 4), 0);
    // Each end makes the next start wait longer, so that in the end the gap is seen.
    let mut killed = 0;
    until("the pod is out", || {
        let pod = victim(&lab, NAMES[2]);
        let pid = u32::try_from(pod["pid"].as_u64().unwrap()).unwrap();
        if pod["ready"] == true && pid != killed {
            kill(pid, Signal::KILL);
            killed = pid;
        }
        (pod["ready"] == false && send(&lab, "v2", 1) == 1).then_some(())
    });
    let [.., [completed, failed, timed, forgotten]] = counted(&lab, "lane");
    assert!(failed > 0, "Envoy's own 503 is a failure");
    assert!(completed > timed, "and has no latency: {completed} {timed}");
    assert!(forgotten > 0, "the cluster was replaced: {completed} {failed}");
}

/// Makes requests of the lane's pod of a service fail, so many of them.
fn spoil(lab: &Lab, name: &str, rate: f64) {
    let faults = format!("http://127.0.0.1:{}/faults", victim(lab, name)["admin_port"]);
    let admin = reqwest::Client::builder().no_proxy().build().unwrap();
    let put = admin.put(&faults).body(format!(r#"{{"error_rate": {rate}}}"#)).send();
    assert_eq!(runtime().block_on(put).unwrap().status(), 200);
}

/// Wide tolerances, so that few requests decide.
const WIDE: [&str; 6] = ["--requests", "600", "--errors", "0.15", "--slow", "0.6"];

#[test]
fn a_good_lane_is_raised_and_promoted_from_where_an_interruption_left_it() {
    let lab = Lab::up();
    lab.ok(&["canary", "start", "v2"]);
    lab.ok(&["canary", "weight", "40"]);
    let told = lab.ok(&[&["canary", "auto", "--steps", "10,40,80,100"][..], &WIDE].concat());
    let steps: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("→ ")).collect();
    let wanted = ["weight 40 --lane v2", "weight 80 --lane v2", "promote --lane v2"];
    assert_eq!(steps, wanted, "{told}");
    assert!(lab.pods().iter().all(|pod| pod["version"] == "v2"));
}

#[test]
fn a_bad_lane_is_aborted_and_the_service_that_fails_is_named() {
    let lab = Lab::up();
    lab.ok(&["canary", "start", "v2"]);
    spoil(&lab, NAMES[1], 0.6);
    let ran = lab.run(&[&["canary", "auto", "--steps", "50"][..], &WIDE].concat());
    assert_eq!(ran.status.code(), Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("→ weight 50 --lane v2"), "{}", ran.stdout);
    assert!(ran.stdout.contains("→ abort --lane v2"), "{}", ran.stdout);
    let reason = ran.stdout.lines().find(|line| line.contains("✗")).unwrap();
    assert!(reason.contains(&host(NAMES[1])), "the last of those that fail is the cause: {reason}");
    assert!(lab.pods().iter().all(|pod| pod["version"] == "v1"));
}

#[test]
fn without_enough_requests_a_release_holds_where_it_is() {
    let lab = Lab::up();
    let ran = lab.run(&["canary", "auto"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stderr.contains("no release is under way\n  hint: "), "{}", ran.stderr);
    lab.ok(&["canary", "start", "v2"]);
    let ran = lab.run(&["canary", "auto", "--requests", "60", "--looks", "2", "--steps", "50"]);
    assert_eq!(ran.status.code(), Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("held: neither raised nor aborted"), "{}", ran.stdout);
    let status: Value =
        serde_json::from_str(&lab.ok(&["canary", "status", "--output", "json"])).unwrap();
    assert_eq!(status["draw"]["percent"], 50);
}
