//! The law of mutual TLS: without it, nobody can prove who calls.
//!
//! Source: `pilot/pkg/security/authn/policy_applier.go` in istio: a policy for a workload counts before that of its namespace,
//! and that before the mesh's; UNSET inherits.

use super::namespace::has_sidecar;
use super::world::{Labels, Placed, ROOT_NAMESPACE, World};
use super::{Findings, Kind, Law};
use kcr_security_istio_io::v1::peerauthentications::{
    PeerAuthentication, PeerAuthenticationMtlsMode as Mode,
    PeerAuthenticationPortLevelMtlsMode as PortMode,
};
use std::collections::BTreeSet;

pub(super) const MUTUAL_TLS: Law = Law {
    name: "mutual-tls",
    istio: None,
    rule: "pods with a sidecar take nothing but mutual TLS: without it, there are no principals to name",
    kind: Kind::Safety,
    check,
};

type Policy<'a> = Placed<'a, PeerAuthentication>;

fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    for policy in &world.peer_authentications {
        let mode = policy.object.spec.mtls.as_ref().and_then(|mtls| mtls.mode.as_ref());
        if matches!(mode, Some(Mode::Permissive | Mode::Disable)) {
            let message = "pods take plain text, too: the mode is not `STRICT`".to_owned();
            findings.add(policy.manifest, "spec.mtls.mode", message, "write `mode: STRICT`");
        }
        for (port, settings) in policy.object.spec.port_level_mtls.iter().flatten() {
            if matches!(settings.mode, Some(PortMode::Permissive | PortMode::Disable)) {
                let message = format!("pods take plain text at port `{port}`");
                let field = format!("spec.portLevelMtls.{port}.mode");
                findings.add(policy.manifest, field, message, "leave it out");
            }
        }
    }
    // Where no policy says anything, Istio takes both.
    let mut reported = BTreeSet::new();
    for deployment in world.deployments.iter().filter(|found| has_sidecar(world, found)) {
        let namespace = deployment.namespace;
        let says = |policy: &&Policy<'_>| {
            let own = selector(policy).is_none_or(|labels| deployment.pods_bear(labels));
            let here = [namespace, ROOT_NAMESPACE].contains(&policy.namespace);
            let mode = policy.object.spec.mtls.as_ref().and_then(|mtls| mtls.mode.as_ref());
            own && here && !matches!(mode, None | Some(Mode::Unset))
        };
        if !world.peer_authentications.iter().any(|policy| says(&policy))
            && reported.insert(namespace)
        {
            let message = format!("pods of `{namespace}` take plain text, too");
            let hint = "add a PeerAuthentication with `mtls.mode: STRICT` to the namespace";
            findings.add(deployment.manifest, "metadata.namespace", message, hint);
        }
    }
}

/// The labels of the pods that a policy is for; none, if it is for all of a namespace.
fn selector<'a>(policy: &Policy<'a>) -> Option<&'a Labels> {
    let selector = policy.object.spec.selector.as_ref()?;
    selector.match_labels.as_ref().filter(|labels| !labels.is_empty())
}
