//! `lab verify` holds for the lab as it is, and fails for a lab that breaks a claim: each claim has a mutant.

use crate::harness::{Lab, out};
use crate::manifests::Copy;
use serde_json::Value;

/// The claims that failed.
fn failed(lab: &Lab) -> Vec<String> {
    let ran = lab.run(&["verify", "--output", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let outcomes = report["outcomes"].as_array().unwrap();
    let failed: Vec<&Value> =
        outcomes.iter().filter(|outcome| outcome["passed"] == false).collect();
    assert_eq!(ran.status.code(), Some(i32::from(!failed.is_empty())), "the exit code tells");
    failed.iter().map(|outcome| outcome["claim"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_claim_holds_for_the_committed_manifests() {
    let lab = Lab::up_with(&out(), &["--with", "canary-v2"]);
    let report: Value = serde_json::from_str(&lab.ok(&["verify", "--output", "json"])).unwrap();
    let claims: Vec<&str> = report["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| outcome["claim"].as_str().unwrap())
        .collect();
    assert_eq!(
        claims,
        [
            "https-http1",
            "https-http2",
            "hello-rust",
            "health",
            "not-found",
            "echo",
            "redirect",
            "wrong-sni",
            "no-sni",
            "foreign-host",
            "baseline",
            "lane-v2",
            "unknown-lane",
            "mixed",
            "trace",
            "trace-v2",
            "traces",
        ]
    );
}

/// Starts a mutant of the lab with its lane and returns the claims that fail.
fn mutant(change: impl Fn(&Copy)) -> Vec<String> {
    let copy = Copy::of_out();
    change(&copy);
    failed(&Lab::up_with(copy.path(), &["--with", "canary-v2"]))
}

#[test]
fn a_lane_rule_that_leads_to_the_baseline_is_caught() {
    let found = mutant(|copy| {
        let routes = copy.without_lane_rule("httpserver-service2");
        copy.write("canary-v2/routes/virtual-services.yaml", &routes);
    });
    assert_eq!(found, ["lane-v2", "mixed"]);
}

#[test]
fn a_baseline_that_leaks_into_the_lane_is_caught() {
    let found = mutant(|copy| {
        let file = "canary-v2/routes/virtual-services.yaml";
        let (rest, last) = copy
            .read(file)
            .rsplit_once("subset: v1")
            .map(|(rest, last)| (rest.to_owned(), last.to_owned()))
            .unwrap();
        copy.write(file, &format!("{rest}subset: v2{last}"));
    });
    assert_eq!(found, ["baseline", "unknown-lane", "mixed"]);
}

#[test]
fn a_gateway_that_serves_plain_http_is_caught() {
    let found = mutant(|copy| {
        copy.replace("v1/routes/gateway.yaml", "httpsRedirect: true", "httpsRedirect: false");
    });
    assert_eq!(found, ["redirect"]);
}

#[test]
fn a_gateway_that_serves_every_host_is_caught() {
    let found = mutant(|copy| {
        copy.replace(
            "v1/routes/gateway.yaml",
            "  - hosts:\n    - service1.cncamp.io\n    port:\n      name: https",
            "  - hosts:\n    - service1.cncamp.io\n    - '*'\n    port:\n      name: https",
        );
    });
    assert!(
        found.contains(&"wrong-sni".to_owned()) && found.contains(&"no-sni".to_owned()),
        "{found:?}"
    );
}

#[test]
fn a_route_that_serves_every_host_is_caught() {
    let found = mutant(|copy| {
        copy.replace("v1/routes/gateway.yaml", "  - hosts:\n    - service1.cncamp.io\n    port:\n      name: https", "  - hosts:\n    - service1.cncamp.io\n    - '*.example.com'\n    port:\n      name: https");
        copy.replace(
            "canary-v2/routes/virtual-services.yaml",
            "  hosts:\n  - service1.cncamp.io\n",
            "  hosts:\n  - service1.cncamp.io\n  - foreign.example.com\n",
        );
    });
    assert!(found.contains(&"foreign-host".to_owned()), "{found:?}");
}

#[test]
fn a_lab_without_tracing_is_caught() {
    assert_eq!(
        mutant(|copy| copy.replace("base/kustomization.yaml", "- telemetry.yaml\n", "")),
        ["trace", "trace-v2", "traces"]
    );
}

#[test]
fn spans_without_the_lane_are_caught() {
    assert_eq!(
        mutant(|copy| copy.replace("base/telemetry.yaml", "name: x-lane", "name: x-other")),
        ["trace-v2", "traces"]
    );
}

#[test]
fn a_service_that_says_another_version_is_caught() {
    let found = mutant(|copy| {
        copy.replace(
            "v1/workloads/httpserver-service1.yaml",
            "- name: VERSION\n          value: v1",
            "- name: VERSION\n          value: v9",
        );
    });
    // The spans tell the version of the workload's label, and so another than the answer.
    assert_eq!(found, ["echo", "baseline", "unknown-lane", "mixed", "trace", "traces"]);
}

#[test]
fn a_chain_that_breaks_is_caught() {
    let found = mutant(|copy| {
        copy.replace(
            "v1/workloads/httpserver-service2.yaml",
            "value: http://httpserver-service3",
            "value: http://no-such-service",
        );
    });
    assert_eq!(
        found,
        ["https-http1", "https-http2", "baseline", "unknown-lane", "mixed", "trace", "traces"]
    );
}

/// What is seen of a claim that fails, in a lab whose service2 drops a header in version `version`.
fn evidence(version: &str, header: &str, claim: &str) -> String {
    let copy = Copy::of_out();
    let layer = if version == "v1" { "v1" } else { "canary-v2" };
    let file = format!("{layer}/workloads/httpserver-service2.yaml");
    let dropped =
        format!("- name: DROP_HEADERS\n          value: {header}\n        - name: DELAY_MS");
    copy.replace(&file, "- name: DELAY_MS", &dropped);
    let lab = Lab::up_with(copy.path(), &["--with", "canary-v2"]);
    let ran = lab.run(&["verify", "--output", "json"]);
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stdout);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let outcomes = report["outcomes"].as_array().unwrap();
    let outcome = outcomes.iter().find(|outcome| outcome["claim"] == claim).unwrap();
    assert_eq!(outcome["passed"], false, "{}", ran.stdout);
    outcome["evidence"].as_str().unwrap().to_owned()
}

#[test]
fn the_service_that_loses_the_lane_is_named() {
    let found = evidence("v2", "x-lane", "lane-v2");
    assert!(found.starts_with("service1/v2 → service2/v2 → service3/v1, instead of "), "{found}");
    assert!(found.ends_with(": service2 did not pass `x-lane` on"), "{found}");
}

#[test]
fn the_service_that_loses_the_trace_is_named() {
    let found = evidence("v1", "traceparent", "trace");
    assert!(
        found.contains("5 spans instead of 7: service2 did not pass `traceparent` on"),
        "{found}"
    );
}
