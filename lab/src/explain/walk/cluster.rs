//! The clusters of a route → the pods behind them, and what their servers do.

use super::{Arrival, hop};
use crate::explain::Mesh;
use crate::explain::config::{HeaderValueOption, Route, RouteAction};
use crate::explain::message::{self, Message};
use crate::explain::server::Response;
use crate::explain::story::{Action, Branch, End, Group, Reached, Served};
use crate::failure::{Failure, Result};
use httpserver::Form;

/// A share of a route's requests, with what it says beyond the route.
struct Target<'a> {
    share: f64,
    cluster: &'a str,
    changes: Vec<String>,
    message: Message,
}

/// Names to remove, and headers to add.
type Changes<'a> = (&'a [String], &'a [HeaderValueOption]);

/// What happens behind each cluster of a route.
pub(super) fn branches(
    mesh: &Mesh,
    action: &RouteAction,
    route: &Route,
    message: &Message,
) -> Result<Vec<Branch>> {
    let targets = targets(action, route, message)?;
    targets.into_iter().map(|target| branch(mesh, target)).collect()
}

/// The clusters of a route, each with the request that it gets: the cluster's changes come first, then the route's.
fn targets<'a>(
    action: &'a RouteAction,
    route: &Route,
    message: &Message,
) -> Result<Vec<Target<'a>>> {
    let of_route: Changes<'_> = (&route.request_headers_to_remove, &route.request_headers_to_add);
    let target = |share, cluster: &'a str, host: Option<&String>, changes: &[Changes<'_>]| {
        let mut message = message.clone();
        let mut words = Vec::new();
        for (remove, add) in changes {
            message.change(remove, add)?;
            words.extend(message::in_words(remove, add));
        }
        if let Some(host) = host.or(action.host_rewrite_literal.as_ref()) {
            words.push(format!("host: {host}"));
            message.authority.clone_from(host);
        }
        Ok(Target { share, cluster, changes: words, message })
    };
    match (&action.cluster, &action.weighted_clusters) {
        (Some(cluster), None) => Ok(vec![target(1.0, cluster, None, &[of_route])?]),
        (None, Some(weighted)) => {
            let total: u32 = weighted.clusters.iter().map(|cluster| cluster.weight).sum();
            let clusters = weighted.clusters.iter().filter(|cluster| cluster.weight > 0);
            let targets = clusters.map(|cluster| {
                let own: Changes<'_> =
                    (&cluster.request_headers_to_remove, &cluster.request_headers_to_add);
                let share = f64::from(cluster.weight) / f64::from(total);
                let host = cluster.host_rewrite_literal.as_ref();
                target(share, &cluster.name, host, &[own, of_route])
            });
            targets.collect()
        }
        _ => {
            let message = format!("route `{}` has no cluster that explain knows", route.name);
            Err(Failure::lab(message, "this is a mistake of the lab; please report it"))
        }
    }
}

/// From a cluster to its pods, or to the server of the pod whose own cluster it is.
fn branch(mesh: &Mesh, target: Target<'_>) -> Result<Branch> {
    let Target { share, cluster: name, changes, message } = target;
    let Some(cluster) = mesh.envoy.cluster(name) else {
        // Each proxy has clusters of its own; what stands behind the `>` is Istio's name.
        let name = name.split_once('>').map_or(name, |(_, name)| name);
        let reached = Reached::End(End::of(503, "NC: there is no such cluster"));
        return Ok(Branch { share, cluster: name.to_owned(), changes, reached });
    };
    let ports: Vec<u16> = cluster.ports().collect();
    let reached = match ports.as_slice() {
        [] => Reached::End(End::of(503, "UH: the cluster has no pods")),
        [port] if mesh.applications.contains_key(port) => {
            Reached::Server(serve(mesh, *port, &message)?)
        }
        ports => Reached::Pods(groups(mesh, ports, &message)?),
    };
    Ok(Branch { share, cluster: cluster.istio_name().to_owned(), changes, reached })
}

/// Pods by Deployment: those of one do the same with a request.
fn groups(mesh: &Mesh, ports: &[u16], message: &Message) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    for port in ports {
        let Some(pod) = mesh.inbound.get(port) else {
            let message = format!("explain knows no pod behind port {port}");
            return Err(Failure::lab(message, "this is a mistake of the lab; please report it"));
        };
        let deployment = pod.deployment();
        if let Some(known) = groups.iter_mut().find(|group| group.deployment == deployment) {
            known.pods.push(pod.name.clone());
            continue;
        }
        let proxy = format!("sidecar of {deployment}, inbound");
        let (pods, version) = (vec![pod.name.clone()], pod.version.clone());
        let inbound = hop(mesh, proxy, *port, Arrival::Plain, message.clone())?;
        groups.push(Group { share: 0.0, deployment, version, pods, inbound });
    }
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    for group in &mut groups {
        group.share = count(group.pods.len()) / count(ports.len());
    }
    Ok(groups)
}

/// What the server behind an application port does.
fn serve(mesh: &Mesh, port: u16, message: &Message) -> Result<Served> {
    let application = &mesh.applications[&port];
    let server = &application.server;
    let (service, action) = match server.response(message) {
        Response::Answers { service, status, what, chained } => {
            (service.unwrap_or(&server.app), Action::Answers { status, what, chained })
        }
        Response::Calls { service, url } => {
            let next = server.next(message, &url);
            let proxy = format!("sidecar of {}", application.pod.deployment());
            let next = hop(mesh, proxy, application.outbound, Arrival::Plain, next)?;
            let form = Form::asked_for(&message.headers);
            (service, Action::Calls { url: url.to_string(), form, next: Box::new(next) })
        }
    };
    let (app, version) = (server.app.clone(), server.version.clone());
    Ok(Served { service: service.to_owned(), app, version, action })
}
