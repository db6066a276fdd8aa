//! The routes of a sidecar: one virtual host for each port of each service. Istio facts §3.1.

use super::{
    At, ONE, TWO, default_retries, each, lab, object, routes, routes_of, virtual_hosts, world,
};
use serde_json::{Value, json};

/// A VirtualService of `lab` for hosts of the mesh, whose one rule has this name.
fn speaks_for(name: &str, hosts: &str) -> String {
    let spec = format!(
        "{{hosts: [{hosts}], http: [{{name: {name}, route: [{{destination: {{host: two}}}}]}}]}}"
    );
    object("VirtualService", &format!("lab/{name}"), &spec)
}

fn sidecar(lab: &Value) -> Vec<Value> {
    virtual_hosts(lab, "one-v1-0")
}

/// Compares the names of the routes that a sidecar of `one` has for calls to a virtual host.
#[track_caller]
fn check(objects: &[String], host: &str, expected: &[&str]) {
    let lab = lab(&(world() + &objects.concat()));
    assert_eq!(each(&routes_of(&lab, "one-v1-0", host), "name"), expected);
}

#[test]
fn a_sidecar_has_a_virtual_host_for_each_port_and_blocks_the_rest() {
    assert_eq!(
        each(&sidecar(&lab(&world())), "name"),
        [
            &format!("{ONE}:80"),
            "ports.lab.svc.cluster.local:81",
            "ports.lab.svc.cluster.local:82",
            "three.far.svc.cluster.local:80",
            &format!("{TWO}:80"),
            "block_all",
        ]
    );
}

#[test]
fn the_configuration_has_istiods_settings_and_counts_the_port() {
    let lab = lab(&world());
    let mut configuration = lab["routes"]["one-v1-0"]["configuration"].clone();
    configuration["virtual_hosts"] = json!([]);
    assert_eq!(
        configuration,
        json!({
            "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
            "name": "http_proxy",
            "validate_clusters": false,
            "ignore_port_in_host_matching": false,
            "max_direct_response_body_size_bytes": 1_048_576,
            "virtual_hosts": []
        })
    );
    assert_eq!(lab["routes"]["one-v1-0"]["statistics"], "http.outbound_one-v1-0.rds.http_proxy");
}

#[test]
fn unknown_hosts_are_answered_with_502() {
    assert_eq!(
        sidecar(&lab(&world())).last(),
        Some(&json!({
            "name": "block_all",
            "domains": ["*"],
            "routes": [{"name": "block_all", "match": {"prefix": "/"}, "direct_response": {"status": 502}}]
        }))
    );
}

#[test]
fn every_sidecar_has_routes_of_its_own() {
    let lab = lab(&world());
    for (pod, host) in [("one-v1-0", TWO), ("two-v1-0", TWO), ("three-v1-0", ONE)] {
        let routes = routes_of(&lab, pod, &format!("{host}:80"));
        assert_eq!(routes[0]["route"]["cluster"], format!("{pod}>outbound|80||{host}"));
    }
}

mod domains {
    use super::*;

    #[track_caller]
    fn check(pod: &str, host: &str, expected: &[&str]) {
        let hosts = virtual_hosts(&lab(&world()), pod);
        let found = hosts.iter().find(|found| found["name"] == host).expect("the virtual host");
        assert_eq!(found["domains"], json!(expected));
        assert_eq!(found["include_request_attempt_count"], true);
    }

    #[test]
    fn a_caller_of_the_same_namespace_may_use_the_bare_name() {
        check(
            "one-v1-0",
            &format!("{TWO}:80"),
            &[
                TWO,
                &format!("{TWO}."),
                "two.lab",
                "two.lab.svc",
                "two",
                &format!("{TWO}:80"),
                &format!("{TWO}.:80"),
                "two.lab:80",
                "two.lab.svc:80",
                "two:80",
            ],
        );
    }

    #[test]
    fn a_caller_of_another_namespace_must_name_it() {
        check(
            "three-v1-0",
            &format!("{TWO}:80"),
            &[
                TWO,
                &format!("{TWO}."),
                "two.lab",
                "two.lab.svc",
                &format!("{TWO}:80"),
                &format!("{TWO}.:80"),
                "two.lab:80",
                "two.lab.svc:80",
            ],
        );
    }

    #[test]
    fn ports_other_than_80_must_be_named() {
        let ports = "ports.lab.svc.cluster.local";
        check(
            "three-v1-0",
            &format!("{ports}:82"),
            &[&format!("{ports}:82"), &format!("{ports}.:82"), "ports.lab:82", "ports.lab.svc:82"],
        );
    }

