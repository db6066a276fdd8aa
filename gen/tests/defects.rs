//! Mistakes as people make them, in copies of the rendered files: `gen lint` finds each one, at its place.

use std::fs;
use std::path::Path;
use std::process::Command;

/// File, what stands in it, what is written in its place, the law (empty: it cannot be read), object and field.
#[rustfmt::skip]
const DEFECTS: &[[&str; 5]] = &[
    ["canary-v2/routes/virtual-services.yaml", "        subset: v2", "        subset: v3", "subset", "VirtualService cloudnative/httpserver-service1: spec.http[0].route[0].destination.subset"],
    ["canary-v2/routes/destination-rules.yaml", "      version: v2\n    name: v2", "      version: v3\n    name: v2", "subset-pods", "DestinationRule cloudnative/httpserver-service1: spec.subsets[1].labels"],
    ["v1/routes/virtual-services.yaml", "          number: 80", "          number: 8080", "destination-port", "VirtualService cloudnative/httpserver-service1: spec.http[0].route[0].destination.port.number"],
    ["v1/routes/virtual-services.yaml", "  - service1.cncamp.io", "  - service2.cncamp.io", "gateway-host", "VirtualService cloudnative/httpserver-service1: spec.hosts[0]"],
    ["v1/routes/gateway.yaml", "credentialName: cncamp-credential", "credentialName: cncamp-credentials", "credential", "Gateway cloudnative/httpserver-service1: spec.servers[0].tls.credentialName"],
    ["v1/routes/gateway.yaml", "      minProtocolVersion: TLSV1_2\n", "", "tls", "Gateway cloudnative/httpserver-service1: spec.servers[0].tls.minProtocolVersion"],
    ["v1/routes/gateway.yaml", "number: 443", "number: 8443", "gateway-port", "Gateway cloudnative/httpserver-service1: spec.servers[0].port.number"],
    ["v1/workloads/httpserver-service2.yaml", "  - name: http\n    port: 80", "  - name: web\n    port: 80", "port-name", "Service cloudnative/httpserver-service2: spec.ports[0].name"],
    ["cluster/jaeger/workload.yaml", "targetPort: query", "targetPort: ui", "target-port", "Service istio-system/tracing: spec.ports[0].targetPort"],
    ["base/authorization-policies.yaml", "  rules:\n  - from:\n    - source:\n        principals:\n        - cluster.local/ns/cloudnative/sa/httpserver-service2\n    to:\n", "  rules:\n  - to:\n", "least-privilege", "AuthorizationPolicy cloudnative/httpserver-service3: spec.rules[0].from"],
    ["base/telemetry.yaml", "    - name: jaeger", "    - name: zipkin", "trace-provider", "Telemetry istio-system/mesh-default: spec.tracing[0].providers[0].name"],
    ["v1/workloads/httpserver-service3.yaml", "image: httpserver:0.1.0", "image: httpserver:latest", "image", "Deployment cloudnative/httpserver-service3-v1: spec.template.spec.containers[0].image"],
    ["v1/workloads/httpserver-service3.yaml", "        runAsUser: 65532", "        runAsUser: 0", "security-context", "Deployment cloudnative/httpserver-service3-v1: spec.template.spec.containers[0].securityContext.runAsUser"],
    ["v1/workloads/httpserver-service3.yaml", "terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 30", "termination", "Deployment cloudnative/httpserver-service3-v1: spec.template.spec.terminationGracePeriodSeconds"],
    ["v1/workloads/httpserver-service3.yaml", "  maxUnavailable: 1\n", "  maxUnavailable: 0\n", "budget", "PodDisruptionBudget cloudnative/httpserver-service3: spec.maxUnavailable"],
    ["v1/routes/virtual-services.yaml", "  - name: baseline\n    route:", "  - name: baseline\n    redirect:\n      uri: /x\n    route:", "action", "VirtualService cloudnative/httpserver-service1: spec.http[0]"],
    ["v1/routes/virtual-services.yaml", "hosts:\n  - httpserver-service3", "hosts:\n  - httpserver-service2", "mesh-host", "VirtualService cloudnative/httpserver-service3-mesh: spec.hosts[0]"],
    ["canary-v2/routes/virtual-services.yaml", "    - headers:\n        x-lane:\n          exact: v2\n    name: lane-v2", "    - uri:\n        prefix: /\n    name: lane-v2", "unreachable", "VirtualService cloudnative/httpserver-service1: spec.http[1]"],
    ["canary-v2/routes/virtual-services.yaml", "          exact: v2\n", "          regex: v2(\n", "pattern", "VirtualService cloudnative/httpserver-service1: spec.http[0].match[0].headers.x-lane.regex"],
    ["canary-v2/routes/virtual-services.yaml", "          exact: v2\n", "          exact: v2\n    - headers:\n        x-lane:\n          exact: v2\n      uri:\n        prefix: /api\n", "shadowed", "VirtualService cloudnative/httpserver-service1: spec.http[0].match[1]"],
    ["cluster/jaeger/routes.yaml", "host: tracing.istio-system", "host: tracing.istio-sytem", "destination-host", "VirtualService istio-system/jaeger: spec.http[0].route[0].destination.host"],
    ["v1/routes/virtual-services.yaml", "  - name: baseline\n", "  - name: baseline\n    retry:\n      attempts: 3\n", "", "VirtualService cloudnative/httpserver-service1: spec.http[0].retry"],
    ["base/authorization-policies.yaml", "sa/httpserver-service1", "sa/httpserver-service3", "access", "Deployment cloudnative/httpserver-service1-v2: spec.template.spec.containers[0].env[2].value"],
    ["cluster/istio.yaml", "accessLogFile", "acessLogFile", "", "IstioOperator istio-system/istio: spec.meshConfig.acessLogFile"],
    ["v1/workloads/httpserver-service3.yaml", "            port: http", "            port: web", "probes", "Deployment cloudnative/httpserver-service3-v1: spec.template.spec.containers[0].livenessProbe.httpGet.port"],
    ["v1/workloads/httpserver-service3.yaml", "            cpu: 500m\n", "", "resources", "Deployment cloudnative/httpserver-service3-v1: spec.template.spec.containers[0].resources.limits.cpu"],
    ["v1/workloads/httpserver-service3.yaml", "serviceAccountName: httpserver-service3", "serviceAccountName: httpserver-service4", "service-account", "Deployment cloudnative/httpserver-service3-v1: spec.template.spec.serviceAccountName"],
    ["cluster/jaeger/workload.yaml", "          name: jaeger\n        name: configuration", "          name: jeager\n        name: configuration", "configuration", "Deployment istio-system/jaeger: spec.template.spec.volumes[0].configMap.name"],
    ["v1/routes/virtual-services.yaml", "        subset: v1\n", "        subset: v1\n      weight: 90\n", "weights", "VirtualService cloudnative/httpserver-service1: spec.http[0].route"],
    ["v1/workloads/httpserver-service3.yaml", "      topologySpreadConstraints:\n      - labelSelector:\n          matchLabels:\n            app: httpserver-service3\n            version: v1", "      topologySpreadConstraints:\n      - labelSelector:\n          matchLabels:\n            app: httpserver-service3\n            version: v9", "spread", "Deployment cloudnative/httpserver-service3-v1: spec.template.spec.topologySpreadConstraints"],
    ["cluster/jaeger/routes.yaml", "  - jaeger\n  hosts", "  - cloudnative/jaeger\n  hosts", "gateway", "VirtualService istio-system/jaeger: spec.gateways[0]"],
    ["v1/routes/gateway.yaml", "    tls:\n      httpsRedirect: true", "    tls:\n      httpsRedirect: false", "tls", "Gateway cloudnative/httpserver-service1: spec.servers[1].tls.httpsRedirect"],
    ["v1/workloads/httpserver-service1.yaml", "value: http://httpserver-service2", "value: http://httpserver-service9", "call", "Deployment cloudnative/httpserver-service1-v1: spec.template.spec.containers[0].env[1].value"],
    ["v1/routes/gateway.yaml", "istio: ingressgateway", "istio: ingress-gateway", "gateway-selector", "Gateway cloudnative/httpserver-service1: spec.selector"],
    ["base/authorization-policies.yaml", "      app: httpserver-service2", "      app: httpserver-servise2", "workload-selector", "AuthorizationPolicy cloudnative/httpserver-service2: spec.selector.matchLabels"],
    ["canary-v2/kustomization.yaml", "- workloads\n- routes", "- routes\n- workloads", "order", "DestinationRule cloudnative/httpserver-service1: spec.subsets[1]"],
    ["v1/routes/destination-rules.yaml", "host: httpserver-service1.cloudnative.svc.cluster.local", "host: httpserver-service1.cloudnative", "short-host", "DestinationRule cloudnative/httpserver-service1: spec.host"],
    ["v1/routes/destination-rules.yaml", "host: httpserver-service1.cloudnative.svc.cluster.local", "host: httpserver-service4.cloudnative.svc.cluster.local", "rule-host", "DestinationRule cloudnative/httpserver-service1: spec.host"],
    ["base/peer-authentication.yaml", "mode: STRICT", "mode: PERMISSIVE", "mutual-tls", "PeerAuthentication cloudnative/default: spec.mtls.mode"],
    ["base/namespace.yaml", "istio-injection: enabled", "istio-injection: enable", "injection", "Namespace cloudnative: metadata.labels.istio-injection"],
    ["v1/workloads/httpserver-service3.yaml", "  replicas: 2", "  replicas: two", "", "Deployment cloudnative/httpserver-service3-v1: spec.replicas"],
];

