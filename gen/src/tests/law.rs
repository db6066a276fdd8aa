//! The law that every name resolves. A mutant is the real lab with one thing broken; it must be caught at its place.

use super::Cluster;
use crate::check;
use crate::model::Lab;
use crate::violation::{Violation, sorted};
use std::collections::BTreeMap;

/// The files that the mutants change.
const RULES: &str = "out/canary-v2/routes/destination-rules.yaml";
const ROUTES: &str = "out/canary-v2/routes/virtual-services.yaml";

/// Breaks the lab with its canary and compares all findings: file, object, field, message, hint.
/// Full host names are long; here they end in `.…`.
#[track_caller]
fn check(mutants: &[&str], expected: &[[&str; 5]]) {
    let found: Vec<[String; 5]> = findings(mutants)
        .into_iter()
        .map(|Violation { file, object, field, message, hint }| {
            [file, object, field, message, hint]
                .map(|text| text.replace(".cloudnative.svc.cluster.local", ".…"))
        })
        .collect();
    assert_eq!(found, expected);
}

fn findings(mutants: &[&str]) -> Vec<Violation> {
    let mut cluster = Cluster::with_canary();
    for name in mutants {
        let mutant = MUTANTS.iter().find(|mutant| mutant.name == *name).expect("a mutant's name");
        (mutant.apply)(&mut cluster);
    }
    check::check(&cluster.0)
}

struct Mutant {
    name: &'static str,
    apply: fn(&mut Cluster),
    /// The laws that it breaks, by the field of the finding; a name that is gone breaks those that used it too.
    breaks: &'static [&'static str],
}

/// The laws, by the last part of the field that breaks one.
const LAWS: [&str; 6] =
    ["gateways", "destination.host", "port.number", "destination.subset", "spec.host", "labels"];

const MUTANTS: [Mutant; 12] = [
    Mutant {
        name: "public route at a gateway that is not there",
        apply: |cluster| {
            let route = cluster.virtual_service("httpserver-service1");
            route.spec.gateways = Some(vec!["mesh".into(), "nowhere".into()]);
        },
        breaks: &["gateways"],
    },
    Mutant {
        name: "gateway of another namespace",
        apply: |cluster| {
            let route = cluster.virtual_service("httpserver-service1");
            route.spec.gateways = Some(vec!["istio-system/httpserver-service1".into()]);
        },
        breaks: &["gateways"],
    },
    Mutant {
        name: "gateway removed",
        apply: |cluster| cluster.remove("Gateway cloudnative/httpserver-service1"),
        breaks: &["gateways"],
    },
    Mutant {
        name: "destination with a misspelt host",
        apply: |cluster| {
            cluster.destination("httpserver-service2-mesh", 1).host = "httpserver-servise2".into();
        },
        breaks: &["destination.host"],
    },
    Mutant {
        name: "destination at the container's port",
        apply: |cluster| {
            let destination = cluster.destination("httpserver-service3-mesh", 0);
            destination.port.as_mut().expect("a port").number = Some(8080);
        },
        breaks: &["port.number"],
    },
    Mutant {
        name: "destination with an unknown subset",
        apply: |cluster| {
            cluster.destination("httpserver-service1", 0).subset = Some("v3".into());
        },
        breaks: &["destination.subset"],
    },
    Mutant {
        name: "rule removed",
        apply: |cluster| cluster.remove("DestinationRule cloudnative/httpserver-service2"),
        breaks: &["destination.subset"],
    },
    Mutant {
        name: "rule for a host without Service",
        apply: |cluster| {
            let rule = cluster.destination_rule("httpserver-service3");
            rule.spec.host = "httpserver-service4.cloudnative.svc.cluster.local".into();
        },
        breaks: &["destination.subset", "spec.host"],
    },
    Mutant {
        name: "Service removed",
        apply: |cluster| cluster.remove("Service cloudnative/httpserver-service2"),
        breaks: &["destination.host", "spec.host"],
    },
    Mutant {
        name: "pods without the subset's label",
        apply: |cluster| {
            let deployment = cluster.deployment("httpserver-service2-v2");
            let template = &mut deployment.spec.as_mut().expect("a spec").template;
            let labels = template.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut());
            labels.expect("labels").insert("version".into(), "v9".into());
        },
        breaks: &["labels"],
    },
    Mutant {
        name: "pods in another namespace",
        apply: |cluster| {
            let deployment = cluster.deployment("httpserver-service3-v1");
            deployment.metadata.namespace = Some("elsewhere".into());
        },
        breaks: &["labels"],
    },
    Mutant {
        name: "Service without selector",
        apply: |cluster| {
            let service = cluster.service("httpserver-service1");
            service.spec.as_mut().expect("a spec").selector = None;
        },
        breaks: &["labels"],
    },
];

