//! `explain` and a real Envoy, asked about the same requests, agree about every one of them.

mod client;
mod random;

use crate::harness::{Lab, folder, lab, out, run};
use crate::manifests::Copy;
use crate::request::runtime;
use client::{Client, Entrance, Protocol, Seen};
use lab::explain::{Explanation, Mesh, Outcome, Request};
use random::{Random, Sent};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const SEED: u64 = 20_260_101;
const REQUESTS: usize = 10_000;
const IN_FLIGHT: usize = 32;
const RULES: &str = include_str!("explain/rich.yaml");
/// How many disagreements are shown in full.
const SHOWN: usize = 5;

/// What is asked and what is said of it, which is the same thing in two worlds.
struct Comparison {
    sent: Sent,
    explanation: Explanation,
    seen: Seen,
}

#[test]
fn a_real_envoy_agrees_about_ten_thousand_random_requests() {
    let copy = rich();
    let random = requests(REQUESTS).chain(random::every_escape());
    let compared = agreed(copy.path(), random.collect());
    every_rule_is_taken(&compared);
    let whole = |seen: &Seen| seen.chain.as_ref().is_some_and(|chain| chain.len() == 3);
    let chains = compared.iter().filter(|comparison| whole(&comparison.seen)).count();
    assert!(chains > REQUESTS / 20, "{chains} whole chains");
}

#[test]
fn a_real_envoy_agrees_about_the_committed_manifests() {
    agreed(&out(), requests(REQUESTS / 10).collect());
}

fn requests(number: usize) -> impl Iterator<Item = Sent> {
    let mut random = Random(SEED);
    (0..number).map(move |_| random.request())
}

/// Starts a lab, sends the requests, and asks `explain` about each of them.
#[track_caller]
fn agreed(manifests: &Path, requests: Vec<Sent>) -> Vec<Comparison> {
    let layers = ["canary-v2".to_owned()];
    let mesh = Arc::new(Mesh::read(manifests, &layers).unwrap());
    let lab = Lab::up_with(manifests, &["--with", "canary-v2"]);
    let entrance = Entrance::of(&lab);
    let sent = requests.len();
    let started = Instant::now();
    let compared = runtime().block_on(compare(&mesh, &entrance, requests));
    let took = started.elapsed();
    assert_eq!(compared.len(), sent);

    let differing: Vec<&Comparison> =
        compared.iter().filter(|comparison| !comparison.agrees(&entrance)).collect();
    report(&compared, differing.len(), took);
    let shown: String = differing
        .iter()
        .take(SHOWN)
        .fold(String::new(), |text, comparison| text + &comparison.shown(&entrance));
    assert!(differing.is_empty(), "seed {SEED}: {} disagreements\n{shown}", differing.len());
    compared
}

