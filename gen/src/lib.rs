//! model → typed objects → checks → layout → render → `out/`; and back again: files → typed objects.

mod certificate;
pub mod change;
pub mod check;
pub mod cli;
pub mod flow;
mod git;
mod guide;
pub mod host;
mod image;
pub mod kind;
pub mod layout;
mod lint;
pub mod listing;
pub mod model;
pub mod object;
mod objects;
pub mod out;
pub mod read;
pub mod release;
pub mod render;
#[cfg(test)]
mod tests;
pub mod versions;
pub mod violation;

use check::{Certificate, Installed};
use layout::RenderedFile;
use model::Lab;
use object::Manifest;
use rayon::prelude::*;
use violation::{Violation, sorted};

/// A layer's name and its manifests.
pub type NamedManifests = (String, Vec<Manifest>);

/// Renders the whole of `out/`: every file of every layer with its text, sorted by path.
///
/// # Errors
/// What contradicts itself in the model; then all violations of the laws in [`check`], for every set of layers that can
/// be applied together.
pub fn rendered(lab: &Lab) -> Result<Vec<RenderedFile>, Vec<Violation>> {
    let contradictions: Vec<Violation> = lab.contradictions().into_iter().map(of_model).collect();
    if !contradictions.is_empty() {
        return Err(contradictions);
    }
    let layers = layout::layers(lab);
    let manifests = manifests(&layers);
    let violations = checked(&manifests, &installed(lab));
    if violations.is_empty() {
        Ok(render::files(&layers, &manifests, &certificates(lab)))
    } else {
        Err(violations)
    }
}

/// Holds the laws against every set of layers that can be applied together: the ground, and the ground with one lane on
/// top. `layers` are named and in the order of application.
pub fn checked(layers: &[NamedManifests], installed: &Installed) -> Vec<Violation> {
    let is_lane = |name: &str| name.starts_with(layout::LANE_LAYER_PREFIX);
    let (lanes, ground): (Vec<_>, Vec<_>) = layers.iter().partition(|(name, _)| is_lane(name));
    let with_lane = lanes.into_iter().map(|lane| ground.iter().copied().chain([lane]).collect());
    let sets: Vec<Vec<&NamedManifests>> =
        std::iter::once(ground.clone()).chain(with_lane).collect();
    let found = sets.into_par_iter().flat_map_iter(|set| {
        let sequence: Vec<&Manifest> =
            set.into_iter().flat_map(|(_, manifests)| manifests).collect();
        check::check(&sequence, installed)
    });
    sorted(found.collect())
}

/// What stands in each layer of the lab, in the order of application.
pub(crate) fn manifests(layers: &[layout::Layer]) -> Vec<NamedManifests> {
    layers.iter().map(|layer| (layer.name.clone(), layer.manifests())).collect()
}

/// What the lab expects of a cluster: Istio's demo profile, and the certificates of what it publishes.
fn installed(lab: &Lab) -> Installed {
    Installed::demo_profile().with_certificates(certificates(lab))
}

/// The certificates that are made before anything can be published, in the gateway's own namespace.
fn certificates(lab: &Lab) -> Vec<Certificate> {
    let published = [&lab.public, &lab.traces];
    let certificate = |publication: &model::Publication| Certificate {
        namespace: objects::ISTIO_NAMESPACE.into(),
        secret: publication.credential.clone(),
        host: publication.host.clone(),
    };
    published.map(certificate).into()
}

fn of_model(sentence: String) -> Violation {
    Violation::of_file("gen/src/model.rs", sentence, "change the model of the lab".into())
}
