//! Layers that come and go while requests run.

use crate::harness::Lab;
use crate::manifests::Copy;
use crate::request::{Client, Hops, runtime};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Requests that must be answered at least.
const REQUESTS: usize = 1_000;

#[test]
fn no_request_fails_or_leaves_its_lane_while_a_layer_is_applied_and_removed_ten_times() {
    let lab = Lab::up();
    let client = Client::of(&lab);
    let enough = Arc::new(AtomicBool::new(false));
    let answers = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            runtime().block_on(client.load(&["", "v2", "no-such-lane"], REQUESTS, enough.clone()))
        });
        for _ in 0..10 {
            lab.ok(&["apply", "canary-v2"]);
            lab.ok(&["remove", "canary-v2"]);
        }
        enough.store(true, Ordering::SeqCst);
        load.join().unwrap()
    });
    assert!(answers.len() >= REQUESTS, "{} requests", answers.len());
    let failed: Vec<&(&str, Hops)> = answers.iter().filter(|(_, hops)| hops.is_err()).collect();
    assert!(
        failed.is_empty(),
        "{} of {} failed: {:?}",
        failed.len(),
        answers.len(),
        &failed[..failed.len().min(3)]
    );
    let mut in_lane = 0;
    for (lane, hops) in answers.iter().filter_map(|(lane, hops)| Some((lane, hops.as_ref().ok()?)))
    {
        assert_eq!(hops.len(), 3, "every request runs through three hops");
        let versions: BTreeSet<&str> = hops.iter().map(String::as_str).collect();
        let allowed =
            if *lane == "v2" { BTreeSet::from(["v1", "v2"]) } else { BTreeSet::from(["v1"]) };
        assert!(versions.is_subset(&allowed), "lane `{lane}` was answered by {hops:?}");
        in_lane += usize::from(versions.contains("v2"));
    }
    assert!(in_lane > 0, "the lane was there for some of {} requests", answers.len());
    eprintln!(
        "{} requests, {in_lane} of them in lane v2, 0 failed, 0 in the wrong lane",
        answers.len()
    );
}

#[test]
fn a_lane_is_there_as_soon_as_its_layer_is_applied_and_gone_as_soon_as_it_is_removed() {
    let lab = Lab::up();
    let client = Client::of(&lab);
    let hops = |lane: &str| runtime().block_on(client.hops(lane)).unwrap();
    for _ in 0..3 {
        assert_eq!(hops("v2"), ["v1", "v1", "v1"]);
        lab.ok(&["apply", "canary-v2"]);
        assert_eq!(hops("v2"), ["v2", "v2", "v2"]);
        assert_eq!(hops(""), ["v1", "v1", "v1"]);
        lab.ok(&["remove", "canary-v2"]);
    }
    assert_eq!(hops("v2"), ["v1", "v1", "v1"]);
    assert_eq!(lab.pods().len(), 6, "the lane's pods are gone");
    assert_eq!(lab.processes().len(), 7, "six servers and one Envoy");
}

#[test]
fn a_request_falls_back_to_the_baseline_where_its_lane_has_no_instance_and_returns_to_it() {
    let copy = Copy::of_out();
    // The lane without service2, as the generator renders it: no Deployment, no subset, no rule.
    copy.remove("canary-v2/workloads/httpserver-service2.yaml");
    copy.replace("canary-v2/workloads/kustomization.yaml", "- httpserver-service2.yaml\n", "");
    copy.write(
        "canary-v2/routes/virtual-services.yaml",
        &copy.without_lane_rule("httpserver-service2"),
    );
    copy.write(
        "canary-v2/routes/destination-rules.yaml",
        &copy.without_subset("httpserver-service2"),
    );
    let lab = Lab::up_with(copy.path(), &["--with", "canary-v2"]);
    let client = Client::of(&lab);
    assert_eq!(runtime().block_on(client.hops("v2")).unwrap(), ["v2", "v1", "v2"]);
    assert!(lab.ok(&["verify"]).contains("service1/v2 → service2/v1 → service3/v2"));
}

