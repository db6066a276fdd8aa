//! What `explain` says of requests: Envoy's rules one by one, and whole stories as people read them.

mod matching;
mod story;

use super::{object, resolved, short, world};
use crate::envoy::{Snapshot, snapshot};
use crate::explain::{Mesh, Request, addresses};
use crate::topology::Topology;
use serde_json::{Value, json};

/// The routes of the HTTPS server for `example.com`.
const ROUTES: &str = super::HTTPS_ROUTES;

/// A mesh of these manifests, after `change` had its way with what Envoy is told.
#[track_caller]
fn changed(yaml: &str, change: impl FnOnce(&mut Snapshot)) -> (Topology, Mesh) {
    let topology = resolved(yaml);
    let addresses = addresses(&topology);
    let ready = topology.pods.iter().map(|pod| pod.name.clone()).collect();
    let mut snapshot = snapshot(&topology, &addresses, &ready);
    change(&mut snapshot);
    let mesh = Mesh::with(&topology, &addresses, &snapshot);
    (topology, mesh.unwrap_or_else(|failure| panic!("{failure}")))
}

/// The text of an explanation, with the short names of pods.
#[track_caller]
fn text((topology, mesh): &(Topology, Mesh), method: &str, url: &str, headers: &[&str]) -> String {
    let headers: Vec<String> = headers.iter().map(ToString::to_string).collect();
    let request = Request::new(method, url, &headers).unwrap_or_else(|failure| panic!("{failure}"));
    let explanation = mesh.explain(&request).unwrap_or_else(|failure| panic!("{failure}"));
    let names = topology.pods.iter().map(|pod| pod.name.as_str());
    names.fold(explanation.to_string(), |text, name| text.replace(name, &short(name)))
}

/// The values of a field of the tree, such as `route`.
fn field<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix(name));
    lines.filter_map(|line| line.strip_prefix(' ')).map(str::trim).collect()
}

/// Makes these the virtual hosts of the HTTPS server.
fn virtual_hosts(snapshot: &mut Snapshot, hosts: &Value) {
    let routes = snapshot.routes.get_mut(ROUTES).expect("routes of the gateway");
    routes.configuration["virtual_hosts"] = hosts.clone();
}

/// `world`, with a route from `example.com` to service `two`.
fn routed() -> String {
    let spec =
        "{gateways: [edge], hosts: [example.com], http: [{route: [{destination: {host: two}}]}]}";
    world() + &object("VirtualService", "lab/rules", spec)
}
