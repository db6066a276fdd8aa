//! The tests of the pure core: manifests in, topology and Envoy's JSON out. Each module has one `check`.

mod analysis;
mod calls;
mod cluster;
mod collector;
mod command;
mod destination;
mod diagram;
mod duration;
mod edge;
mod endpoint;
mod explain;
mod header;
mod injection;
mod layer;
mod listener;
mod load;
mod matching;
mod mesh;
mod page;
mod pod;
mod query;
mod readme;
mod refusal;
mod retry;
mod span;
mod target;
mod tidy;
mod topology;
mod trace;
mod tracing;
mod waterfall;
mod whole_trace;
mod xds;

use crate::endpoint::Endpoint;
use crate::envoy::{self, Addresses, KeyPair, PodPorts};
use crate::topology::Topology;
use manifests::object::{Manifest, Object};
use manifests::read;
use manifests::violation::Violation;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const ONE: &str = "one.lab.svc.cluster.local";
const TWO: &str = "two.lab.svc.cluster.local";

/// The loopback ports of the lab; those of its pods follow each other in the order of the pods.
const HTTPS: u16 = 20_443;
const HTTP: u16 = 20_080;
const COLLECTOR: u16 = 20_318;
const APP: u16 = 21_000;
const ADMIN: u16 = 24_000;
const INBOUND: u16 = 22_000;
const OUTBOUND: u16 = 23_000;

/// An object of YAML; `place` is `namespace/name`, `spec` a flow mapping or an indented block.
fn object(kind: &str, place: &str, spec: &str) -> String {
    let (version, _) =
        Object::KINDS.iter().find(|(_, known)| *known == kind).expect("a kind of the lab");
    let (namespace, name) = place.split_once('/').expect("a namespace and a name");
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n---\n"
    )
}

/// A Service with port 80 that selects by `app`.
fn service(place: &str) -> String {
    let (_, name) = place.split_once('/').expect("a namespace and a name");
    let ports = "ports: [{name: http, port: 80, targetPort: 8080}]";
    object("Service", place, &format!("{{selector: {{app: {name}}}, {ports}}}"))
}

/// A Deployment of the server, whose pods listen on port 8080; `labels` is a flow mapping.
fn deployment(place: &str, labels: &str) -> String {
    deployment_with(place, labels, "ports: [{name: http, containerPort: 8080}]")
}

/// A Deployment of the server; `container` are further fields of its container.
fn deployment_with(place: &str, labels: &str, container: &str) -> String {
    let containers = format!("containers: [{{name: server, image: httpserver, {container}}}]");
    let template = format!("{{metadata: {{labels: {labels}}}, spec: {{{containers}}}}}");
    let selector = format!("{{matchLabels: {labels}}}");
    object("Deployment", place, &format!("{{selector: {selector}, template: {template}}}"))
}

/// Two services of one namespace, the second with a subset, one of another namespace, one with two ports, and a Gateway
/// that publishes `example.com` by HTTPS.
fn world() -> String {
    let server = "{port: {name: https, number: 443, protocol: HTTPS}, hosts: [example.com], \
                  tls: {mode: SIMPLE, credentialName: credential}}";
    let ports =
        "[{name: http-a, port: 81, targetPort: 8080}, {name: http-b, port: 82, targetPort: 8080}]";
    [
        service("lab/one"),
        deployment("lab/one-v1", "{app: one, version: v1}"),
        service("lab/two"),
        deployment("lab/two-v1", "{app: two, version: v1}"),
        object(
            "DestinationRule",
            "lab/two",
            "{host: two, subsets: [{name: v1, labels: {version: v1}}]}",
        ),
        service("far/three"),
        deployment("far/three-v1", "{app: three, version: v1}"),
        object("Service", "lab/ports", &format!("{{selector: {{app: two}}, ports: {ports}}}")),
        object(
            "Gateway",
            "lab/edge",
            &format!("{{selector: {{istio: ingressgateway}}, servers: [{server}]}}"),
        ),
    ]
    .concat()
}

fn manifests(yaml: &str) -> Vec<Manifest> {
    read::text("file.yaml", yaml).unwrap_or_else(|violations| panic!("{}", listed(&violations)))
}

fn topology_of(yaml: &str) -> Result<Topology, Vec<Violation>> {
    Topology::of(&manifests(yaml))
}

#[track_caller]
fn resolved(yaml: &str) -> Topology {
    topology_of(yaml).unwrap_or_else(|violations| panic!("{}", listed(&violations)))
}

/// Findings as users see them, one below the other.
fn listed(violations: &[Violation]) -> String {
    violations.iter().map(|violation| format!("{violation}\n")).collect::<Vec<_>>().concat()
}

/// Object, field and message of each finding about `yaml`, which must have some.
#[track_caller]
fn findings(yaml: &str) -> Vec<[String; 3]> {
    let found = topology_of(yaml).map(|_| ()).expect_err("a finding");
    found
        .into_iter()
        .map(|Violation { file, object, field, message, hint, .. }| {
            assert_eq!(file, "file.yaml");
            assert!(!hint.is_empty(), "every finding has a hint");
            [object, field, message]
        })
        .collect()
}

