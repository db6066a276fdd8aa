//! What is unusual, but right: the laws say nothing about it.

use super::{Cluster, listed};
use crate::object::Object;
use crate::read;
use kcr_networking_istio_io::v1::virtualservices::VirtualServiceHttp;
use kcr_security_istio_io::v1::authorizationpolicies::AuthorizationPolicyRules;

#[track_caller]
fn check(change: impl FnOnce(&mut Cluster)) {
    let mut cluster = Cluster::with_canary();
    change(&mut cluster);
    assert_eq!(listed(&cluster.findings()), "");
}

const MESH_2: &str = "httpserver-service2-mesh";

/// Puts these rules, written as YAML, before those that a VirtualService has.
fn add_rules(lab: &mut Cluster, name: &str, rules: &str) {
    let rules: Vec<VirtualServiceHttp> = serde_yaml::from_str(rules).expect("rules");
    lab.rules(name).splice(0..0, rules);
}

fn add_objects(lab: &mut Cluster, text: &str) {
    lab.0.extend(read::text("out/more.yaml", text).expect("objects"));
}

fn set_rules(lab: &mut Cluster, policy: &str, rules: &str) {
    let rules: Vec<AuthorizationPolicyRules> = serde_yaml::from_str(rules).expect("rules");
    lab.policy(policy).spec.rules = Some(rules);
}

const TO_2: &str =
    "route: [{destination: {host: httpserver-service2, port: {number: 80}, subset: v1}}]";

#[test]
fn narrow_rules_before_wide_ones() {
    check(|lab| {
        let rules = format!(
            "[{{match: [{{uri: {{exact: /hello}}}}, {{uri: {{regex: '/h.*x'}}}}], {TO_2}}},
              {{match: [{{uri: {{prefix: /hello}}, headers: {{cookie: {{regex: '.*lane=v2.*'}}}}}}], {TO_2}}},
              {{match: [{{uri: {{prefix: /hello}}, method: {{exact: POST}}}}], {TO_2}}},
              {{match: [{{uri: {{prefix: /hello}}, queryParams: {{lane: {{exact: v2}}}}}}], {TO_2}}}]"
        );
        add_rules(lab, MESH_2, &rules);
    });
}

#[test]
fn a_split_a_mirror_a_fault_retries_and_a_redirect() {
    check(|lab| {
        add_rules(
            lab,
            "httpserver-service1",
            "- match: [{headers: {x-split: {}}}]
  fault: {delay: {fixedDelay: 1s, percentage: {value: 10}}}
  timeout: 2s
  retries: {attempts: 2, perTryTimeout: 500ms, retryOn: '5xx,503'}
  mirrors: [{destination: {host: httpserver-service1, subset: v2}, percentage: {value: 5}}]
  route:
  - {destination: {host: httpserver-service1, subset: v1}, weight: 90}
  - {destination: {host: httpserver-service1, subset: v2}, weight: 10, headers: {request: {set: {x-lane: v2}}}}
- match: [{uri: {exact: /old}}]
  redirect: {uri: /new}",
        );
    });
}

#[test]
fn a_delegate_hides_no_later_rule() {
    check(|lab| {
        let rules = format!(
            "[{{match: [{{uri: {{prefix: /d}}}}], delegate: {{name: other}}}}, {{match: [{{uri: {{prefix: /d/y}}}}], {TO_2}}}]"
        );
        add_rules(lab, MESH_2, &rules);
    });
}

#[test]
fn an_absent_header_counts_as_an_empty_one_only_for_a_pattern() {
    check(|lab| {
        let rules = format!(
            "[{{match: [{{withoutHeaders: {{a: {{regex: '(v1)?'}}}}}}], {TO_2}}}, {{match: [{{withoutHeaders: {{a: {{}}}}}}], {TO_2}}}]"
        );
        add_rules(lab, MESH_2, &rules);
    });
}

#[test]
fn one_route_for_the_gateway_and_the_mesh() {
    check(|lab| {
        lab.remove("VirtualService cloudnative/httpserver-service1-mesh");
        let spec = &mut lab.virtual_service("httpserver-service1").spec;
        spec.gateways = Some(vec!["httpserver-service1".into(), "mesh".into()]);
        spec.hosts = Some(vec!["service1.cncamp.io".into(), "httpserver-service1".into()]);
        add_rules(
            lab,
            "httpserver-service1",
            "[{match: [{gateways: [mesh], headers: {x-other: {}}}], route: [{destination: {host: httpserver-service1, subset: v1}}]}]",
        );
    });
}