#[test]
fn a_layer_whose_pods_do_not_get_ready_changes_nothing() {
    let copy = Copy::of_out();
    copy.replace(
        "canary-v2/workloads/httpserver-service3.yaml",
        "- name: DELAY_MS\n          value: 1..20",
        "- name: DELAY_MS\n          value: fast",
    );
    let lab = Lab::up_with(copy.path(), &[]);
    let processes = lab.processes();
    let ran = lab.run(&["apply", "canary-v2"]);
    assert_eq!(ran.status.code(), Some(2), "{}", ran.stdout);
    assert!(ran.stderr.contains("pod httpserver-service3-v2-"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("DELAY_MS") || ran.stderr.contains("--delay-ms"),
        "the pod's own words: {}",
        ran.stderr
    );
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert_eq!(lab.processes(), processes, "the pods that did get ready are stopped again");
    assert_eq!(lab.status()["layers"], serde_json::json!(["base", "v1"]));
    lab.ok(&["verify"]);
}

#[test]
fn a_layer_that_envoy_refuses_changes_nothing_and_envoy_says_why() {
    let copy = Copy::of_out();
    // A line break in the value of a header: only Envoy looks at that.
    copy.replace(
        "canary-v2/routes/virtual-services.yaml",
        "  - match:\n",
        "  - headers:\n      request:\n        set:\n          x-broken: \"a\\nb\"\n    match:\n",
    );
    let lab = Lab::up_with(copy.path(), &[]);
    for _ in 0..2 {
        let ran = lab.run(&["apply", "canary-v2"]);
        assert_eq!(ran.status.code(), Some(2), "{}", ran.stdout);
        assert!(ran.stderr.contains("Envoy refused the routes of "), "{}", ran.stderr);
        assert!(ran.stderr.contains("HeaderValueValidationError"), "its own words: {}", ran.stderr);
        assert_eq!(lab.processes().len(), 7, "the lane's pods are stopped again");
        lab.ok(&["verify"]);
    }
}

#[test]
fn a_changed_deployment_is_rolled_over_without_a_failed_request() {
    let copy = Copy::of_out();
    // A layer that gives the baseline's service2 another template: its pods must be replaced.
    copy.copy("v1/workloads/httpserver-service2.yaml", "patched/httpserver-service2.yaml");
    copy.replace("patched/httpserver-service2.yaml", "value: 1..20", "value: 2..3");
    let lab = Lab::up_with(copy.path(), &[]);
    let client = Client::of(&lab);
    let names = |pods: Vec<serde_json::Value>| {
        [2, 3].map(|index: usize| pods[index]["name"].as_str().unwrap().to_owned())
    };
    let before = names(lab.pods());
    let enough = Arc::new(AtomicBool::new(false));
    let answers = std::thread::scope(|scope| {
        let load = scope.spawn(|| runtime().block_on(client.load(&[""], 100, enough.clone())));
        lab.ok(&["apply", "patched"]);
        enough.store(true, Ordering::SeqCst);
        load.join().unwrap()
    });
    let failed: Vec<&Hops> =
        answers.iter().map(|(_, hops)| hops).filter(|hops| hops.is_err()).collect();
    assert!(failed.is_empty(), "{} failed: {:?}", failed.len(), failed[0]);
    let after = names(lab.pods());
    assert!(before[0].starts_with("httpserver-service2-v1-"), "{before:?}");
    assert!(after.iter().all(|name| !before.contains(name)), "{before:?} {after:?}");
    assert_eq!(lab.pods().len(), 6);
}

#[test]
fn layers_that_cannot_be_applied_or_removed_are_refused_with_a_reason() {
    let lab = Lab::up();
    for (arguments, message) in [
        (["apply", "no-such-layer"], "there is no layer `no-such-layer`"),
        (["apply", ".."], "there is no layer `..`"),
        (["apply", "v1"], "the layer `v1` is applied already"),
        (["remove", "v1"], "the layer `v1` is the ground of the lab and stays"),
        (["remove", "canary-v2"], "the layer `canary-v2` is not applied"),
    ] {
        let ran = lab.run(&arguments);
        assert_eq!(ran.status.code(), Some(1), "{arguments:?}: {}", ran.stdout);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{arguments:?}: {}", ran.stderr);
    }
}
