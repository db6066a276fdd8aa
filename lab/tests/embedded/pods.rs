//! Pods as the kubelet keeps them: as many as asked for, with their environment, restarted, and used only when ready.

use crate::harness::{Lab, kill, until};
use crate::manifests::Copy;
use crate::request::{Client, flat, runtime};
use rustix::process::Signal;
use std::collections::BTreeSet;

/// The second pod of the last service: two of each come before it.
const LAST: usize = 5;

#[test]
fn a_deployment_gets_as_many_pods_as_it_asks_for_and_all_of_them_answer() {
    let copy = Copy::of_out();
    copy.replace("v1/workloads/httpserver-service2.yaml", "replicas: 2", "replicas: 3");
    let lab = Lab::up_with(copy.path(), &[]);
    assert_eq!(lab.pods().len(), 7);
    let client = Client::of(&lab);
    let mut seen = BTreeSet::new();
    until("all three have answered", || {
        let answer = runtime().block_on(client.ask("")).unwrap();
        seen.insert(flat(&answer)[1].pod.clone().expect("a pod knows its name"));
        (seen.len() == 3).then_some(())
    });
    let names: BTreeSet<String> =
        lab.pods().iter().map(|pod| pod["name"].as_str().unwrap().to_owned()).collect();
    assert!(seen.is_subset(&names), "POD_NAME is the pod's name: {seen:?} {names:?}");
}

#[test]
fn the_environment_of_a_deployment_reaches_its_pods() {
    let copy = Copy::of_out();
    copy.replace(
        "v1/workloads/httpserver-service3.yaml",
        "- name: VERSION\n          value: v1",
        "- name: VERSION\n          value: special",
    );
    let lab = Lab::up_with(copy.path(), &[]);
    assert_eq!(runtime().block_on(Client::of(&lab).hops("")).unwrap(), ["v1", "v1", "special"]);
}

#[test]
fn a_pod_that_ends_is_left_out_and_started_again() {
    let lab = Lab::up();
    let victim = lab.pods()[LAST].clone();
    // Each end makes the next start wait longer, so that in the end the gap is seen.
    let mut killed = 0;
    until("it is seen as not ready", || {
        let pod = &lab.pods()[LAST];
        let pid = u32::try_from(pod["pid"].as_u64().unwrap()).unwrap();
        if pod["ready"] == true && pid != killed {
            kill(pid, Signal::KILL);
            killed = pid;
        }
        (pod["ready"] == false).then_some(())
    });
    let client = Client::of(&lab);
    let answer = runtime().block_on(client.ask("")).unwrap();
    assert_ne!(flat(&answer)[2].pod.as_deref(), victim["name"].as_str(), "the other pod answers");
    until("it runs again", || (lab.pods()[LAST]["ready"] == true).then_some(()));
    assert!(lab.pods()[LAST]["restarts"].as_u64().unwrap() >= 1);
    until("it answers again", || {
        let answer = runtime().block_on(client.ask("")).unwrap();
        (flat(&answer)[2].pod.as_deref() == victim["name"].as_str()).then_some(())
    });
}

#[test]
fn a_pod_is_not_ready_before_its_probe_succeeds() {
    let copy = Copy::of_out();
    copy.replace(
        "canary-v2/workloads/httpserver-service1.yaml",
        "readinessProbe:\n          httpGet:\n            path: /readyz",
        "readinessProbe:\n          httpGet:\n            path: /never",
    );
    let lab = Lab::up_with(copy.path(), &[]);
    let ran = lab.run(&["apply", "canary-v2"]);
    assert_eq!(ran.status.code(), Some(2), "{}", ran.stdout);
    assert!(ran.stderr.contains("httpserver-service1-v2-"), "{}", ran.stderr);
    assert!(ran.stderr.contains("waiting for its readiness probe"), "{}", ran.stderr);
    assert_eq!(lab.pods().len(), 6);
}

#[test]
fn the_faults_of_one_pod_are_switched_at_its_admin_port_and_its_probes_stay_green() {
    let copy = Copy::of_out();
    copy.replace("v1/workloads/httpserver-service3.yaml", "replicas: 2", "replicas: 1");
    let lab = Lab::up_with(copy.path(), &[]);
    let client = Client::of(&lab);
    let last = lab.pods()[4].clone();
    let faults = format!("http://127.0.0.1:{}/faults", last["admin_port"]);
    let admin = reqwest::Client::builder().no_proxy().build().unwrap();
    runtime().block_on(async {
        let put = admin.put(&faults).body(r#"{"sick": true}"#).send().await.unwrap();
        assert_eq!(put.status(), 200);
        let error = client.ask("").await.unwrap_err();
        assert!(error.contains("502"), "{error}");
        assert!(error.contains("it answered 500 Internal Server Error"), "{error}");
    });
    assert_eq!(lab.pods()[4]["ready"], true, "its probe is green");
    runtime().block_on(async {
        admin.delete(&faults).send().await.unwrap();
        assert_eq!(client.hops("").await.unwrap(), ["v1"; 3]);
    });
}
