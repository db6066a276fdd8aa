//! The laws. A mutant is the real lab with one thing broken; it must be caught, by one law, and at its place.

use super::{Cluster, listed, with_fields};
use crate::check::LAWS;
use crate::object::Object;
use k8s_openapi::api::core::v1::ServicePort;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kcr_networking_istio_io::v1::gateways::{GatewayServersTls, GatewayServersTlsMode};
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualServiceHttp, VirtualServiceHttpMatch, VirtualServiceHttpMatchUri,
    VirtualServiceHttpRoute,
};
use kcr_security_istio_io::v1::authorizationpolicies::{
    AuthorizationPolicyAction, AuthorizationPolicyRulesFromSource,
};
use kcr_security_istio_io::v1::peerauthentications::{
    PeerAuthenticationMtls, PeerAuthenticationMtlsMode,
};
use std::collections::BTreeSet;

struct Mutant {
    /// The law that it breaks, and that alone.
    law: &'static str,
    name: &'static str,
    apply: fn(&mut Cluster),
    /// Object and field of the finding.
    place: &'static str,
}

const MESH_2: &str = "httpserver-service2-mesh";

#[rustfmt::skip]
const MUTANTS: &[Mutant] = &[
    Mutant { law: "name", name: "port with a name in capitals", place: "Gateway istio-system/jaeger: spec.servers[1].port.name",
        apply: |lab| lab.server("jaeger", 1).port.name = "HTTP".into() },
    Mutant { law: "namespace", name: "misspelt namespace", place: "Telemetry istio-sistem/mesh-default: metadata.namespace",
        apply: |lab| lab.telemetry().metadata.namespace = Some("istio-sistem".into()) },
    Mutant { law: "injection", name: "namespace without sidecars", place: "Namespace cloudnative: metadata.labels.istio-injection",
        apply: |lab| lab.namespace().metadata.labels = None },
    Mutant { law: "destination-host", name: "misspelt host", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1].route[0].destination.host",
        apply: |lab| lab.destination(MESH_2, 1).host = "httpserver-servise2".into() },
    Mutant { law: "short-host", name: "host with its namespace", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0].route[0].destination.host",
        apply: |lab| lab.destination(MESH_2, 0).host = "httpserver-service2.cloudnative".into() },
    Mutant { law: "destination-port", name: "the container's port", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0].route[0].destination.port.number",
        apply: |lab| lab.destination(MESH_2, 0).port.as_mut().expect("a port").number = Some(8080) },
    Mutant { law: "destination-port-required", name: "no port for a Service of two", place: "VirtualService istio-system/jaeger: spec.http[0].route[0].destination.port",
        apply: |lab| {
            let port = ServicePort { name: Some("http-other".into()), port: 81, ..lab.service("tracing").ports.as_ref().expect("ports")[0].clone() };
            lab.service("tracing").ports.as_mut().expect("ports").push(port);
            lab.destination("jaeger", 0).port = None;
        } },
    Mutant { law: "subset", name: "subset of nobody", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0].route[0].destination.subset",
        apply: |lab| lab.destination(MESH_2, 0).subset = Some("v3".into()) },
    Mutant { law: "subset-pods", name: "subset without pods", place: "DestinationRule cloudnative/httpserver-service2: spec.subsets[1].labels",
        apply: |lab| {
            let subsets = lab.destination_rule("httpserver-service2").spec.subsets.as_mut().expect("subsets");
            subsets[1].labels.as_mut().expect("labels").insert("version".into(), "v9".into());
        } },
    Mutant { law: "subset-name", name: "one name for two subsets", place: "DestinationRule cloudnative/httpserver-service2: spec.subsets[2].name",
        apply: |lab| {
            let subsets = lab.destination_rule("httpserver-service2").spec.subsets.as_mut().expect("subsets");
            subsets.push(subsets[1].clone());
        } },
    Mutant { law: "route-host", name: "route of a misspelt host", place: "VirtualService cloudnative/another: spec.hosts[0]",
        apply: |lab| {
            another(lab, "VirtualService cloudnative/httpserver-service2-mesh");
            lab.virtual_service("another").spec.hosts = Some(vec!["httpserver-servise2".into()]);
        } },
    Mutant { law: "rule-tls", name: "plain text to strict pods", place: "DestinationRule cloudnative/httpserver-service2: spec.trafficPolicy.tls.mode",
        apply: |lab| lab.destination_rule("httpserver-service2").spec.traffic_policy =
            serde_yaml::from_str("{tls: {mode: DISABLE}}").expect("a policy") },
    Mutant { law: "http-port", name: "HTTP to a port for TCP", place: "VirtualService istio-system/jaeger: spec.http[0].route[0].destination.port",
        apply: |lab| lab.service("tracing").ports.as_mut().expect("ports")[0].name = Some("tcp-query".into()) },
    Mutant { law: "gateway-protocol", name: "misspelt protocol", place: "Gateway istio-system/jaeger: spec.servers[1].port.protocol",
        apply: |lab| lab.server("jaeger", 1).port.protocol = "HTPS".into() },
    Mutant { law: "gateway-protocol", name: "HTTPS that is passed through", place: "Gateway istio-system/jaeger: spec.servers[0].tls.mode",
        apply: |lab| tls(lab, "jaeger").mode = Some(GatewayServersTlsMode::Passthrough) },
    Mutant { law: "rule-host", name: "rule of a host that is gone", place: "DestinationRule cloudnative/httpserver-service4: spec.host",
        apply: |lab| lab.copy("DestinationRule cloudnative/httpserver-service3", |object| {
            let Object::DestinationRule(rule) = object else { unreachable!() };
            rule.metadata.name = Some("httpserver-service4".into());
            rule.spec.host = "httpserver-service4".into();
        }) },
    Mutant { law: "gateway", name: "gateway that is not there", place: "VirtualService cloudnative/httpserver-service1: spec.gateways[1]",
        apply: |lab| lab.virtual_service("httpserver-service1").spec.gateways.as_mut().expect("gateways").push("nowhere".into()) },
    Mutant { law: "match-gateway", name: "match at a gateway of another route", place: "VirtualService istio-system/jaeger: spec.http[0].match[0].gateways[0]",
        apply: |lab| lane(&mut lab.rules("jaeger")[0]).gateways = Some(vec!["mesh".into()]) },
    Mutant { law: "gateway-host", name: "host that is not served", place: "VirtualService cloudnative/httpserver-service1: spec.hosts[0]",
        apply: |lab| lab.virtual_service("httpserver-service1").spec.hosts = Some(vec!["service2.cncamp.io".into()]) },
    Mutant { law: "gateway-selector", name: "gateway that nobody runs", place: "Gateway istio-system/jaeger: spec.selector",
        apply: |lab| { lab.gateway("jaeger").spec.selector.as_mut().expect("a selector").insert("istio".into(), "ingress".into()); } },
    Mutant { law: "gateway-port", name: "port that is not open", place: "Gateway istio-system/jaeger: spec.servers[1].port.number",
        apply: |lab| lab.server("jaeger", 1).port.number = 8080 },
    Mutant { law: "gateway-conflict", name: "one host at two Gateways", place: "Gateway istio-system/jaeger: spec.servers[1].hosts[0]",
        apply: |lab| lab.server("jaeger", 1).hosts = vec!["service1.cncamp.io".into()] },
    Mutant { law: "credential", name: "misspelt secret", place: "Gateway cloudnative/httpserver-service1: spec.servers[0].tls.credentialName",
        apply: |lab| tls(lab, "httpserver-service1").credential_name = Some("cncamp-credentials".into()) },
    Mutant { law: "credential", name: "certificate of another host", place: "Gateway cloudnative/httpserver-service1: spec.servers[0].tls.credentialName",
        apply: |lab| tls(lab, "httpserver-service1").credential_name = Some("jaeger-credential".into()) },
    Mutant { law: "tls", name: "TLS of any version", place: "Gateway istio-system/jaeger: spec.servers[0].tls.minProtocolVersion",
        apply: |lab| tls(lab, "jaeger").min_protocol_version = None },
    Mutant { law: "tls", name: "plain HTTP", place: "Gateway istio-system/jaeger: spec.servers[1].tls.httpsRedirect",
        apply: |lab| lab.server("jaeger", 1).tls = None },
    Mutant { law: "service-selector", name: "Service of nobody", place: "Service istio-system/tracing: spec.selector",
        apply: |lab| { lab.service("tracing").selector.as_mut().expect("a selector").insert("app".into(), "jeager".into()); } },
    Mutant { law: "port-name", name: "port without a protocol", place: "Service istio-system/tracing: spec.ports[0].name",
        apply: |lab| lab.service("tracing").ports.as_mut().expect("ports")[0].name = Some("query".into()) },
    Mutant { law: "target-port", name: "port that no container has", place: "Service istio-system/tracing: spec.ports[0].targetPort",
        apply: |lab| lab.service("tracing").ports.as_mut().expect("ports")[0].target_port = Some(IntOrString::String("ui".into())) },
    Mutant { law: "action", name: "rule that leads nowhere", place: "VirtualService istio-system/jaeger: spec.http[1]",
        apply: |lab| lab.rules("jaeger")[1].redirect = None },
    Mutant { law: "weights", name: "90 of 100", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1].route",
        apply: |lab| route(lab, MESH_2, 1)[0].weight = Some(90) },
    Mutant { law: "weights", name: "60 and 60", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1].route",
        apply: |lab| split(lab, Some(60)) },
    Mutant { law: "weightless", name: "two without weights", place: "VirtualService istio-system/jaeger: spec.http[0].route",
        apply: |lab| {
            let again = route(lab, "jaeger", 0)[0].clone();
            route(lab, "jaeger", 0).push(again);
        } },
    Mutant { law: "pattern", name: "open parenthesis", place: "VirtualService istio-system/jaeger: spec.http[0].match[0].uri.regex",
        apply: |lab| {
            let uri = VirtualServiceHttpMatchUri { regex: Some("/jaeger(".into()), ..VirtualServiceHttpMatchUri::default() };
            lane(&mut lab.rules("jaeger")[0]).uri = Some(uri);
        } },
    Mutant { law: "range", name: "more than all of the requests", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1].fault.abort.percentage.value",
        apply: |lab| changed(lab, MESH_2, 1, "fault: {abort: {httpStatus: 503, percentage: {value: 150}}}") },
    Mutant { law: "range", name: "a status that is none", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1].fault.abort.httpStatus",
        apply: |lab| changed(lab, MESH_2, 1, "fault: {abort: {httpStatus: 42, percentage: {value: 10}}}") },
    Mutant { law: "range", name: "a redirect of another kind", place: "VirtualService istio-system/jaeger: spec.http[1].redirect.redirectCode",
        apply: |lab| lab.rules("jaeger")[1].redirect.as_mut().expect("a redirect").redirect_code = Some(304) },
    Mutant { law: "range", name: "a fault in a redirect", place: "VirtualService istio-system/jaeger: spec.http[1].fault",
        apply: |lab| changed(lab, "jaeger", 1, "fault: {delay: {fixedDelay: 1s}}") },
    Mutant { law: "range", name: "150 and -50", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1].route[1].weight",
        apply: |lab| {
            split(lab, Some(150));
            route(lab, MESH_2, 1)[1].weight = Some(-50);
        } },
    Mutant { law: "range", name: "misspelt condition of a retry", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1].retries.retryOn",
        apply: |lab| changed(lab, MESH_2, 1, "retries: {attempts: 2, retryOn: 'reset,5XX'}") },
    Mutant { law: "range", name: "retries without a number", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1].retries.attempts",
        apply: |lab| changed(lab, MESH_2, 1, "retries: {retryOn: 5xx}") },
    Mutant { law: "range", name: "more than all of the pods", place: "DestinationRule cloudnative/httpserver-service2: spec.trafficPolicy.outlierDetection.maxEjectionPercent",
        apply: |lab| policed(lab, "{outlierDetection: {maxEjectionPercent: 101}}") },
    Mutant { law: "range", name: "more than all of the traces", place: "Telemetry istio-system/mesh-default: spec.tracing[0].randomSamplingPercentage",
        apply: |lab| lab.telemetry().spec.tracing.as_mut().expect("tracing")[0].random_sampling_percentage = Some(1000.0) },
    Mutant { law: "duration", name: "a timeout without a unit", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1].timeout",
        apply: |lab| lab.rules(MESH_2)[1].timeout = Some("5".into()) },
    Mutant { law: "duration", name: "a timeout of nothing", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1].timeout",
        apply: |lab| lab.rules(MESH_2)[1].timeout = Some("0s".into()) },
    Mutant { law: "duration", name: "microseconds to connect", place: "DestinationRule cloudnative/httpserver-service2: spec.trafficPolicy.connectionPool.tcp.connectTimeout",
        apply: |lab| policed(lab, "{connectionPool: {tcp: {connectTimeout: 100us}}}") },
    Mutant { law: "possible-match", name: "a path without its slash", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0].match[0].uri.prefix",
        apply: |lab| matched(lab, "uri: {prefix: hello}") },
    Mutant { law: "possible-match", name: "a method in small letters", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0].match[0].method.exact",
        apply: |lab| matched(lab, "method: {exact: get}") },
    Mutant { law: "possible-match", name: "a lane in two ways", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0].match[0].headers.x-lane",
        apply: |lab| matched(lab, "headers: {x-lane: {exact: v2, prefix: v}}") },
    Mutant { law: "possible-match", name: "a lane asked for and excluded", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0].match[0].withoutHeaders.X-Lane",
        apply: |lab| matched(lab, "withoutHeaders: {X-Lane: {}}") },
    Mutant { law: "possible-match", name: "the container's port, asked for", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0].match[0].port",
        apply: |lab| matched(lab, "port: 8080") },
    Mutant { law: "possible-match", name: "callers that nobody is", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0].match[0].sourceLabels",
        apply: |lab| matched(lab, "sourceLabels: {app: httpserver-servise1}") },
    Mutant { law: "unreachable", name: "the same rule twice", place: "VirtualService istio-system/jaeger: spec.http[1]",
        apply: |lab| {
            let again = lab.rules("jaeger")[0].clone();
            lab.rules("jaeger").insert(0, again);
        } },
    Mutant { law: "lane-closure", name: "any pods for the baseline", place: "VirtualService cloudnative/httpserver-service3-mesh: spec.http[1]",
        apply: |lab| lab.destination("httpserver-service3-mesh", 1).subset = None },
    Mutant { law: "lane-return", name: "no rule for the lane", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0]",
        apply: |lab| { lab.rules(MESH_2).remove(0); } },
    Mutant { law: "unreachable", name: "baseline before the lane", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1]",
        apply: |lab| lab.rules(MESH_2).swap(0, 1) },
    Mutant { law: "unreachable", name: "lane behind a pattern of lanes", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[1]",
        apply: |lab| {
            let mut earlier = lab.rules(MESH_2)[0].clone();
            let header = lane(&mut earlier).headers.as_mut().and_then(|headers| headers.get_mut("x-lane")).expect("x-lane");
            header.exact = None;
            header.regex = Some("v[0-9]+".into());
            lab.rules(MESH_2).insert(0, earlier);
        } },
    Mutant { law: "shadowed", name: "narrow match behind a wide one", place: "VirtualService cloudnative/httpserver-service2-mesh: spec.http[0].match[1]",
        apply: |lab| {
            let rule = &mut lab.rules(MESH_2)[0];
            let narrow = VirtualServiceHttpMatch {
                uri: Some(VirtualServiceHttpMatchUri { prefix: Some("/hello".into()), ..VirtualServiceHttpMatchUri::default() }),
                ..lane(rule).clone()
            };
            rule.r#match.as_mut().expect("matches").push(narrow);
        } },
    Mutant { law: "mesh-host", name: "two VirtualServices in the mesh", place: "VirtualService cloudnative/another: spec.hosts[0]",
        apply: |lab| another(lab, "VirtualService cloudnative/httpserver-service2-mesh") },
    Mutant { law: "public-host", name: "two VirtualServices at the gateway", place: "VirtualService cloudnative/another: spec.hosts[0]",
        apply: |lab| another(lab, "VirtualService cloudnative/httpserver-service1") },
    Mutant { law: "call", name: "call of a service that is not there", place: "Deployment cloudnative/httpserver-service1-v1: spec.template.spec.containers[0].env[1].value",
        apply: |lab| lab.container("httpserver-service1-v1").env.as_mut().expect("variables")[1].value = Some("http://httpserver-service9".into()) },
    Mutant { law: "access", name: "caller who is not let in", place: "Deployment cloudnative/httpserver-service1-v1: spec.template.spec.containers[0].env[1].value",
        apply: |lab| lab.policy("httpserver-service2").spec.rules = None },
    Mutant { law: "call", name: "call at the port of the pods", place: "Deployment cloudnative/httpserver-service1-v1: spec.template.spec.containers[0].env[1].value",
        apply: |lab| lab.container("httpserver-service1-v1").env.as_mut().expect("variables")[1].value = Some("http://httpserver-service2:8080".into()) },
    Mutant { law: "access", name: "policy of the gateway gone", place: "VirtualService cloudnative/httpserver-service1: spec.http[0].route[0].destination.host",
        apply: |lab| lab.remove("AuthorizationPolicy cloudnative/httpserver-service1") },
    Mutant { law: "least-privilege", name: "one caller too many", place: "AuthorizationPolicy cloudnative/httpserver-service2: spec.rules[0].from[0].source.principals[1]",
        apply: |lab| principals(lab).push("cluster.local/ns/cloudnative/sa/httpserver-service3".into()) },
    Mutant { law: "access", name: "the Service's port in place of the pods'", place: "Deployment cloudnative/httpserver-service1-v1: spec.template.spec.containers[0].env[1].value",
        apply: |lab| {
            let rules = lab.policy("httpserver-service2").spec.rules.as_mut().expect("rules");
            let operation = rules[0].to.as_mut().expect("operations")[0].operation.as_mut().expect("an operation");
            operation.ports = Some(vec!["80".into()]);
        } },
    Mutant { law: "access", name: "caller without a sidecar", place: "Deployment cloudnative/httpserver-service1-v1: spec.template.spec.containers[0].env[1].value",
        apply: |lab| {
            let template = &mut lab.deployment("httpserver-service1-v1").spec.as_mut().expect("a spec").template;
            let labels = template.metadata.as_mut().expect("metadata").labels.as_mut().expect("labels");
            labels.insert("sidecar.istio.io/inject".into(), "false".into());
        } },
    Mutant { law: "access", name: "DENY for the port", place: "Deployment cloudnative/httpserver-service1-v1: spec.template.spec.containers[0].env[1].value",
        apply: |lab| lab.copy("AuthorizationPolicy cloudnative/httpserver-service2", |object| {
            let Object::AuthorizationPolicy(policy) = object else { unreachable!() };
            policy.metadata.name = Some("deny".into());
            policy.spec.action = Some(AuthorizationPolicyAction::Deny);
        }) },
    Mutant { law: "access", name: "route to a service that does not let the caller in", place: "Deployment cloudnative/httpserver-service1-v1: spec.template.spec.containers[0].env[1].value",
        apply: |lab| {
            let other = lab.destination("httpserver-service3-mesh", 1).clone();
            *lab.destination(MESH_2, 1) = other;
        } },
    Mutant { law: "least-privilege", name: "everybody", place: "AuthorizationPolicy cloudnative/httpserver-service2: spec.rules[0].from",
        apply: |lab| lab.policy("httpserver-service2").spec.rules.as_mut().expect("rules")[0].from = None },
    Mutant { law: "guarded", name: "no policy for a service", place: "Deployment cloudnative/httpserver-service3-v1: spec.template.metadata.labels",
        apply: |lab| {
            lab.remove("AuthorizationPolicy cloudnative/allow-nothing");
            lab.remove("AuthorizationPolicy cloudnative/httpserver-service3");
        } },
    Mutant { law: "mutual-tls", name: "plain text, too", place: "PeerAuthentication cloudnative/default: spec.mtls.mode",
        apply: |lab| lab.peer_authentication().spec.mtls = Some(PeerAuthenticationMtls { mode: Some(PeerAuthenticationMtlsMode::Permissive) }) },
    Mutant { law: "workload-selector", name: "Deployment that does not select its pods", place: "Deployment cloudnative/httpserver-service2-v1: spec.selector.matchLabels",
        apply: |lab| {
            let selector = &mut lab.deployment("httpserver-service2-v1").spec.as_mut().expect("a spec").selector;
            selector.match_labels.as_mut().expect("labels").insert("version".into(), "v9".into());
        } },
    Mutant { law: "workload-selector", name: "Deployment that selects the pods of another", place: "Deployment cloudnative/httpserver-service2-v1: spec.selector.matchLabels",
        apply: |lab| {
            let selector = &mut lab.deployment("httpserver-service2-v1").spec.as_mut().expect("a spec").selector;
            selector.match_labels.as_mut().expect("labels").remove("version");
        } },
    Mutant { law: "service-account", name: "account that is not there", place: "Deployment cloudnative/httpserver-service3-v1: spec.template.spec.serviceAccountName",
        apply: |lab| lab.pod("httpserver-service3-v1").service_account_name = Some("httpserver-service4".into()) },
    Mutant { law: "configuration", name: "misspelt ConfigMap", place: "Deployment istio-system/jaeger: spec.template.spec.volumes[0].configMap.name",
        apply: |lab| lab.pod("jaeger").volumes.as_mut().expect("volumes")[0].config_map.as_mut().expect("a ConfigMap").name = "jeager".into() },
    Mutant { law: "trace-provider", name: "provider that is not installed", place: "Telemetry istio-system/mesh-default: spec.tracing[0].providers[0].name",
        apply: |lab| lab.telemetry().spec.tracing.as_mut().expect("tracing")[0].providers.as_mut().expect("providers")[0].name = "zipkin".into() },
    Mutant { law: "trace-provider", name: "collector that is not there", place: "IstioOperator istio-system/istio: spec.meshConfig.extensionProviders[0].opentelemetry",
        apply: |lab| lab.remove("Service istio-system/jaeger-collector") },
    Mutant { law: "probes", name: "no readiness probe", place: "Deployment cloudnative/httpserver-service1-v2: spec.template.spec.containers[0].readinessProbe",
        apply: |lab| lab.container("httpserver-service1-v2").readiness_probe = None },
    Mutant { law: "resources", name: "no limits", place: "Deployment cloudnative/httpserver-service1-v2: spec.template.spec.containers[0].resources.limits.cpu",
        apply: |lab| lab.container("httpserver-service1-v2").resources.as_mut().expect("resources").limits = None },
    Mutant { law: "security-context", name: "the sidecar's user", place: "Deployment cloudnative/httpserver-service1-v2: spec.template.spec.containers[0].securityContext.runAsUser",
        apply: |lab| lab.pod("httpserver-service1-v2").security_context.as_mut().expect("a context").run_as_user = Some(1337) },
    Mutant { law: "token", name: "a token for everybody", place: "Deployment cloudnative/httpserver-service1-v2: spec.template.spec.automountServiceAccountToken",
        apply: |lab| lab.pod("httpserver-service1-v2").automount_service_account_token = None },
    Mutant { law: "image", name: "latest", place: "Deployment cloudnative/httpserver-service1-v2: spec.template.spec.containers[0].image",
        apply: |lab| lab.container("httpserver-service1-v2").image = Some("registry:5000/httpserver".into()) },
    Mutant { law: "termination", name: "ten seconds", place: "Deployment cloudnative/httpserver-service1-v2: spec.template.spec.terminationGracePeriodSeconds",
        apply: |lab| lab.pod("httpserver-service1-v2").termination_grace_period_seconds = Some(10) },
    Mutant { law: "spread", name: "all on one node", place: "Deployment cloudnative/httpserver-service1-v1: spec.template.spec.topologySpreadConstraints",
        apply: |lab| lab.pod("httpserver-service1-v1").topology_spread_constraints = None },
    Mutant { law: "budget", name: "no budget", place: "Deployment cloudnative/httpserver-service1-v1: spec.replicas",
        apply: |lab| lab.remove("PodDisruptionBudget cloudnative/httpserver-service1") },
    Mutant { law: "budget", name: "budget that keeps all pods", place: "PodDisruptionBudget cloudnative/httpserver-service1: spec.minAvailable",
        apply: |lab| {
            let budget = lab.budget("httpserver-service1");
            budget.max_unavailable = None;
            budget.min_available = Some(IntOrString::Int(3));
        } },
    Mutant { law: "budget", name: "two budgets", place: "PodDisruptionBudget cloudnative/another: spec.selector",
        apply: |lab| lab.copy("PodDisruptionBudget cloudnative/httpserver-service1", |object| {
            let Object::PodDisruptionBudget(budget) = object else { unreachable!() };
            budget.metadata.name = Some("another".into());
        }) },
    Mutant { law: "security-context", name: "root before the start", place: "Deployment cloudnative/httpserver-service1-v2: spec.template.spec.initContainers[0].securityContext.runAsUser",
        apply: |lab| {
            let pod = lab.pod("httpserver-service1-v2");
            let mut early = pod.containers[0].clone();
            early.security_context.as_mut().expect("a context").run_as_user = Some(0);
            pod.init_containers = Some(vec![early]);
        } },
    Mutant { law: "security-context", name: "the node's network", place: "Deployment cloudnative/httpserver-service3-v2: spec.template.spec.hostPID",
        apply: |lab| lab.pod("httpserver-service3-v2").host_pid = Some(true) },
    Mutant { law: "configuration", name: "mount of no volume", place: "Deployment istio-system/jaeger: spec.template.spec.containers[0].volumeMounts[0].name",
        apply: |lab| lab.container("jaeger").volume_mounts.as_mut().expect("mounts")[0].name = "configuraton".into() },
    Mutant { law: "trace-provider", name: "provider at the port for HTTP", place: "IstioOperator istio-system/istio: spec.meshConfig.extensionProviders[0].opentelemetry",
        apply: |lab| lab.istio_operator().spec.mesh_config.extension_providers[0].opentelemetry.port = 4318 },
    Mutant { law: "termination", name: "sidecars that drain for a minute", place: "Deployment cloudnative/httpserver-service1-v1: spec.template.spec.terminationGracePeriodSeconds",
        apply: |lab| lab.istio_operator().spec.mesh_config.default_config.termination_drain_duration = "60s".into() },
    Mutant { law: "order", name: "routes before their subsets", place: "VirtualService cloudnative/httpserver-service1: spec.http[0].route[0].destination.subset",
        apply: |lab| {
            // The rules of the lane are applied last of all.
            let is_rule = |object: &Object| matches!(object, Object::DestinationRule(_));
            let of_lane = lab.0.iter().position(|found| found.file.starts_with("out/canary-v2/routes")).expect("routes");
            let (rules, others): (Vec<_>, Vec<_>) = lab.0.split_off(of_lane).into_iter().partition(|found| is_rule(&found.object));
            lab.0.extend(others.into_iter().chain(rules));
        } },
    Mutant { law: "order", name: "subsets before their pods", place: "DestinationRule cloudnative/httpserver-service3: spec.subsets[1]",
        apply: |lab| {
            let place = lab.0.iter().position(|found| found.object.identity().name == "httpserver-service3-v2").expect("pods");
            let pods = lab.0.remove(place);
            lab.0.push(pods);
        } },
];