#[test]
fn hosts_with_wildcards_and_for_namespaces() {
    check(|lab| {
        for index in [0, 1] {
            let server = lab.server("httpserver-service1", index);
            server.hosts = vec!["cloudnative/service1.cncamp.io".into()];
        }
        add_objects(
            lab,
            "apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: all, namespace: cloudnative}
spec: {host: '*.cloudnative.svc.cluster.local', trafficPolicy: {loadBalancer: {simple: RANDOM}}}",
        );
    });
}

#[test]
fn policies_of_the_root_namespace_are_for_gateways_and_for_all_pods() {
    check(|lab| {
        add_objects(
            lab,
            "apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: gateway, namespace: istio-system}
spec: {selector: {matchLabels: {istio: ingressgateway}}, action: DENY, rules: [{to: [{operation: {paths: [/admin]}}]}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: paths, namespace: istio-system}
spec: {selector: {matchLabels: {app: httpserver-service2}}, action: DENY, rules: [{to: [{operation: {paths: [/admin]}}]}]}",
        );
    });
}

#[test]
fn strict_mutual_tls_of_the_whole_mesh() {
    check(|lab| {
        let namespace = &mut lab.peer_authentication().metadata.namespace;
        *namespace = Some("istio-system".into());
        add_objects(
            lab,
            "apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: unset, namespace: cloudnative}
spec: {mtls: {mode: UNSET}}",
        );
    });
}

#[test]
fn callers_named_by_account_or_by_pattern() {
    let to = "to: [{operation: {ports: ['8080']}}]";
    check(|lab| {
        set_rules(
            lab,
            "httpserver-service2",
            &format!("[{{from: [{{source: {{serviceAccounts: [httpserver-service1]}}}}], {to}}}]"),
        );
        set_rules(
            lab,
            "httpserver-service3",
            &format!(
                "[{{from: [{{source: {{principals: ['*/ns/cloudnative/sa/httpserver-service2']}}}}], {to}}}]"
            ),
        );
    });
}

#[test]
fn protocols_as_kubernetes_calls_them() {
    for protocol in ["kubernetes.io/h2c", "HTTP", "grpc"] {
        check(|lab| {
            let port = &mut lab.service("httpserver-service2").ports.as_mut().expect("ports")[0];
            port.name = Some("web".into());
            port.app_protocol = Some(protocol.into());
        });
    }
}

#[test]
fn urls_that_are_not_meant_for_a_service_of_the_lab() {
    for url in [
        "https://example.com/x",
        "http://localhost:9000",
        "http://[::1]:9000",
        "http://$(POD_NAME):9000",
        "https://kubernetes.default.svc",
        "http://user:secret@httpserver-service3.cloudnative:80/hello",
        "postgres://database:5432",
    ] {
        check(|lab| {
            let env = lab.container("httpserver-service2-v1").env.as_mut().expect("variables");
            let mut variable = env[0].clone();
            variable.name = "OTHER".into();
            variable.value = Some(url.into());
            env.push(variable);
        });
    }
}

#[test]
fn a_route_out_through_istios_own_gateway() {
    check(|lab| {
        add_rules(
            lab,
            MESH_2,
            "[{match: [{uri: {prefix: /out}}], route: [{destination: {host: istio-egressgateway.istio-system.svc.cluster.local, port: {number: 80}}}]}]",
        );
    });
}

#[test]
fn a_second_container_and_a_pod_without_a_service_account_of_its_own() {
    check(|lab| {
        let pod = lab.pod("httpserver-service3-v2");
        let mut second = pod.containers[0].clone();
        second.name = "second".into();
        second.image = Some("localhost:5000/other@sha256:0123".into());
        let port = &mut second.ports.as_mut().expect("ports")[0];
        (port.name, port.container_port) = (Some("second".into()), 9000);
        for probe in [&mut second.readiness_probe, &mut second.liveness_probe] {
            probe.as_mut().expect("a probe").http_get.as_mut().expect("GET").port =
                k8s_openapi::apimachinery::pkg::util::intstr::IntOrString::Int(9000);
        }
        pod.containers.push(second);
    });
}

#[test]
fn a_secret_that_is_written_down() {
    check(|lab| {
        add_objects(
            lab,
            "apiVersion: v1
kind: Secret
metadata: {name: written, namespace: istio-system}
type: kubernetes.io/tls",
        );
        let tls = lab.server("jaeger", 0).tls.as_mut().expect("TLS");
        tls.credential_name = Some("written".into());
    });
    let mut secret = Cluster::with_canary();
    secret.copy("Service istio-system/tracing", |object| {
        assert!(matches!(object, Object::Service(_)));
    });
    assert_eq!(listed(&secret.findings()), "", "an object may be applied twice");
}
