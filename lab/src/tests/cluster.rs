//! Clusters: their endpoints, load balancers and names. Istio facts §3.4, §3.8.

use super::{INBOUND, TWO, deployment, deployment_with, lab, lab_with, object, service, world};
use serde_json::{Value, json};

/// The loopback ports of a cluster's endpoints, counted from the first pod.
fn endpoints(lab: &Value, cluster: &str) -> Vec<u64> {
    let assignment = &lab["clusters"][cluster]["load_assignment"];
    assert_eq!(assignment["cluster_name"], cluster);
    let endpoints = assignment["endpoints"][0]["lb_endpoints"].as_array().expect("endpoints");
    let port = |endpoint: &Value| {
        let address = &endpoint["endpoint"]["address"]["socket_address"];
        assert_eq!(address["address"], "127.0.0.1");
        address["port_value"].as_u64().expect("a port") - u64::from(INBOUND)
    };
    endpoints.iter().map(port).collect()
}

/// A service `two` with pods 0 (v1), 1 (v2), 2 (v2 of another name) and 3 (another app).
fn versions(rules: &str) -> String {
    [
        service("lab/two"),
        deployment("lab/a", "{app: two, version: v1}"),
        deployment("lab/b", "{app: two, version: v2}"),
        deployment("lab/c", "{app: two, version: v2, tier: back}"),
        deployment("lab/d", "{app: three, version: v2}"),
        deployment("far/e", "{app: two, version: v2}"),
        object("DestinationRule", "lab/two", rules),
    ]
    .concat()
}

const SUBSETS: &str = "{host: two, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}, \
                       {name: back, labels: {version: v2, tier: back}}, {name: all}]}";

/// Compares the endpoints of a subset of `two`; an empty subset is the whole service.
#[track_caller]
fn check(subset: &str, ready: impl Fn(&str) -> bool, expected: &[u64]) {
    let lab = lab_with(&versions(SUBSETS), ready);
    assert_eq!(
        endpoints(&lab, &format!("istio-ingressgateway>outbound|80|{subset}|{TWO}")),
        expected
    );
}

#[test]
fn a_cluster_has_istiods_settings() {
    let lab = lab(&world());
    let name = format!("one-v1-0>outbound|80|v1|{TWO}");
    assert_eq!(
        lab["clusters"][&name],
        json!({
            "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            "name": name,
            "alt_stat_name": format!("outbound|80|v1|{TWO};"),
            "type": "STATIC",
            "connect_timeout": "10s",
            "lb_policy": "LEAST_REQUEST",
            "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
            "circuit_breakers": {"thresholds": [{
                "max_connections": u32::MAX,
                "max_pending_requests": u32::MAX,
                "max_requests": u32::MAX,
                "max_retries": u32::MAX,
                "track_remaining": true
            }]},
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{"lb_endpoints": [
                    {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": INBOUND + 1}}}}
                ]}]
            }
        })
    );
}

#[test]
fn each_proxy_has_its_own_copy_of_every_cluster() {
    let lab = lab(&world());
    let clusters = lab["clusters"].as_object().unwrap();
    let proxies = ["istio-ingressgateway", "one-v1-0", "two-v1-0", "three-v1-0"];
    let istio = [
        "80||one.lab",
        "80||two.lab",
        "80|v1|two.lab",
        "80||three.far",
        "81||ports.lab",
        "82||ports.lab",
    ];
    for proxy in proxies {
        for name in istio {
            let name = format!("outbound|{name}.svc.cluster.local");
            let cluster = &clusters[&format!("{proxy}>{name}")];
            assert_eq!(cluster["alt_stat_name"], format!("{name};"));
        }
    }
    let inbound = proxies.len() - 1;
    assert_eq!(clusters.len(), proxies.len() * istio.len() + inbound);
}

#[test]
fn names_for_statistics_end_in_a_semicolon() {
    for (name, cluster) in lab(&world())["clusters"].as_object().unwrap() {
        let (_, istio) = name.split_once('>').expect("the proxy before the name");
        assert_eq!(cluster["alt_stat_name"], format!("{istio};"));
    }
}

mod members {
    use super::*;

    #[test]
    fn a_service_has_the_pods_of_its_selector_and_namespace() {
        check("", |_| true, &[0, 1, 2]);
    }

    #[test]
    fn a_subset_has_the_pods_with_all_of_its_labels() {
        check("v1", |_| true, &[0]);
        check("v2", |_| true, &[1, 2]);
        check("back", |_| true, &[2]);
    }

    #[test]
    fn a_subset_without_labels_has_all_pods() {
        check("all", |_| true, &[0, 1, 2]);
    }

    #[test]
    fn only_ready_pods_are_endpoints() {
        check("", |pod| pod != "b-0", &[0, 2]);
        check("v2", |pod| pod != "b-0", &[2]);
        check("v1", |_| false, &[]);
    }

    #[test]
    fn every_replica_is_an_endpoint() {
        let two = deployment("lab/a", "{app: two}")
            .replace("spec: {selector", "spec: {replicas: 3, selector");
        let lab = lab(&(service("lab/two") + &two));
        assert_eq!(endpoints(&lab, &format!("a-1>outbound|80||{TWO}")), [0, 1, 2]);
    }

