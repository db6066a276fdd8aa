//! Objects → layers → files: which object stands in which file, in which order, and what the file teaches.

use crate::model::{Lab, Lane};
use crate::object::{Identity, Manifest, Object};
use crate::objects::{self, ingress, jaeger, mesh, policy, traffic, workload};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The layer of a lane is named `canary-<lane>`.
pub const LANE_LAYER_PREFIX: &str = "canary-";

/// The layer that is no part of the embedded lab.
pub const CLUSTER: &str = "cluster";

/// The folder that this program fills.
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
    /// The program that this file is for.
    pub tool: Tool,
    pub objects: Vec<Object>,
}

/// What takes a file to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// By way of the folder's kustomization.
    Kubectl,
    Istioctl,
    K3d,
}

/// A file's path, relative to `out/`, and its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RenderedFile {
    pub path: String,
    pub text: String,
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
    [cluster(lab), base(lab), baseline(lab)].into_iter().chain(lanes).collect()
}

/// The objects of several layers as a cluster holds them: a later object replaces the earlier one of its identity.
pub fn applied(layers: &[&Layer]) -> Vec<Manifest> {
    merged(layers.iter().flat_map(|layer| layer.manifests()))
}

/// Keeps the last manifest of each identity, at the place of the first.
pub fn merged(manifests: impl IntoIterator<Item = Manifest>) -> Vec<Manifest> {
    let mut places: HashMap<Identity, usize> = HashMap::new();
    let mut merged: Vec<Manifest> = Vec::new();
    for manifest in manifests {
        match places.entry(manifest.object.identity()) {
            Entry::Occupied(place) => merged[*place.get()] = manifest,
            Entry::Vacant(place) => {
                place.insert(merged.len());
                merged.push(manifest);
            }
        }
    }
    merged
}

fn file(name: &str, teaches: &str, objects: Vec<Object>) -> File {
    File { name: name.into(), teaches: teaches.into(), tool: Tool::Kubectl, objects }
}

fn cluster(lab: &Lab) -> Layer {
    let tools = vec![
        File {
            tool: Tool::K3d,
            ..file(
                "k3d.yaml",
                "For `k3d cluster create --config`. Two nodes of a pinned Kubernetes; the ports 8080 and 8443 of the host\n\
                 lead to the ports 80 and 443 of Istio's gateway. Traefik is off, because it would take these ports;\n\
                 the service load balancer stays on, or the gateway would never get an address.",
                vec![objects::cluster::k3d()],
            )
        },
        File {
            tool: Tool::Istioctl,
            ..file(
                "istio.yaml",
                "For `istioctl install --filename`. The demo profile with an access log of each proxy and a provider of\n\
                 traces, which a Telemetry must name before any span is sent. Proxies that are told to stop let what runs\n\
                 end for 5 s. Sidecars are native ones here (Kubernetes 1.33 and later): they stop after the application.",
                vec![objects::cluster::istio()],
            )
        },
    ];
    let jaeger = vec![
        file(
            "config-map.yaml",
            "Jaeger v2 is configured like an OpenTelemetry collector: receivers, a processor, an exporter.\n\
             Traces are kept in memory: with the pod they are gone.",
            vec![jaeger::configuration()],
        ),
        file(
            "workload.yaml",
            "Jaeger's pod and the two Services in front of it: `jaeger-collector` takes spans, `tracing` shows traces.",
            [jaeger::account()]
                .into_iter()
                .chain(jaeger::services())
                .chain([jaeger::deployment()])
                .collect(),
        ),
        file(
            "routes.yaml",
            "Publishes Jaeger's user interface through the ingress gateway, under `/jaeger` at a host of its own.",
            jaeger::routes(lab),
        ),
    ];
    Layer {
        name: CLUSTER.into(),
        purpose: "what only a cluster needs: k3d, Istio, Jaeger".into(),
        parts: vec![Part { name: "", files: tools }, Part { name: "jaeger", files: jaeger }],
    }
}

