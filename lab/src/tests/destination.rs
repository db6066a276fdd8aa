//! Destinations: clusters, ports, weights, timeouts, names. Istio facts §3.2, §3.4, §3.5.

use super::{At, ONE, TWO, default_retries, each, routes, rule};
use serde_json::{Value, json};

/// Compares the cluster of a rule with one destination.
#[track_caller]
fn check(destination: &str, at: At, expected: &str) {
    let routes = routes(&format!("[{{route: [{{destination: {{{destination}}}}}]}}]"), at);
    assert_eq!(each(&each(&routes, "route"), "cluster"), [expected]);
}

/// Compares the operation that spans of a rule get.
#[track_caller]
fn check_operation(http: &str, at: At, expected: &str) {
    let routes = routes(&format!("[{http}]"), at);
    assert_eq!(routes[0]["decorator"], json!({"operation": expected}));
}

#[track_caller]
fn weighted(destinations: &str) -> Value {
    routes(&format!("[{{route: [{destinations}]}}]"), At::Sidecar)[0]["route"].clone()
}

#[test]
fn a_rule_becomes_one_route_with_istiods_defaults() {
    let expected = json!([{
        "name": "baseline",
        "match": {"prefix": "/"},
        "decorator": {"operation": format!("{TWO}:80/*")},
        "metadata": {"filter_metadata": {"istio": {
            "config": "/apis/networking.istio.io/v1/namespaces/lab/virtual-service/rules"
        }}},
        "route": {
            "cluster": format!("one-v1-0>outbound|80|v1|{TWO}"),
            "timeout": "0s",
            "retry_policy": default_retries()
        }
    }]);
    let http =
        "[{name: baseline, route: [{destination: {host: two, subset: v1, port: {number: 80}}}]}]";
    assert_eq!(json!(routes(http, At::Sidecar)), expected);
}

mod clusters {
    use super::*;

    #[test]
    fn a_destination_without_subset_is_the_whole_service() {
        check("host: two", At::Sidecar, &format!("one-v1-0>outbound|80||{TWO}"));
    }

    #[test]
    fn a_subset_is_part_of_the_name() {
        check("host: two, subset: v1", At::Sidecar, &format!("one-v1-0>outbound|80|v1|{TWO}"));
    }

    #[test]
    fn the_gateway_has_clusters_of_its_own() {
        check("host: two", At::Gateway, &format!("istio-ingressgateway>outbound|80||{TWO}"));
    }

    #[test]
    fn a_short_host_is_of_the_virtual_services_namespace_and_a_full_one_of_any() {
        check("host: one", At::Sidecar, &format!("one-v1-0>outbound|80||{ONE}"));
        check(
            "host: three.far.svc.cluster.local",
            At::Sidecar,
            "one-v1-0>outbound|80||three.far.svc.cluster.local",
        );
    }

    #[test]
    fn a_given_port_is_taken() {
        let ports = "ports.lab.svc.cluster.local";
        check(
            "host: ports, port: {number: 82}",
            At::Gateway,
            &format!("istio-ingressgateway>outbound|82||{ports}"),
        );
    }

    #[test]
    fn without_a_port_the_only_one_of_the_service_is_taken() {
        check("host: one", At::Gateway, &format!("istio-ingressgateway>outbound|80||{ONE}"));
    }

    #[test]
    fn without_a_port_a_service_of_several_gets_that_of_the_listener() {
        let ports = "ports.lab.svc.cluster.local";
        check("host: ports", At::Sidecar, &format!("one-v1-0>outbound|80||{ports}"));
        check("host: ports", At::Gateway, &format!("istio-ingressgateway>outbound|443||{ports}"));
    }

    #[test]
    fn the_weight_of_the_only_destination_does_not_matter() {
        for weight in [0, 7] {
            let action = weighted(&format!("{{destination: {{host: two}}, weight: {weight}}}"));
            assert_eq!(action["cluster"], format!("one-v1-0>outbound|80||{TWO}"));
            assert_eq!(action["weighted_clusters"], Value::Null);
        }
    }
}

