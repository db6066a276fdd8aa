//! A container → what keeps embedded mode from running it: field, message and hint of each objection.

use super::view::workload::{Container, PortReference, Probe};
use manifests::versions::SERVER_REPOSITORY;

/// A field of the container, what is wrong with it, and what to do.
pub(super) type Objection = (String, String, String);

pub(super) fn objections(container: &Container) -> Vec<Objection> {
    let mut objections = Vec::new();
    let mut object = |field: &str, message: String, hint: &str| {
        objections.push((field.to_owned(), message, hint.to_owned()));
    };
    let Container { image, ports, args, env, readiness_probe, .. } = container;
    if repository(image) != SERVER_REPOSITORY {
        let message = format!("embedded mode runs only the server's image, not `{image}`");
        object("image", message, &format!("use an image called `{SERVER_REPOSITORY}`"));
    }
    if ports.len() != 1 {
        let message =
            format!("embedded mode runs containers with one port, not with {}", ports.len());
        object("ports", message, "declare the one port that the server listens on");
    }
    for (index, argument) in args.iter().enumerate() {
        let field = format!("args[{index}]");
        if argument.contains("$(") {
            object(&field, NOT_EXPANDED.into(), WRITE_OUT);
        }
        if argument.starts_with("--listen") {
            let message = "embedded, the lab decides where a pod listens".to_owned();
            object(&field, message, "leave `--listen` out");
        }
    }
    for (index, _) in env.iter().enumerate().filter(|(_, variable)| variable.value.contains("$(")) {
        object(&format!("env[{index}].value"), NOT_EXPANDED.into(), WRITE_OUT);
    }
    if let (Some(Probe { http_get, .. }), [port]) = (readiness_probe, ports.as_slice()) {
        if !refers_to(&http_get.port, port.number, &port.name) {
            let message = format!("{:?} is not the container's port", http_get.port);
            object("readinessProbe.httpGet.port", message, "probe the port that it declares");
        }
        if !http_get.path.starts_with('/') {
            let message = format!("`{}` is not a path", http_get.path);
            object("readinessProbe.httpGet.path", message, "begin it with `/`");
        }
    }
    objections
}

const NOT_EXPANDED: &str = "embedded mode does not expand `$(…)`";
const WRITE_OUT: &str = "write the value out";

/// Whether a reference means the port of this number and name.
pub(super) fn refers_to(reference: &PortReference, number: u16, name: &str) -> bool {
    match reference {
        PortReference::Number(wanted) => *wanted == number,
        PortReference::Name(wanted) => wanted == name,
    }
}

/// The last path segment of an image reference, without tag and digest.
fn repository(image: &str) -> &str {
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split(['@', ':']).next().unwrap_or_default()
}