fn base(lab: &Lab) -> Layer {
    let policies = lab.services.iter().map(|service| policy::allow_callers(lab, service));
    let files = vec![
        file(
            "namespace.yaml",
            "The label `istio-injection` makes Istio put a sidecar proxy beside every pod of this namespace.",
            vec![mesh::namespace(lab)],
        ),
        file(
            "peer-authentication.yaml",
            "With STRICT, sidecars refuse plain text from one another: only mutual TLS inside of the mesh.",
            vec![policy::peer_authentication(lab)],
        ),
        file(
            "authorization-policies.yaml",
            "Who may call whom. `allow-nothing` closes every door; each other policy opens one, for callers that prove\n\
             by their certificate which account they run as. The gateway reaches the first service only.",
            [policy::allow_nothing(lab)].into_iter().chain(policies).collect(),
        ),
        file(
            "telemetry.yaml",
            "Every request is traced. Istio's demo profile defines the provider `jaeger`, but no span is sent\n\
             until a Telemetry names it. The lane of a request becomes a tag of its spans.",
            vec![mesh::telemetry()],
        ),
    ];
    Layer {
        name: "base".into(),
        purpose: "the namespace, mutual TLS, who may call whom, and tracing".into(),
        parts: vec![Part { name: "", files }],
    }
}

fn baseline(lab: &Lab) -> Layer {
    let version = lab.baseline.clone();
    let workloads = lab.services.iter().map(|service| {
        file(
            &format!("{}.yaml", service.name),
            "A Service and the Deployment behind it. The Service selects every version by `app`; the label `version` is\n\
             what a DestinationRule's subset selects. The account is the identity that policies name; the budget lets\n\
             one pod at a time be taken away. The grace period is the sum of what has to end before the pod does:\n\
             5 s in which it still answers but is not ready, 30 s for what runs, 5 s for the sidecar.",
            vec![
                workload::account(lab, service),
                workload::service(lab, service),
                workload::budget(lab, service),
                workload::baseline(lab, service),
            ],
        )
    });
    let mut routes = vec![file(
        "gateway.yaml",
        "The ingress gateway ends TLS for one host and sends plain HTTP to HTTPS.\n\
         The secret must stand in the gateway's own namespace, istio-system.",
        vec![ingress::gateway(&lab.namespace, &ingress::name(lab), &lab.public)],
    )];
    routes.extend(route_files(lab, &[]));
    Layer {
        name: version.clone(),
        purpose: format!(
            "the services in version {version}, published at https://{}",
            lab.public.host
        ),
        parts: vec![
            Part { name: "workloads", files: workloads.collect() },
            Part { name: "routes", files: routes },
        ],
    }
}

fn canary(lab: &Lab, lane: &Lane) -> Layer {
    let members = lab.services.iter().filter(|service| lane.services.contains(&service.name));
    let workloads = members.map(|service| {
        let teaches = format!(
            "The pods of a service in lane {}. The Service, the account and the budget of the baseline are theirs too.",
            lane.name
        );
        file(&format!("{}.yaml", service.name), &teaches, vec![workload::canary(lab, service, lane)])
    });
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
    let services = &lab.services;
    let rules = services.iter().map(|service| traffic::destination_rule(lab, service, lanes));
    let mesh = services.iter().map(|service| traffic::mesh_route(lab, service, lanes));
    vec![
        file(
            "destination-rules.yaml",
            "A subset gives a name to the pods with certain labels. Apply these before the routes that name them\n\
             and remove them after: a route to an unknown subset answers 503.",
            rules.collect(),
        ),
        file(
            "virtual-services.yaml",
            "The first rule that matches decides. A rule for a lane stands only where the lane has the service;\n\
             elsewhere its requests take the baseline, and their lane again at the next hop that has it.\n\
             One VirtualService for each mesh host: a second one for the same host would be ignored.",
            std::iter::once(traffic::public_route(lab, lanes)).chain(mesh).collect(),
        ),
    ]
}