#[test]
fn the_command_needs_no_lab_and_tells_wrong_input_by_its_exit_code() {
    let state = folder();
    let explain = |arguments: &[&str]| {
        let mut command = lab(&state.path().join("none"));
        command.args(["explain", "--manifests"]).arg(out()).args(arguments);
        run(&mut command)
    };
    let url = "https://service1.cncamp.io/hello/service1";
    let told = explain(&[url, "-H", "x-lane: v2", "--layer", "canary-v2"]);
    assert!(told.status.success(), "{}", told.stderr);
    let seen = "seen: service1/v2 → service2/v2 → service3/v2\n";
    assert!(told.stdout.ends_with(seen), "{}", told.stdout);
    let told = explain(&[url, "--output", "json"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["outcomes"][0]["answered"][2], json!({"service": "service3", "version": "v1"}));
    assert!(!state.path().join("none").exists(), "nothing is written");
    for (arguments, message) in [
        (&["service1"][..], "error: `service1` is no URL that explain can follow: "),
        (&[url, "-H", "x-lane"], "error: the header `x-lane` has no colon\n  hint: "),
        (&[url, "--layer", "canary"], "error: there is no layer `canary` in "),
    ] {
        let refused = explain(arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(refused.stderr.starts_with(message), "{}", refused.stderr);
        assert!(refused.stderr.contains("\n  hint: "), "{}", refused.stderr);
    }
}

/// The committed manifests, with rules of every form and without delays.
fn rich() -> Copy {
    let copy = Copy::of_out();
    copy.write("canary-v2/routes/virtual-services.yaml", RULES);
    copy.write("v1/routes/gateway.yaml", include_str!("explain/rich-gateway.yaml"));
    // The one of the layer `v1` for the same host would stand beside the rich one.
    copy.replace("v1/routes/kustomization.yaml", "- virtual-services.yaml\n", "");
    for service in ["service1", "service2", "service3"] {
        let (file, empty) = (
            format!("canary-v2/workloads/httpserver-{service}.yaml"),
            format!("canary-v2/workloads/empty-{service}.yaml"),
        );
        copy.copy(&file, &empty);
        copy.replace(&empty, "v2", "none");
        copy.replace(&empty, "replicas: 1", "replicas: 0");
        copy.replace(
            "canary-v2/workloads/kustomization.yaml",
            "resources:\n",
            &format!("resources:\n- empty-{service}.yaml\n"),
        );
    }
    let empty = "  - labels:\n      version: none\n    name: empty\n";
    let subsets = "canary-v2/routes/destination-rules.yaml";
    copy.replace(subsets, "  subsets:\n", &format!("  subsets:\n{empty}"));
    // A program that loses some of its context.
    let losing = "- name: DROP_HEADERS\n          value: x-lane\n        - name: DELAY_MS";
    copy.replace("canary-v2/workloads/httpserver-service1.yaml", "- name: DELAY_MS", losing);
    for layer in ["v1", "canary-v2"] {
        for service in ["service1", "service2", "service3"] {
            let file = format!("{layer}/workloads/httpserver-{service}.yaml");
            copy.replace(&file, "value: 1..20", "value: '0'");
        }
    }
    copy
}

/// Sends every request, some at a time, half of the clients by HTTP/1.1, half by HTTP/2.
async fn compare(mesh: &Arc<Mesh>, entrance: &Entrance, requests: Vec<Sent>) -> Vec<Comparison> {
    let mut tasks = JoinSet::new();
    let mut hands: Vec<Vec<Sent>> = vec![Vec::new(); IN_FLIGHT];
    for (index, sent) in requests.into_iter().enumerate() {
        hands[index % IN_FLIGHT].push(sent);
    }
    for (index, hand) in hands.into_iter().enumerate() {
        let protocol = if index % 2 == 0 { Protocol::Http1 } else { Protocol::Http2 };
        let mut client = Client::new(entrance, protocol);
        let (mesh, entrance) = (mesh.clone(), entrance.clone());
        tasks.spawn(async move {
            let mut compared = Vec::new();
            for sent in hand {
                let explanation = mesh.explain(&asked(&sent, &entrance)).unwrap();
                let seen = client.send(&sent).await;
                compared.push(Comparison { sent, explanation, seen });
            }
            compared
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

/// The request as a user would ask about it.
fn asked(sent: &Sent, entrance: &Entrance) -> Request {
    let port = entrance.port(sent).to_string();
    let host = format!("host: {}", sent.host.replace("PORT", &port));
    let headers = sent.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    let headers: Vec<String> = headers.chain([host]).collect();
    let url = format!("{}://{}:{port}{}", sent.scheme, sent.name, sent.path);
    Request::new(sent.method, &url, &headers).unwrap_or_else(|failure| panic!("{failure}"))
}

impl Comparison {
    /// Whether what was seen is one of the things that may happen.
    fn agrees(&self, entrance: &Entrance) -> bool {
        let Self { explanation, seen, .. } = self;
        explanation.outcomes().iter().any(|outcome| {
            let Outcome { status, location, answered, .. } = outcome;
            // The port of a cluster's gateway is another one here.
            let port = format!(":{}/", entrance.https);
            let location = location.as_ref().map(|location| location.replace(":443/", &port));
            let version = answered.first().map(|first| &first.version);
            let chain = answered.iter().map(|hop| format!("{}/{}", hop.service, hop.version));
            *status == seen.status
                && location == seen.location
                && version == seen.version.as_ref()
                && seen.chain.as_ref().is_none_or(|seen| chain.eq(seen.iter().cloned()))
        })
    }

    fn shown(&self, entrance: &Entrance) -> String {
        let Self { sent, explanation, seen } = self;
        let port = entrance.port(sent);
        let mut curl = format!(
            "curl --silent --include --path-as-is --cacert {} --resolve {}:{port}:127.0.0.1",
            entrance.authority.display(),
            sent.name
        );
        let method = if sent.method == "HEAD" { " --head" } else { " -X " };
        curl.push_str(method);
        curl.push_str(if sent.method == "HEAD" { "" } else { sent.method });
        write!(curl, " -H 'host: {}'", sent.host.replace("PORT", &port.to_string())).unwrap();
        for (name, value) in &sent.headers {
            // An empty value is written with a semicolon.
            let header =
                if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
            write!(curl, " -H '{header}'").unwrap();
        }
        let path = sent.path.replace('\'', "'\\''");
        format!(
            "\n{curl} '{}://{}:{port}{path}'\nseen: {seen:?}\nexplained: {:?}\n{explanation}\n",
            sent.scheme,
            sent.name,
            explanation.outcomes()
        )
    }
}

/// A rule that no request takes is not compared.
fn every_rule_is_taken(compared: &[Comparison]) {
    let texts = compared.iter().map(|comparison| comparison.explanation.to_string());
    let taken: BTreeSet<String> = texts
        .flat_map(|text| {
            let lines = text.lines().filter_map(|line| line.trim().strip_prefix("route "));
            let names = lines.filter_map(|line| line.trim().split_once(": "));
            names.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let rules = RULES.lines().filter_map(|line| line.strip_prefix("  - name: "));
    let missed: Vec<&str> = rules.filter(|rule| !taken.contains(*rule)).collect();
    assert!(missed.is_empty(), "seed {SEED}: no request takes {missed:?}");
}

/// Figures that show that the comparison is about something.
fn report(compared: &[Comparison], differing: usize, took: Duration) {
    let mut statuses: BTreeMap<Option<u16>, usize> = BTreeMap::new();
    let mut chains: BTreeMap<usize, usize> = BTreeMap::new();
    for Comparison { seen, .. } in compared {
        *statuses.entry(seen.status).or_default() += 1;
        *chains.entry(seen.chain.as_ref().map_or(0, Vec::len)).or_default() += 1;
    }
    let number = compared.len();
    eprintln!("seed {SEED}: {number} requests in {took:.1?}, {differing} disagreements");
    eprintln!("by status: {statuses:?}\nby length of the chain: {chains:?}");
}
