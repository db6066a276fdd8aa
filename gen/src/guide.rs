//! Layers → the guide beside them: the lab as a picture, what each file holds, the commands, and what to expect.

mod contents;
mod picture;

use crate::NamedManifests;
use crate::check::{Certificate, LAWS, Law};
use crate::kind::k3d::Simple;
use crate::layout::{LANE_LAYER_PREFIX, Layer};
use crate::object::Object;
use crate::render::MARK;
use crate::versions;
use askama::Template;
use contents::Contents;
use picture::Picture;

#[derive(Template)]
#[template(path = "guide.md", escape = "none")]
struct Guide<'a> {
    mark: &'static str,
    contents: Vec<Contents>,
    /// Those that only a cluster needs, and those that are applied one at a time.
    ground: Vec<&'a Layer>,
    lanes: Vec<(&'a str, &'a Layer)>,
    pictures: Vec<Picture>,
    deployments: Vec<Running>,
    laws: &'static [&'static Law],
    cluster: String,
    image: String,
    kubernetes: &'static str,
    istio: &'static str,
    jaeger: &'static str,
    public: &'a str,
    traces: &'a str,
    https: String,
}

/// A Deployment of the lab, as a row of a table.
struct Running {
    layer: String,
    name: String,
    pods: i32,
    image: String,
    account: String,
}

/// The guide as text; `manifests` are those of the layers, by name, and `certificates` those of what is published, the
/// services first.
pub(crate) fn guide(
    layers: &[Layer],
    manifests: &[NamedManifests],
    certificates: &[Certificate],
) -> String {
    let is_lane = |layer: &&Layer| layer.name.starts_with(LANE_LAYER_PREFIX);
    let deployments = running(manifests);
    let host = |index: usize| certificates.get(index).map_or("", |found| found.host.as_str());
    let k3d = manifests.iter().flat_map(|(_, found)| found).find_map(|found| match &found.object {
        Object::Simple(cluster) => Some(cluster.as_ref()),
        _ => None,
    });
    let guide = Guide {
        mark: MARK,
        contents: contents::contents(layers),
        ground: layers.iter().filter(|layer| !is_lane(layer)).collect(),
        lanes: layers
            .iter()
            .filter_map(|layer| Some((layer.name.strip_prefix(LANE_LAYER_PREFIX)?, layer)))
            .collect(),
        pictures: picture::pictures(manifests),
        image: deployments.iter().rev().map(|found| found.image.clone()).next().unwrap_or_default(),
        deployments,
        laws: LAWS,
        cluster: k3d.and_then(|found| found.metadata.name.clone()).unwrap_or_default(),
        kubernetes: versions::K3S_IMAGE,
        istio: versions::ISTIO,
        jaeger: versions::JAEGER_IMAGE,
        public: host(0),
        traces: host(1),
        https: k3d.and_then(host_port).unwrap_or_default(),
    };
    // A template with only plain values cannot fail to render into a string.
    guide.render().expect("the guide renders") + "\n"
}

/// The port of the host that leads to the gateway's HTTPS.
fn host_port(cluster: &Simple) -> Option<String> {
    let mut ports = cluster.ports.iter().filter_map(|port| port.port.split_once(':'));
    ports.find(|(_, inner)| *inner == "443").map(|(outer, _)| outer.to_owned())
}

fn running(manifests: &[NamedManifests]) -> Vec<Running> {
    let found =
        manifests.iter().flat_map(|(layer, found)| found.iter().map(move |one| (layer, one)));
    found
        .filter_map(|(layer, manifest)| {
            let Object::Deployment(deployment) = &manifest.object else { return None };
            let spec = deployment.spec.as_ref()?;
            let pod = spec.template.spec.as_ref()?;
            Some(Running {
                layer: layer.clone(),
                name: deployment.metadata.name.clone()?,
                pods: spec.replicas.unwrap_or(1),
                image: pod.containers.first()?.image.clone()?,
                account: pod.service_account_name.clone().unwrap_or_default(),
            })
        })
        .collect()
}

impl Law {
    /// For a table: the code of Istio's message, or a dash.
    fn code(&self) -> &'static str {
        self.istio.unwrap_or("—")
    }
}