fn tls<'a>(lab: &'a mut Cluster, gateway: &str) -> &'a mut GatewayServersTls {
    lab.server(gateway, 0).tls.as_mut().expect("TLS")
}

fn route<'a>(
    lab: &'a mut Cluster,
    name: &str,
    rule: usize,
) -> &'a mut Vec<VirtualServiceHttpRoute> {
    lab.rules(name)[rule].route.as_mut().expect("a route")
}

/// Splits the baseline's rule over both versions, with one weight for both.
fn split(lab: &mut Cluster, weight: Option<i32>) {
    let route = route(lab, MESH_2, 1);
    let mut other = route[0].clone();
    other.destination.subset = Some("v2".into());
    route.push(other);
    for route in route.iter_mut() {
        route.weight = weight;
    }
}

fn lane(rule: &mut VirtualServiceHttp) -> &mut VirtualServiceHttpMatch {
    &mut rule.r#match.as_mut().expect("matches")[0]
}

/// Sets fields of a rule, written in YAML.
fn changed(lab: &mut Cluster, name: &str, rule: usize, fields: &str) {
    let rule = &mut lab.rules(name)[rule];
    *rule = with_fields(rule, fields);
}

/// Sets fields of the lane's match.
fn matched(lab: &mut Cluster, fields: &str) {
    let found = lane(&mut lab.rules(MESH_2)[0]);
    *found = with_fields(found, fields);
}

