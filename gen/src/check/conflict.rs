//! The laws that no two VirtualServices claim one host.
//!
//! Source: in the mesh the oldest one wins and the others are ignored, at a gateway their rules are merged in the order of
//! their age: `pilot/pkg/networking/core/httproute.go` and `route/route.go` in istio.

use super::world::{MESH, World};
use super::{Findings, Kind, Law};
use crate::host;
use std::collections::HashMap;

pub(super) const MESH_HOST: Law = Law {
    name: "mesh-host",
    istio: Some("IST0109"),
    rule: "one VirtualService for each host in the mesh: of two, the younger one is ignored",
    kind: Kind::Traffic,
    check: |world, findings| claims(world, findings, |gateway| gateway == MESH),
};

pub(super) const PUBLIC_HOST: Law = Law {
    name: "public-host",
    istio: None,
    rule: "one VirtualService for each host at a gateway: of two, the rules of the older one come first",
    kind: Kind::Traffic,
    check: |world, findings| claims(world, findings, |gateway| gateway != MESH),
};

fn claims(world: &World<'_>, findings: &mut Findings<'_>, concerned: impl Fn(&str) -> bool) {
    let mut claimed: HashMap<(String, String), String> = HashMap::new();
    for route in &world.routes {
        for gateway in route.gateways().into_iter().filter(|gateway| concerned(gateway)) {
            for (index, name) in route.object.spec.hosts.iter().flatten().enumerate() {
                let host = host::resolve(name, route.namespace);
                let place = (gateway.clone(), host);
                if let Some(first) = claimed.get(&place) {
                    let message =
                        format!("`{}` is routed by VirtualService {first} already", place.1);
                    let hint = format!("merge the rules into VirtualService {first}");
                    findings.add(route.manifest, format!("spec.hosts[{index}]"), message, hint);
                } else {
                    claimed.insert(place, format!("{}/{}", route.namespace, route.name));
                }
            }
        }
    }
}