    #[test]
    fn the_target_port_is_a_number_or_a_name_of_the_container() {
        let endpoints = |target: &str| {
            let ports = format!("[{{name: http, port: 80{target}}}]");
            let service = object(
                "Service",
                "lab/two",
                &format!("{{selector: {{app: two}}, ports: {ports}}}"),
            );
            let first =
                deployment_with("lab/a", "{app: two}", "ports: [{name: web, containerPort: 8080}]");
            let second = deployment_with("lab/b", "{app: two}", "ports: [{containerPort: 80}]");
            super::endpoints(
                &lab(&[service, first, second].concat()),
                &format!("a-0>outbound|80||{TWO}"),
            )
        };
        assert_eq!(endpoints(", targetPort: 8080"), [0]);
        assert_eq!(endpoints(", targetPort: web"), [0]);
        assert_eq!(endpoints(""), [1], "without a target, the port of the service");
        assert_eq!(endpoints(", targetPort: other"), [0; 0]);
        assert_eq!(endpoints(", targetPort: 8081"), [0; 0]);
    }

    #[test]
    fn a_service_without_selector_has_no_pods() {
        let service =
            object("Service", "lab/two", "{ports: [{name: http, port: 80, targetPort: 8080}]}");
        let lab = lab(&(service + &deployment("lab/a", "{app: two}")));
        assert_eq!(endpoints(&lab, &format!("a-0>outbound|80||{TWO}")), [0; 0]);
    }

    #[test]
    fn of_two_subsets_of_a_name_the_older_counts() {
        let newer = object(
            "DestinationRule",
            "lab/newer",
            "{host: two, subsets: [{name: v1, labels: {version: v2}}]}",
        );
        let lab = lab(&(versions(SUBSETS) + &newer));
        assert_eq!(endpoints(&lab, &format!("a-0>outbound|80|v1|{TWO}")), [0]);
    }

    #[test]
    fn subsets_of_several_rules_for_a_host_add_up() {
        let newer = object(
            "DestinationRule",
            "lab/newer",
            &format!("{{host: {TWO}, subsets: [{{name: new, labels: {{version: v2}}}}]}}"),
        );
        let lab = lab(&(versions(SUBSETS) + &newer));
        assert_eq!(endpoints(&lab, &format!("a-0>outbound|80|new|{TWO}")), [1, 2]);
        assert_eq!(endpoints(&lab, &format!("a-0>outbound|80|v1|{TWO}")), [0]);
    }
}

mod balancers {
    use super::*;

    fn simple(name: &str) -> String {
        format!("trafficPolicy: {{loadBalancer: {{simple: {name}}}}}")
    }

    /// The policies of the whole service, of subset `v1` and of subset `v2`.
    fn policies(yaml: &str) -> [Value; 3] {
        let lab = lab(yaml);
        ["", "v1", "v2"].map(|subset| {
            lab["clusters"][format!("a-0>outbound|80|{subset}|{TWO}")]["lb_policy"].clone()
        })
    }

    #[test]
    fn the_simple_load_balancers_have_their_names_in_envoy() {
        for (istio, envoy) in [
            ("ROUND_ROBIN", "ROUND_ROBIN"),
            ("RANDOM", "RANDOM"),
            ("LEAST_REQUEST", "LEAST_REQUEST"),
            ("LEAST_CONN", "LEAST_REQUEST"),
            ("UNSPECIFIED", "LEAST_REQUEST"),
        ] {
            let rule =
                format!("{{host: two, {}, subsets: [{{name: v1}}, {{name: v2}}]}}", simple(istio));
            assert_eq!(policies(&versions(&rule)), [envoy, envoy, envoy], "{istio}");
        }
    }

    #[test]
    fn a_subset_may_have_a_balancer_of_its_own() {
        let rule = format!(
            "{{host: two, {}, subsets: [{{name: v1, {}}}, {{name: v2}}]}}",
            simple("RANDOM"),
            simple("ROUND_ROBIN")
        );
        assert_eq!(policies(&versions(&rule)), ["RANDOM", "ROUND_ROBIN", "RANDOM"]);
    }

    #[test]
    fn an_empty_policy_says_nothing() {
        let rule = format!(
            "{{host: two, {}, subsets: [{{name: v1, trafficPolicy: {{}}}}, {{name: v2}}]}}",
            simple("RANDOM")
        );
        assert_eq!(policies(&versions(&rule)), ["RANDOM", "RANDOM", "RANDOM"]);
    }

    #[test]
    fn of_two_rules_the_older_balancer_counts() {
        let rule = |place: &str, balancer: &str, subset: &str| {
            object(
                "DestinationRule",
                place,
                &format!("{{host: two, {}, subsets: [{{name: {subset}}}]}}", simple(balancer)),
            )
        };
        let yaml = versions("{host: two}")
            + &rule("lab/b", "RANDOM", "v1")
            + &rule("lab/a", "ROUND_ROBIN", "v2");
        assert_eq!(policies(&yaml), ["RANDOM", "RANDOM", "RANDOM"]);
    }
}