fn addresses(topology: &Topology) -> Addresses {
    let ports = (0..).map(|number| PodPorts {
        app: APP + number,
        admin: ADMIN + number,
        inbound: INBOUND + number,
        outbound: OUTBOUND + number,
    });
    let pair = |name: &str| KeyPair {
        certificate: PathBuf::from(format!("/tls/{name}.crt")),
        key: PathBuf::from(format!("/tls/{name}.key")),
    };
    let credentials = ["credential", "other"].map(|name| (name.to_owned(), pair(name)));
    Addresses {
        https: HTTPS,
        http: HTTP,
        collector: Endpoint::loopback(COLLECTOR),
        pods: topology.pods.iter().map(|pod| pod.name.clone()).zip(ports).collect(),
        credentials: credentials.into(),
        routes: "/routes".into(),
        logs: "/logs".into(),
    }
}

/// A pod's name without the hash of its template: `one-v1-0`.
fn short(pod: &str) -> String {
    let mut parts: Vec<&str> = pod.rsplitn(3, '-').collect();
    parts.reverse();
    format!("{}-{}", parts[0], parts[2])
}

/// Everything that Envoy is told, with the short names of pods. Pods are ready for which `is_ready` holds.
#[track_caller]
fn lab_with(yaml: &str, is_ready: impl Fn(&str) -> bool) -> Value {
    let topology = resolved(yaml);
    let names: Vec<&str> = topology.pods.iter().map(|pod| pod.name.as_str()).collect();
    let ready: BTreeSet<String> =
        names.iter().filter(|name| is_ready(&short(name))).map(ToString::to_string).collect();
    let snapshot = envoy::snapshot(&topology, &addresses(&topology), &ready);
    let routes: BTreeMap<&String, Value> = snapshot
        .routes
        .iter()
        .map(|(stem, routes)| {
            (stem, json!({"statistics": routes.statistics, "configuration": routes.configuration}))
        })
        .collect();
    let snapshot =
        json!({"listeners": snapshot.listeners, "clusters": snapshot.clusters, "routes": routes});
    let text =
        names.iter().fold(snapshot.to_string(), |text, name| text.replace(name, &short(name)));
    serde_json::from_str(&text).expect("JSON as before")
}

#[track_caller]
fn lab(yaml: &str) -> Value {
    lab_with(yaml, |_| true)
}

/// The virtual hosts of the route configuration in the file of this stem.
#[track_caller]
fn virtual_hosts(lab: &Value, stem: &str) -> Vec<Value> {
    let hosts = &lab["routes"][stem]["configuration"]["virtual_hosts"];
    hosts.as_array().unwrap_or_else(|| panic!("no routes {stem}: {}", lab["routes"])).clone()
}

/// The routes of one virtual host.
#[track_caller]
fn routes_of(lab: &Value, stem: &str, host: &str) -> Vec<Value> {
    let hosts = virtual_hosts(lab, stem);
    let host = hosts.iter().find(|found| found["name"] == host);
    host.unwrap_or_else(|| panic!("not in {hosts:?}"))["routes"].as_array().expect("routes").clone()
}

/// Where routes are looked at.
#[derive(Clone, Copy)]
enum At {
    /// The HTTPS server for `example.com`.
    Gateway,
    /// The sidecar of service `one`, on a call to service `two`.
    Sidecar,
}

const HTTPS_ROUTES: &str = "https.443.https.edge.lab";

/// The routes that a VirtualService called `rules` makes of the list `http`.
#[track_caller]
fn routes(http: &str, at: At) -> Vec<Value> {
    let (gateway, host) = match at {
        At::Gateway => ("edge", "example.com"),
        At::Sidecar => ("mesh", "two"),
    };
    let spec = format!("{{gateways: [{gateway}], hosts: [{host}], http: {http}}}");
    let lab = lab(&(world() + &object("VirtualService", "lab/rules", &spec)));
    match at {
        At::Gateway => routes_of(&lab, HTTPS_ROUTES, "example.com:443"),
        At::Sidecar => routes_of(&lab, "one-v1-0", &format!("{TWO}:80")),
    }
}

/// The one route that a rule makes for the sidecar of service `one`; `fields` are those beside the destination `two`.
#[track_caller]
fn rule(fields: &str) -> Value {
    let routes =
        routes(&format!("[{{route: [{{destination: {{host: two}}}}], {fields}}}]"), At::Sidecar);
    let [route] = routes.as_slice() else { panic!("one route, not {routes:?}") };
    route.clone()
}

/// The field `name` of each value.
fn each(values: &[Value], name: &str) -> Vec<Value> {
    values.iter().map(|value| value[name].clone()).collect()
}

/// The folder `out/` that is committed.
fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../out")
}

/// The JSON of istiod's default retry policy.
fn default_retries() -> Value {
    json!({
        "num_retries": 2,
        "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
        "host_selection_retry_max_attempts": 5,
        "retry_host_predicate": [{
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"}
        }]
    })
}
