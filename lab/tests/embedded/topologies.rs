//! Every presence of two lanes in three services, run: 64 labs in one, each hop of each lane compared with the model.

use crate::harness::Lab;
use crate::request::{Client, runtime};
use manifests::model;
use std::fs;
use std::path::Path;

/// The lab with the lanes v2 and v3, which have the services whose bits are set.
fn topology(of_v2: u32, of_v3: u32) -> model::Lab {
    let lab = model::Lab::demo();
    let lanes = [("v2", of_v2), ("v3", of_v3)].map(|(name, bits)| {
        let services = lab.services.iter().zip(0..).filter(|(_, bit)| bits >> bit & 1 == 1);
        model::Lane::new(name, services.map(|(service, _)| service.name.clone()))
    });
    model::Lab { lanes: lanes.into(), ..lab }
}

/// Renders the folders of `lab` whose names begin with `prefix`, as if nothing had been there.
#[expect(clippy::disallowed_methods, reason = "manifests of a lab that is not committed")]
fn render(lab: &model::Lab, prefix: &str, folder: &Path) {
    let files = manifests::rendered(lab).expect("a lawful lab");
    for file in files.iter().filter(|file| file.path.starts_with(prefix)) {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.text).unwrap();
    }
}

#[track_caller]
fn check_lanes(client: &Client, topology: &model::Lab) {
    let wanted = |name: &str| {
        let lane = topology.lanes.iter().find(|lane| lane.name == name);
        let has = |service: &model::Service| {
            lane.is_some_and(|lane| lane.services.contains(&service.name))
        };
        let versions =
            topology.services.iter().map(|service| if has(service) { name } else { "v1" });
        versions.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    for lane in ["", "v2", "v3", "no-such-lane"] {
        let hops = runtime().block_on(client.hops(lane));
        assert_eq!(hops, Ok(wanted(lane)), "lane `{lane}` in {:?}", topology.lanes);
    }
}

#[test]
fn in_each_of_64_topologies_every_hop_of_every_lane_is_as_the_model_has_it() {
    let folder = tempfile::tempdir().unwrap();
    render(&topology(0, 0), "", folder.path());
    let lab = Lab::up_with(folder.path(), &[]);
    let client = Client::of(&lab);
    for of_v2 in 0..8 {
        render(&topology(of_v2, 0), "canary-v2/", folder.path());
        // Starting a lane proves its closure, and is refused without.
        lab.ok(&["canary", "start", "v2"]);
        for of_v3 in 0..8 {
            let topology = topology(of_v2, of_v3);
            render(&topology, "canary-v3/", folder.path());
            lab.ok(&["canary", "start", "v3"]);
            check_lanes(&client, &topology);
            lab.ok(&["canary", "abort", "--lane", "v3"]);
        }
        lab.ok(&["canary", "abort", "--lane", "v2"]);
    }
}
