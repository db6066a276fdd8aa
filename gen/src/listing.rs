//! Plain lists beside the manifests, one item a line: the images of the lab, and the certificates that are made at run time.

use crate::check::Certificate;
use crate::object::{Manifest, Object};
use crate::versions;
use std::collections::BTreeSet;

pub const IMAGES: &str = "images.txt";
pub const CERTIFICATES: &str = "certificates.txt";

/// Every image that a cluster pulls for these manifests, and k3d for itself, sorted.
pub(crate) fn images(manifests: &[&Manifest]) -> BTreeSet<String> {
    let mut images = BTreeSet::new();
    for manifest in manifests {
        match &manifest.object {
            Object::Deployment(deployment) => {
                let pod = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
                let containers = pod.iter().flat_map(|pod| {
                    pod.containers.iter().chain(pod.init_containers.iter().flatten())
                });
                images.extend(containers.filter_map(|container| container.image.clone()));
            }
            Object::IstioOperator(operator) => {
                let spec = &operator.spec;
                let image = |name| format!("{}/{name}:{}", spec.hub, spec.tag);
                images.extend(versions::ISTIO_IMAGES.map(image));
            }
            Object::Simple(cluster) => {
                images.insert(cluster.image.clone());
                images.extend(versions::K3D_IMAGES.map(ToOwned::to_owned));
                images.extend(versions::K3S_SYSTEM_IMAGES.map(ToOwned::to_owned));
            }
            _ => {}
        }
    }
    images
}

/// One line for each certificate: `NAMESPACE/SECRET HOST`.
pub(crate) fn certificate_lines(certificates: &[Certificate]) -> Vec<String> {
    let line = |found: &Certificate| format!("{}/{} {}", found.namespace, found.secret, found.host);
    certificates.iter().map(line).collect()
}

/// Reads what [`certificate_lines`] wrote; lines that begin with `#` are comments.
///
/// # Errors
/// The first line that is none, with its number.
pub fn certificates(text: &str) -> Result<Vec<Certificate>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            certificate(line)
                .ok_or_else(|| format!("line {}: `{line}` is no certificate", number + 1))
        })
        .collect()
}

fn certificate(line: &str) -> Option<Certificate> {
    let (secret, host) = line.split_once(' ')?;
    let (namespace, secret) = secret.split_once('/')?;
    let [namespace, secret, host] = [namespace, secret, host.trim()].map(ToOwned::to_owned);
    let is_complete = [&namespace, &secret, &host].iter().all(|part| !part.is_empty());
    is_complete.then_some(Certificate { namespace, secret, host })
}
