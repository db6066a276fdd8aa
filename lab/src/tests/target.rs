//! Targets: which versions must answer a request of a lane; and which Envoy fits the lab.

use crate::install;
use crate::jaeger::Client;
use crate::state::StateFolder;
use crate::target::{Instance, Target, gateway_service};
use manifests::versions;
use std::collections::BTreeSet;
use std::path::Path;

/// A target with these instances: service, lane, version.
fn target(instances: &[[&str; 3]]) -> Target {
    let instances = instances.iter().map(|[service, lane, version]| Instance {
        service: (*service).into(),
        lane: (*lane).into(),
        version: (*version).into(),
    });
    Target {
        host: "example.com".into(),
        https: ([127, 0, 0, 1], 20443).into(),
        http: ([127, 0, 0, 1], 20080).into(),
        authority: Vec::new(),
        traces: Client::new("http://127.0.0.1:1/jaeger").unwrap(),
        instances: instances.collect(),
        draw: None,
    }
}

const LANES: [[&str; 3]; 5] = [
    ["service3", "", "v1"],
    ["service1", "v2", "v2"],
    ["service1", "", "v1"],
    ["service2", "", "v1"],
    ["service3", "v3", "three"],
];

/// Compares the services and versions that answer a request of a lane.
#[track_caller]
fn check(instances: &[[&str; 3]], lane: &str, expected: &[(&str, &str)]) {
    let found = target(instances).expected(lane);
    let found: Vec<(&str, &str)> =
        found.iter().map(|(service, version)| (service.as_str(), version.as_str())).collect();
    assert_eq!(found, expected);
}

mod expected {
    use super::*;

    #[test]
    fn without_a_lane_the_baseline_answers_everywhere() {
        check(&LANES, "", &[("service1", "v1"), ("service2", "v1"), ("service3", "v1")]);
    }

    #[test]
    fn a_lane_answers_where_it_has_the_service_and_the_baseline_elsewhere() {
        check(&LANES, "v2", &[("service1", "v2"), ("service2", "v1"), ("service3", "v1")]);
        check(&LANES, "v3", &[("service1", "v1"), ("service2", "v1"), ("service3", "three")]);
    }

    #[test]
    fn an_unknown_lane_is_the_baseline() {
        check(&LANES, "v9", &[("service1", "v1"), ("service2", "v1"), ("service3", "v1")]);
    }

    #[test]
    fn a_service_that_only_another_lane_has_has_no_version() {
        check(&[["service1", "v2", "v2"]], "", &[("service1", "")]);
    }
}

#[test]
fn lanes_are_those_of_the_instances_without_the_baseline() {
    assert_eq!(target(&LANES).lanes(), BTreeSet::from(["v2".to_owned(), "v3".to_owned()]));
    assert_eq!(target(&[["service1", "", "v1"]]).lanes(), BTreeSet::new());
}

#[test]
fn an_address_has_the_public_host_and_the_local_port() {
    assert_eq!(target(&LANES).url("/healthz"), "https://example.com:20443/healthz");
    assert_eq!(gateway_service(), "istio-ingressgateway.istio-system");
}

/// One test, and the only one that starts a process: a file that another thread holds open while it forks cannot be run.
#[test]
fn an_envoy_fits_if_it_is_of_the_same_minor_version() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::create(folder.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked = |says: &str| {
        let program = folder.path().join("envoy-that-says");
        script(&program, says);
        let found = runtime.block_on(install::envoy(&state, Some(&program), None));
        found.map(|found| assert_eq!(found, program)).map_err(|failure| failure.message.clone())
    };
    let says = |version: &str| format!("envoy  version: 0a1b/{version}/Clean/RELEASE/BoringSSL");
    let minor = versions::ENVOY.rsplit_once('.').unwrap().0;
    for fine in [versions::ENVOY, &format!("{minor}.99"), &format!("{minor}.0-dev")] {
        assert_eq!(asked(&says(fine)), Ok(()), "{fine}");
    }
    for other in
        [format!("{minor}1.0"), format!("1.{minor}"), "1.12.0".to_owned(), "2.40.0".to_owned()]
    {
        let refused = asked(&says(&other)).unwrap_err();
        assert!(
            refused.contains(&format!("is Envoy {other}, the lab is made for {}", versions::ENVOY)),
            "{refused}"
        );
    }
    for (text, reason) in [
        ("hello", "it names no version"),
        ("version: short", "it says `short`"),
        ("", "it names no version"),
    ] {
        let refused = asked(text).unwrap_err();
        assert!(refused.ends_with(&format!("is not an Envoy: {reason}")), "{refused}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where these tests write files")]
fn script(path: &Path, says: &str) {
    std::fs::write(path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}