#[expect(clippy::disallowed_methods, reason = "runs the program under test")]
fn lint(folder: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gen")).arg("lint").arg(folder).output();
    let output = output.expect("gen runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The rendered files in a folder, with one of them changed.
#[expect(clippy::disallowed_methods, reason = "the one place where these tests write files")]
fn copy(folder: &Path, file: &str, old: &str, new: &str) {
    let lab = manifests::model::Lab::demo();
    for rendered in manifests::rendered(&lab).expect("the demo breaks no law") {
        let path = folder.join(&rendered.path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        let text = if rendered.path == file {
            assert!(rendered.text.contains(old), "{file} has no `{old}`");
            rendered.text.replacen(old, new, 1)
        } else {
            rendered.text
        };
        fs::write(path, text).expect("a file");
    }
}

#[test]
fn every_mistake_is_found_at_its_place() {
    let mut missed = Vec::new();
    for [file, old, new, law, place] in DEFECTS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(folder.path(), file, old, new);
        let (code, said) = lint(folder.path());
        let rule = if law.is_empty() { String::new() } else { format!("\n  rule: {law}") };
        let found = said.split("error: ").any(|finding| {
            finding.contains(&format!(": {place}: "))
                && finding.contains(&rule)
                && finding.contains("\n  hint: ")
        });
        if code != Some(1) || !found {
            missed.push(format!("{file}: `{old}` → `{new}`: {place}\n{said}"));
        }
    }
    assert!(
        missed.is_empty(),
        "{} of {} missed:\n{}",
        missed.len(),
        DEFECTS.len(),
        missed.join("\n")
    );
    assert!(DEFECTS.len() >= 20);
}