/// Sets the traffic policy of a service.
fn policed(lab: &mut Cluster, policy: &str) {
    let spec = &mut lab.destination_rule("httpserver-service2").spec;
    *spec = with_fields(spec, &format!("trafficPolicy: {policy}"));
}

/// Adds a copy of a VirtualService under another name.
fn another(lab: &mut Cluster, identity: &str) {
    lab.copy(identity, |object| {
        let Object::VirtualService(route) = object else { unreachable!() };
        route.metadata.name = Some("another".into());
    });
}

fn principals(lab: &mut Cluster) -> &mut Vec<String> {
    let rules = lab.policy("httpserver-service2").spec.rules.as_mut().expect("rules");
    let source: &mut AuthorizationPolicyRulesFromSource =
        rules[0].from.as_mut().expect("sources")[0].source.as_mut().expect("a source");
    source.principals.as_mut().expect("principals")
}

#[test]
fn the_lab_keeps_all_laws() {
    for (name, cluster) in [("ground", Cluster::ground()), ("lane", Cluster::with_canary())] {
        assert_eq!(listed(&cluster.findings()), "", "{name}");
    }
}

#[test]
fn each_mutant_is_caught_by_its_law_alone_and_each_law_catches_a_mutant() {
    let mut alone: BTreeSet<&str> = BTreeSet::new();
    println!("{:<28}{:<48}caught by", "law", "mutant");
    for Mutant { law, name, apply, place } in MUTANTS {
        let mut cluster = Cluster::with_canary();
        apply(&mut cluster);
        let findings = cluster.findings();
        let caught: BTreeSet<&str> = findings
            .iter()
            .map(|found| found.rule.split([':', ' ']).next().unwrap_or_default())
            .collect();
        println!(
            "{law:<28}{name:<48}{}",
            Vec::from_iter(&caught).iter().map(|law| **law).collect::<Vec<_>>().join(", ")
        );
        // Whoever breaks a route of a lane breaks the lane.
        let others: Vec<&str> = caught
            .iter()
            .copied()
            .filter(|other| other != law && !other.starts_with("lane-"))
            .collect();
        assert!(caught.contains(law) && others.is_empty(), "{name}: {}", listed(&findings));
        if caught.len() == 1 {
            alone.insert(*law);
        }
        let places: Vec<String> =
            findings.iter().map(|found| format!("{}: {}", found.object, found.field)).collect();
        assert!(places.iter().any(|found| found == place), "{name}: {places:?}");
        for found in findings {
            assert!(found.file.starts_with("out/"), "{name}: {found}");
            assert!(!found.hint.is_empty(), "{name}: {found}");
        }
    }
    let laws: BTreeSet<&str> = LAWS.iter().map(|law| law.name).collect();
    assert_eq!(laws, alone, "every law has a mutant that it alone catches");
    assert_eq!(LAWS.len(), laws.len(), "no two laws have one name");
}

#[test]
fn all_findings_are_told_at_once() {
    let mut cluster = Cluster::with_canary();
    for mutant in MUTANTS
        .iter()
        .filter(|mutant| ["image", "subset", "token", "weights"].contains(&mutant.law))
    {
        (mutant.apply)(&mut cluster);
    }
    let text = listed(&cluster.findings());
    for law in ["image: ", "subset (IST0101): ", "token: ", "weights: "] {
        assert!(text.contains(&format!("\n  rule: {law}")), "{law}: {text}");
    }
}