/// The laws that findings are about, each once.
fn laws(findings: &[Violation]) -> Vec<&'static str> {
    let is_about = |law: &str| {
        findings.iter().any(|finding| {
            let field = finding.field.trim_end_matches(|last: char| "[]0123456789".contains(last));
            field.ends_with(law)
        })
    };
    LAWS.into_iter().filter(|law| is_about(law)).collect()
}

#[test]
fn each_mutant_is_caught_by_its_laws_and_each_law_catches_a_mutant() {
    println!("{:<46}{}", "mutant", LAWS.map(|law| format!("{law:<20}")).concat());
    let mut caught: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for Mutant { name, breaks, .. } in &MUTANTS {
        let findings = findings(&[name]);
        let laws = laws(&findings);
        let cells = LAWS.map(|law| {
            let cell = if laws.contains(&law) { "caught" } else { "." };
            format!("{cell:<20}")
        });
        println!("{name:<46}{}", cells.concat());
        for law in &laws {
            *caught.entry(law).or_default() += 1;
        }
        if laws != *breaks {
            wrong.push(format!("{name}: breaks {breaks:?}, caught by {laws:?}"));
        }
        for Violation { hint, .. } in findings {
            assert!(!hint.is_empty(), "{name}: each finding has a hint");
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(caught.keys().len(), LAWS.len(), "every law catches a mutant: {caught:?}");
}

#[test]
fn the_ground_breaks_no_law() {
    assert_eq!(check::check(&Cluster::ground().0), []);
}

#[test]
fn the_lab_with_its_canary_breaks_no_law() {
    check(&[], &[]);
}

#[test]
fn a_route_at_an_unknown_gateway_is_found() {
    check(
        &["public route at a gateway that is not there"],
        &[[
            ROUTES,
            "VirtualService cloudnative/httpserver-service1",
            "spec.gateways[1]",
            "there is no Gateway `cloudnative/nowhere` (IST0101)",
            "use `mesh` or one of: cloudnative/httpserver-service1",
        ]],
    );
}

#[test]
fn a_gateway_of_another_namespace_is_not_the_one_of_this() {
    check(
        &["gateway of another namespace"],
        &[[
            ROUTES,
            "VirtualService cloudnative/httpserver-service1",
            "spec.gateways[0]",
            "there is no Gateway `istio-system/httpserver-service1` (IST0101)",
            "use `mesh` or one of: cloudnative/httpserver-service1",
        ]],
    );
}

#[test]
fn a_route_at_a_removed_gateway_is_found() {
    check(
        &["gateway removed"],
        &[[
            ROUTES,
            "VirtualService cloudnative/httpserver-service1",
            "spec.gateways[0]",
            "there is no Gateway `cloudnative/httpserver-service1` (IST0101)",
            "use `mesh` or one of: none",
        ]],
    );
}

#[test]
fn a_destination_without_service_is_found() {
    check(
        &["destination with a misspelt host"],
        &[[
            ROUTES,
            "VirtualService cloudnative/httpserver-service2-mesh",
            "spec.http[1].route[0].destination.host",
            "there is no Service for host `httpserver-servise2.…` (IST0101)",
            "use one of: httpserver-service1.…, httpserver-service2.…, httpserver-service3.…",
        ]],
    );
}

#[test]
fn a_destination_at_an_unknown_port_is_found() {
    check(
        &["destination at the container's port"],
        &[[
            ROUTES,
            "VirtualService cloudnative/httpserver-service3-mesh",
            "spec.http[0].route[0].destination.port.number",
            "`httpserver-service3.…` has no port 8080 (IST0101)",
            "use one of: 80",
        ]],
    );
}

#[test]
fn a_destination_with_an_unknown_subset_is_found() {
    check(
        &["destination with an unknown subset"],
        &[[
            ROUTES,
            "VirtualService cloudnative/httpserver-service1",
            "spec.http[0].route[0].destination.subset",
            "no DestinationRule of `httpserver-service1.…` has a subset `v3` (IST0101)",
            "name a subset that exists (v1, v2), or add it to the DestinationRule",
        ]],
    );
}

#[test]
fn every_route_to_the_subsets_of_a_removed_rule_is_found() {
    check(
        &["rule removed"],
        &[
            [
                ROUTES,
                "VirtualService cloudnative/httpserver-service2-mesh",
                "spec.http[0].route[0].destination.subset",
                "no DestinationRule of `httpserver-service2.…` has a subset `v2` (IST0101)",
                "name a subset that exists (none), or add it to the DestinationRule",
            ],
            [
                ROUTES,
                "VirtualService cloudnative/httpserver-service2-mesh",
                "spec.http[1].route[0].destination.subset",
                "no DestinationRule of `httpserver-service2.…` has a subset `v1` (IST0101)",
                "name a subset that exists (none), or add it to the DestinationRule",
            ],
        ],
    );
}

#[test]
fn a_rule_for_a_host_without_service_is_found_and_so_are_the_routes_to_its_subsets() {
    check(
        &["rule for a host without Service"],
        &[
            [
                RULES,
                "DestinationRule cloudnative/httpserver-service3",
                "spec.host",
                "there is no Service for host `httpserver-service4.…` (IST0101)",
                "use one of: httpserver-service1.…, httpserver-service2.…, httpserver-service3.…",
            ],
            [
                ROUTES,
                "VirtualService cloudnative/httpserver-service3-mesh",
                "spec.http[0].route[0].destination.subset",
                "no DestinationRule of `httpserver-service3.…` has a subset `v2` (IST0101)",
                "name a subset that exists (none), or add it to the DestinationRule",
            ],
            [
                ROUTES,
                "VirtualService cloudnative/httpserver-service3-mesh",
                "spec.http[1].route[0].destination.subset",
                "no DestinationRule of `httpserver-service3.…` has a subset `v1` (IST0101)",
                "name a subset that exists (none), or add it to the DestinationRule",
            ],
        ],
    );
}

#[test]
fn a_removed_service_is_found_wherever_it_is_named() {
    check(
        &["Service removed"],
        &[
            [
                RULES,
                "DestinationRule cloudnative/httpserver-service2",
                "spec.host",
                "there is no Service for host `httpserver-service2.…` (IST0101)",
                "use one of: httpserver-service1.…, httpserver-service3.…",
            ],
            [
                ROUTES,
                "VirtualService cloudnative/httpserver-service2-mesh",
                "spec.http[0].route[0].destination.host",
                "there is no Service for host `httpserver-service2.…` (IST0101)",
                "use one of: httpserver-service1.…, httpserver-service3.…",
            ],
            [
                ROUTES,
                "VirtualService cloudnative/httpserver-service2-mesh",
                "spec.http[1].route[0].destination.host",
                "there is no Service for host `httpserver-service2.…` (IST0101)",
                "use one of: httpserver-service1.…, httpserver-service3.…",
            ],
        ],
    );
}

#[test]
fn a_subset_that_selects_no_pods_is_found() {
    check(
        &["pods without the subset's label"],
        &[[
            RULES,
            "DestinationRule cloudnative/httpserver-service2",
            "spec.subsets[1].labels",
            "no Deployment makes pods of `httpserver-service2.…` with the labels {\"version\": \"v2\"} (IST0173)",
            "give the pods these labels, or remove the subset and the routes to it",
        ]],
    );
}

#[test]
fn pods_of_another_namespace_do_not_fill_a_subset() {
    check(
        &["pods in another namespace"],
        &[[
            RULES,
            "DestinationRule cloudnative/httpserver-service3",
            "spec.subsets[0].labels",
            "no Deployment makes pods of `httpserver-service3.…` with the labels {\"version\": \"v1\"} (IST0173)",
            "give the pods these labels, or remove the subset and the routes to it",
        ]],
    );
}

#[test]
fn a_service_without_selector_has_no_pods_for_its_subsets() {
    check(
        &["Service without selector"],
        &[
            [
                RULES,
                "DestinationRule cloudnative/httpserver-service1",
                "spec.subsets[0].labels",
                "no Deployment makes pods of `httpserver-service1.…` with the labels {\"version\": \"v1\"} (IST0173)",
                "give the pods these labels, or remove the subset and the routes to it",
            ],
            [
                RULES,
                "DestinationRule cloudnative/httpserver-service1",
                "spec.subsets[1].labels",
                "no Deployment makes pods of `httpserver-service1.…` with the labels {\"version\": \"v2\"} (IST0173)",
                "give the pods these labels, or remove the subset and the routes to it",
            ],
        ],
    );
}

#[test]
fn several_mutants_at_once_give_all_findings_sorted_by_place() {
    check(
        &[
            "pods without the subset's label",
            "destination with an unknown subset",
            "destination with a misspelt host",
            "public route at a gateway that is not there",
            "destination at the container's port",
        ],
        &[
            [
                RULES,
                "DestinationRule cloudnative/httpserver-service2",
                "spec.subsets[1].labels",
                "no Deployment makes pods of `httpserver-service2.…` with the labels {\"version\": \"v2\"} (IST0173)",
                "give the pods these labels, or remove the subset and the routes to it",
            ],
            [
                ROUTES,
                "VirtualService cloudnative/httpserver-service1",
                "spec.gateways[1]",
                "there is no Gateway `cloudnative/nowhere` (IST0101)",
                "use `mesh` or one of: cloudnative/httpserver-service1",
            ],
            [
                ROUTES,
                "VirtualService cloudnative/httpserver-service1",
                "spec.http[0].route[0].destination.subset",
                "no DestinationRule of `httpserver-service1.…` has a subset `v3` (IST0101)",
                "name a subset that exists (v1, v2), or add it to the DestinationRule",
            ],
            [
                ROUTES,
                "VirtualService cloudnative/httpserver-service2-mesh",
                "spec.http[1].route[0].destination.host",
                "there is no Service for host `httpserver-servise2.…` (IST0101)",
                "use one of: httpserver-service1.…, httpserver-service2.…, httpserver-service3.…",
            ],
            [
                ROUTES,
                "VirtualService cloudnative/httpserver-service3-mesh",
                "spec.http[0].route[0].destination.port.number",
                "`httpserver-service3.…` has no port 8080 (IST0101)",
                "use one of: 80",
            ],
        ],
    );
}

#[test]
fn one_destination_can_have_two_findings() {
    let mut cluster = Cluster::ground();
    let destination = cluster.destination("httpserver-service2-mesh", 0);
    destination.port.as_mut().expect("a port").number = Some(81);
    destination.subset = Some("v2".into());
    let fields = check::check(&cluster.0).into_iter().map(|finding| finding.field);
    assert_eq!(
        fields.collect::<Vec<_>>(),
        [
            "spec.http[0].route[0].destination.port.number",
            "spec.http[0].route[0].destination.subset",
        ]
    );
}

#[test]
fn a_short_host_stands_for_the_service_of_its_own_namespace() {
    let mut cluster = Cluster::with_canary();
    cluster.destination("httpserver-service2-mesh", 0).host = "httpserver-service2".into();
    cluster.destination_rule("httpserver-service2").spec.host = "httpserver-service2".into();
    assert_eq!(check::check(&cluster.0), []);
}

#[test]
fn a_gateway_can_be_named_with_its_namespace_and_beside_the_mesh() {
    let mut cluster = Cluster::ground();
    let gateways = vec!["cloudnative/httpserver-service1".into(), "mesh".into()];
    cluster.virtual_service("httpserver-service1").spec.gateways = Some(gateways);
    assert_eq!(check::check(&cluster.0), []);
}

#[test]
fn a_destination_without_port_and_subset_needs_only_its_service() {
    let mut cluster = Cluster::ground();
    let destination = cluster.destination("httpserver-service1", 0);
    destination.port = None;
    destination.subset = None;
    assert_eq!(check::check(&cluster.0), []);
}

#[test]
fn the_routes_of_a_lane_without_its_workloads_are_found() {
    let mut cluster = Cluster::with_canary();
    cluster.0.retain(|manifest| !manifest.file.starts_with("out/canary-v2/workloads/"));
    let places = check::check(&cluster.0).into_iter().map(|Violation { object, field, .. }| {
        assert_eq!(field, "spec.subsets[1].labels");
        object
    });
    assert_eq!(
        places.collect::<Vec<_>>(),
        [
            "DestinationRule cloudnative/httpserver-service1",
            "DestinationRule cloudnative/httpserver-service2",
            "DestinationRule cloudnative/httpserver-service3",
        ]
    );
}

#[test]
fn findings_that_two_sets_of_layers_share_are_reported_once_and_sorted() {
    let findings = findings(&["Service removed"]);
    let mut twice = [findings.clone(), findings.clone()].concat();
    twice.reverse();
    assert_eq!(findings.len(), 3);
    assert_eq!(sorted(twice), findings);
}

#[test]
fn a_lab_that_breaks_a_law_is_not_rendered_and_every_set_of_layers_is_checked() {
    let mut lab = Lab::demo();
    lab.credential = "../elsewhere".into();
    let findings = crate::rendered(&lab).expect_err("a finding");
    let places = findings.into_iter().map(|Violation { file, field, .. }| [file, field]);
    assert_eq!(
        places.collect::<Vec<_>>(),
        [
            ["out/v1/routes/gateway.yaml", "spec.servers[0].tls.credentialName"],
            ["out/v1/routes/gateway.yaml", "spec.servers[0].tls.credentialName"],
        ]
    );
}

#[test]
fn a_lab_without_lanes_breaks_no_law() {
    let lab = Lab::demo().with_lanes(&[]);
    assert_eq!(check::check(&Cluster::of(&lab, &["base", "v1"]).0), []);
}