    #[test]
    fn no_domain_stands_twice_in_a_configuration() {
        for pod in ["one-v1-0", "three-v1-0"] {
            let hosts = virtual_hosts(&lab(&world()), pod);
            let mut domains: Vec<String> = hosts
                .iter()
                .flat_map(|host| host["domains"].as_array().unwrap())
                .map(|domain| domain.as_str().unwrap().to_lowercase())
                .collect();
            let all = domains.len();
            domains.sort();
            domains.dedup();
            assert_eq!(domains.len(), all);
        }
    }
}

mod owners {
    use super::*;

    #[test]
    fn a_service_without_virtual_service_has_the_default_route() {
        let lab = lab(&world());
        assert_eq!(
            json!(routes_of(&lab, "one-v1-0", &format!("{TWO}:80"))),
            json!([{
                "name": "default",
                "match": {"prefix": "/"},
                "decorator": {"operation": format!("{TWO}:80/*")},
                "route": {
                    "cluster": format!("one-v1-0>outbound|80||{TWO}"),
                    "timeout": "0s",
                    "retry_policy": default_retries()
                }
            }])
        );
        assert_eq!(
            routes_of(&lab, "one-v1-0", "ports.lab.svc.cluster.local:82")[0]["route"]["cluster"],
            "one-v1-0>outbound|82||ports.lab.svc.cluster.local"
        );
    }

    #[test]
    fn a_virtual_service_speaks_for_its_hosts_only() {
        let rules = [speaks_for("both", "one, two")];
        check(&rules, &format!("{ONE}:80"), &["both"]);
        check(&rules, &format!("{TWO}:80"), &["both"]);
        check(&rules, "three.far.svc.cluster.local:80", &["default"]);
    }

    #[test]
    fn a_short_host_is_of_the_virtual_services_own_namespace() {
        check(&[speaks_for("full", TWO)], &format!("{TWO}:80"), &["full"]);
        let far = object(
            "VirtualService",
            "far/rules",
            &format!(
                "{{hosts: [three], http: [{{name: far, route: [{{destination: {{host: {TWO}}}}}]}}]}}"
            ),
        );
        check(&[far], "three.far.svc.cluster.local:80", &["far"]);
    }

    #[test]
    fn of_several_virtual_services_for_a_host_the_oldest_applies_alone() {
        let rules = [speaks_for("old", "two"), speaks_for("new", "two")];
        check(&rules, &format!("{TWO}:80"), &["old"]);
    }

    #[test]
    fn a_virtual_service_without_route_for_the_sidecar_leaves_the_host_to_the_next() {
        let elsewhere = object(
            "VirtualService",
            "lab/elsewhere",
            "{hosts: [two], http: [{match: [{sourceLabels: {app: two}}], name: elsewhere, \
              route: [{destination: {host: two}}]}]}",
        );
        check(&[elsewhere.clone(), speaks_for("next", "two")], &format!("{TWO}:80"), &["next"]);
        check(&[elsewhere], &format!("{TWO}:80"), &["default"]);
    }

    #[test]
    fn a_virtual_service_is_of_the_mesh_if_it_says_so_or_names_no_gateway() {
        let gateways = |names: &str| {
            let spec = "hosts: [two], http: [{name: rules, route: [{destination: {host: two}}]}]";
            [object("VirtualService", "lab/rules", &format!("{{gateways: {names}, {spec}}}"))]
        };
        let host = format!("{TWO}:80");
        check(&gateways("[]"), &host, &["rules"]);
        check(&gateways("[edge, mesh]"), &host, &["rules"]);
        check(&gateways("[edge]"), &host, &["default"]);
    }

    #[test]
    fn each_port_of_a_service_has_its_own_matches() {
        let rules = object(
            "VirtualService",
            "lab/rules",
            "{hosts: [ports], http: [{name: first, match: [{port: 81}], route: [{destination: {host: ports}}]}]}",
        );
        let lab = lab(&(world() + &rules));
        let of =
            |port: u16| routes_of(&lab, "one-v1-0", &format!("ports.lab.svc.cluster.local:{port}"));
        assert_eq!(each(&of(81), "name"), ["first"]);
        assert_eq!(
            of(81)[0]["route"]["cluster"],
            "one-v1-0>outbound|81||ports.lab.svc.cluster.local"
        );
        assert_eq!(each(&of(82), "name"), ["default"]);
    }

    #[test]
    fn rules_without_any_http_leave_the_default_route() {
        check(
            &[object("VirtualService", "lab/rules", "{hosts: [two]}")],
            &format!("{TWO}:80"),
            &["default"],
        );
    }
}

#[test]
fn the_helper_sees_both_places() {
    let http = "[{name: a, route: [{destination: {host: two}}]}]";
    assert_eq!(each(&routes(http, At::Gateway), "name"), each(&routes(http, At::Sidecar), "name"));
}