mod weights {
    use super::*;

    #[test]
    fn several_destinations_become_weighted_clusters() {
        let action = weighted(
            "{destination: {host: one}, weight: 90}, {destination: {host: two, subset: v1}, weight: 10}",
        );
        assert_eq!(
            action["weighted_clusters"],
            json!({"clusters": [
                {"name": format!("one-v1-0>outbound|80||{ONE}"), "weight": 90},
                {"name": format!("one-v1-0>outbound|80|v1|{TWO}"), "weight": 10}
            ]})
        );
        assert_eq!(action["cluster"], Value::Null);
    }

    #[test]
    fn a_destination_of_no_weight_is_left_out() {
        let action =
            weighted("{destination: {host: one}, weight: 100}, {destination: {host: two}}");
        assert_eq!(
            action["weighted_clusters"],
            json!({"clusters": [
                {"name": format!("one-v1-0>outbound|80||{ONE}"), "weight": 100}
            ]})
        );
    }

    #[test]
    fn weights_need_not_add_up_to_a_hundred() {
        let action = weighted(
            "{destination: {host: one}, weight: 1}, {destination: {host: two}, weight: 2}",
        );
        assert_eq!(
            each(action["weighted_clusters"]["clusters"].as_array().unwrap(), "weight"),
            [1, 2]
        );
        assert_eq!(action["weighted_clusters"]["total_weight"], Value::Null);
    }

    #[test]
    fn weighted_clusters_have_the_defaults_of_a_rule() {
        let action = weighted(
            "{destination: {host: one}, weight: 1}, {destination: {host: two}, weight: 2}",
        );
        assert_eq!(
            (&action["timeout"], &action["retry_policy"]),
            (&json!("0s"), &default_retries())
        );
    }
}

mod timeouts {
    use super::*;

    #[test]
    fn a_timeout_is_written_in_seconds() {
        for (text, expected) in
            [("3s", "3s"), ("0.5s", "0.5s"), ("250ms", "0.25s"), ("1m", "60s"), ("0s", "0s")]
        {
            assert_eq!(rule(&format!("timeout: {text}"))["route"]["timeout"], expected);
        }
    }
}

mod names {
    use super::*;

    #[test]
    fn a_route_is_called_by_its_rule_and_its_match() {
        assert_eq!(rule("name: a")["name"], "a");
        assert_eq!(rule("name: a, match: [{name: b}]")["name"], "a.b");
        assert_eq!(rule("match: [{uri: {exact: /x}}]")["name"], "");
    }

    #[test]
    fn the_operation_of_one_destination_names_its_host_and_port() {
        check_operation(
            "{route: [{destination: {host: one}}]}",
            At::Gateway,
            &format!("{ONE}:80/*"),
        );
        check_operation(
            "{route: [{destination: {host: ports, port: {number: 82}}}]}",
            At::Sidecar,
            "ports.lab.svc.cluster.local:82/*",
        );
    }

    #[test]
    fn the_operation_of_several_destinations_names_the_virtual_service_and_the_listeners_port() {
        let several = "{route: [{destination: {host: one}, weight: 1}, {destination: {host: two}, weight: 1}]}";
        check_operation(several, At::Sidecar, "rules:80/*");
        check_operation(several, At::Gateway, "rules:443/*");
    }

    #[test]
    fn the_operation_ends_in_the_path() {
        for (uri, path) in [
            ("{exact: /a}", "/a"),
            ("{prefix: /a}", "/a*"),
            ("{prefix: /}", "/*"),
            ("{regex: '/a|/b'}", "/a|/b"),
            ("{}", "/*"),
        ] {
            let operation = &rule(&format!("match: [{{uri: {uri}}}]"))["decorator"]["operation"];
            assert_eq!(*operation, format!("{TWO}:80{path}"));
        }
        assert_eq!(
            rule("match: [{headers: {a: {}}}]")["decorator"]["operation"],
            format!("{TWO}:80/*")
        );
    }
}
