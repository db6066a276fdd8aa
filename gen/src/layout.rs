//! Objects → layers → files: which object stands in which file, in which order, and what the file teaches.

use crate::model::{Lab, Lane};
use crate::object::{Identity, Manifest, Object};
use crate::objects::{ingress, mesh, traffic, workload};
use serde::{Deserialize, Serialize};

/// The layer of a lane is named `canary-<lane>`.
pub const LANE_LAYER_PREFIX: &str = "canary-";

/// The folder of `out/` that this program fills.
pub const ROOT: &str = "out";

/// A folder that `kubectl apply -k` takes and that `lab` applies and removes as a whole.
#[derive(Clone, Debug)]
pub struct Layer {
    pub name: String,
    /// What a request sees change when this layer is applied; one sentence.
    pub purpose: String,
    /// Parts in the order in which they are applied; they are removed in reverse.
    pub parts: Vec<Part>,
}

/// A folder inside of a layer: its workloads or its routes.
#[derive(Clone, Debug)]
pub struct Part {
    /// Folder name; empty for the layer's own folder.
    pub name: &'static str,
    pub files: Vec<File>,
}

#[derive(Clone, Debug)]
pub struct File {
    /// Name without folder.
    pub name: String,
    /// What a reader learns from this file; sentences.
    pub teaches: String,
    pub objects: Vec<Object>,
}

/// A file's path, relative to `out/`, and its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RenderedFile {
    pub path: String,
    pub text: String,
}

/// kustomize's list of what a folder consists of. Other fields of that kind change objects and are refused.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kustomization {
    pub api_version: String,
    pub kind: String,
    pub resources: Vec<String>,
}

impl Layer {
    /// Every object with the file it stands in, in the order of application.
    pub fn manifests(&self) -> Vec<Manifest> {
        let files =
            self.parts.iter().flat_map(|part| part.files.iter().map(move |file| (part, file)));
        files.flat_map(|(part, file)| self.manifests_of(part, file)).collect()
    }

    fn manifests_of(&self, part: &Part, file: &File) -> Vec<Manifest> {
        let path = format!("{ROOT}/{}", self.path(part, &file.name));
        file.objects
            .iter()
            .map(|object| Manifest { file: path.clone(), object: object.clone() })
            .collect()
    }

    /// The path of a file of this layer, relative to `out/`.
    pub fn path(&self, part: &Part, file: &str) -> String {
        [&self.name, part.name, file]
            .into_iter()
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// All layers of the lab, in the order in which they are applied.
pub fn layers(lab: &Lab) -> Vec<Layer> {
    let lanes = lab.lanes.iter().map(|lane| canary(lab, lane));
    [base(lab), baseline(lab)].into_iter().chain(lanes).collect()
}

/// The objects of several layers as a cluster holds them: a later object replaces the earlier one of its identity.
pub fn applied(layers: &[&Layer]) -> Vec<Manifest> {
    merged(layers.iter().flat_map(|layer| layer.manifests()))
}

/// Keeps the last manifest of each identity, at the place of the first.
pub fn merged(manifests: impl IntoIterator<Item = Manifest>) -> Vec<Manifest> {
    let mut merged: Vec<(Identity, Manifest)> = Vec::new();
    for manifest in manifests {
        let identity = manifest.object.identity();
        match merged.iter_mut().find(|(known, _)| *known == identity) {
            Some((_, known)) => *known = manifest,
            None => merged.push((identity, manifest)),
        }
    }
    merged.into_iter().map(|(_, manifest)| manifest).collect()
}

fn base(lab: &Lab) -> Layer {
    let namespace = File {
        name: "namespace.yaml".into(),
        teaches: "The label `istio-injection` makes Istio put a sidecar proxy beside every pod of this namespace.".into(),
        objects: vec![mesh::namespace(lab)],
    };
    let security = File {
        name: "peer-authentication.yaml".into(),
        teaches: "With STRICT, sidecars refuse plain text from one another: only mutual TLS inside of the mesh.".into(),
        objects: vec![mesh::peer_authentication(lab)],
    };
    let telemetry = File {
        name: "telemetry.yaml".into(),
        teaches: "Every request is traced. Istio's demo profile defines the provider `jaeger`, but no span is sent\n\
                  until a Telemetry names it. The lane of a request becomes a tag of its spans."
            .into(),
        objects: vec![mesh::telemetry()],
    };
    let part = Part { name: "", files: vec![namespace, security, telemetry] };
    Layer {
        name: "base".into(),
        purpose: "the namespace, mutual TLS and tracing".into(),
        parts: vec![part],
    }
}

fn baseline(lab: &Lab) -> Layer {
    let version = lab.baseline.clone();
    let workloads = lab.chain.iter().map(|service| File {
        name: format!("{}.yaml", service.name),
        teaches:
            "A Service and the Deployment behind it. The Service selects every version by `app`;\n\
                  the label `version` is what a DestinationRule's subset selects."
                .into(),
        objects: vec![
            workload::service(lab, service),
            workload::deployment(lab, service, &lab.baseline, None),
        ],
    });
    let mut routes = vec![File {
        name: "gateway.yaml".into(),
        teaches: "The ingress gateway ends TLS for one host and sends plain HTTP to HTTPS.\n\
                  The secret must stand in the gateway's own namespace, istio-system."
            .into(),
        objects: vec![ingress::gateway(lab)],
    }];
    routes.extend(route_files(lab, &[]));
    Layer {
        name: version.clone(),
        purpose: format!(
            "the three services in version {version}, published at https://{}",
            lab.host
        ),
        parts: vec![
            Part { name: "workloads", files: workloads.collect() },
            Part { name: "routes", files: routes },
        ],
    }
}

fn canary(lab: &Lab, lane: &Lane) -> Layer {
    let workloads = lab.chain.iter().filter(|service| lane.services.contains(&service.name)).map(
        |service| File {
            name: format!("{}.yaml", service.name),
            teaches: format!(
                "The instances of {} in lane {}. The Service of the baseline finds them by `app`.",
                service.name, lane.name
            ),
            objects: vec![workload::deployment(lab, service, &lane.name, Some(lane))],
        },
    );
    Layer {
        name: format!("{LANE_LAYER_PREFIX}{}", lane.name),
        purpose: format!(
            "the lane {0}: requests with `x-lane: {0}` stay in version {0} at every hop that has it",
            lane.name
        ),
        parts: vec![
            Part { name: "workloads", files: workloads.collect() },
            Part { name: "routes", files: route_files(lab, std::slice::from_ref(lane)) },
        ],
    }
}

fn route_files(lab: &Lab, lanes: &[Lane]) -> Vec<File> {
    let rules =
        lab.chain.iter().map(|service| traffic::destination_rule(lab, service, lanes)).collect();
    let mesh = lab.chain.iter().map(|service| traffic::mesh_route(lab, service, lanes));
    let routes = std::iter::once(traffic::public_route(lab, lanes)).chain(mesh).collect();
    vec![
        File {
            name: "destination-rules.yaml".into(),
            teaches: "A subset gives a name to the pods with certain labels. Apply these before the routes that name them\n\
                      and remove them after: a route to an unknown subset answers 503."
                .into(),
            objects: rules,
        },
        File {
            name: "virtual-services.yaml".into(),
            teaches: "The first rule that matches decides. A rule for a lane stands only where the lane has the service;\n\
                      elsewhere its requests take the baseline, and their lane again at the next hop that has it.\n\
                      One VirtualService for each mesh host: a second one for the same host would be ignored."
                .into(),
            objects: routes,
        },
    ]
}
