//! Pods: names, labels, environment, readiness, and what a Deployment may not ask for.

use super::{deployment, deployment_with, findings, object, resolved};
use crate::topology::Pod;
use std::time::Duration;

const PORT: &str = "ports: [{name: http, containerPort: 8080}]";

/// The pods of a Deployment whose container has these fields beside its image and port.
#[track_caller]
fn pods(container: &str) -> Vec<Pod> {
    resolved(&deployment_with("lab/a", "{app: a, version: v1}", &format!("{PORT}{container}"))).pods
}

#[track_caller]
fn pod(container: &str) -> Pod {
    let pods = pods(container);
    let [pod] = pods.as_slice() else { panic!("one pod, not {pods:?}") };
    pod.clone()
}

mod names {
    use super::*;

    /// The name of the first pod after `old` was replaced in the Deployment.
    #[track_caller]
    fn name(old: &str, new: &str) -> String {
        let yaml = deployment("lab/a", "{app: a, version: v1}");
        assert!(yaml.contains(old), "{yaml}");
        resolved(&yaml.replace(old, new)).pods[0].name.clone()
    }

    fn unchanged() -> String {
        name("", "")
    }

    #[test]
    fn a_name_is_the_deployment_a_hash_and_a_number() {
        let yaml = deployment("lab/a", "{app: a}")
            .replace("spec: {selector", "spec: {replicas: 3, selector");
        let names: Vec<String> = resolved(&yaml).pods.into_iter().map(|pod| pod.name).collect();
        let (first, _) = names[0].rsplit_once('-').unwrap();
        assert_eq!(names, [0, 1, 2].map(|number| format!("{first}-{number}")));
        let hash = first.strip_prefix("a-").unwrap();
        assert!(hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    }

    #[test]
    fn a_changed_template_changes_the_name() {
        for (old, new) in [
            ("image: httpserver", "image: httpserver:2"),
            ("containerPort: 8080", "containerPort: 8081"),
            ("{name: server,", "{name: server, env: [{name: A, value: b}],"),
            ("{name: server,", "{name: server, args: [--quiet],"),
            ("namespace: lab}", "namespace: far}"),
            (
                "template: {metadata: {labels: {app: a,",
                "template: {metadata: {labels: {new: label, app: a,",
            ),
            ("{name: server,", "{name: server, resources: {limits: {cpu: '1'}},"),
            ("spec: {containers", "spec: {terminationGracePeriodSeconds: 5, containers"),
        ] {
            assert_ne!(name(old, new), unchanged(), "{new}");
        }
    }

    #[test]
    fn nothing_but_the_template_changes_the_name() {
        for (old, new) in [
            ("spec: {selector", "spec: {replicas: 5, selector"),
            ("spec: {selector", "spec: {strategy: {type: Recreate}, selector"),
            ("namespace: lab}", "namespace: lab, labels: {a: b}}"),
        ] {
            assert_eq!(name(old, new), unchanged(), "{new}");
        }
    }

    #[test]
    fn the_same_template_under_another_name_has_the_same_hash() {
        assert_eq!(name("name: a,", "name: b,"), unchanged().replacen("a-", "b-", 1));
    }
}

mod replicas {
    use super::*;

    #[test]
    fn there_is_one_unless_the_deployment_says_so() {
        assert_eq!(pods("").len(), 1);
        let none = deployment("lab/a", "{app: a}")
            .replace("spec: {selector", "spec: {replicas: 0, selector");
        assert_eq!(resolved(&none).pods.len(), 0);
    }
}

mod content {
    use super::*;

    #[test]
    fn labels_and_namespace_are_those_of_the_template_and_the_deployment() {
        let pod = pod("");
        assert_eq!(pod.namespace, "lab");
        assert_eq!((pod.label("app"), pod.label("version"), pod.label("none")), ("a", "v1", ""));
        assert_eq!(pod.labels.len(), 2);
    }

    #[test]
    fn arguments_are_copied() {
        assert_eq!(pod(", args: [--a, b]").args, ["--a", "b"]);
    }

    #[test]
    fn the_environment_keeps_its_order() {
        let pod = pod(", env: [{name: B, value: '1'}, {name: A, value: '2'}, {name: C}]");
        let env: Vec<(&str, &str)> =
            pod.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(env, [("B", "1"), ("A", "2"), ("C", "")]);
    }

    #[test]
    fn a_field_of_the_pod_becomes_its_value() {
        let fields = ", env: [{name: N, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, \
                      {name: S, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}}}]";
        let pod = pod(fields);
        assert_eq!(
            pod.env,
            [("N".to_owned(), pod.name.clone()), ("S".to_owned(), "lab".to_owned())]
        );
    }

    #[test]
    fn the_port_has_its_number_and_name() {
        let pod = pod("");
        assert_eq!((pod.port, pod.port_name.as_str()), (8080, "http"));
    }

    #[test]
    fn the_grace_period_is_thirty_seconds_unless_the_template_says_so() {
        assert_eq!(pod("").grace, Duration::from_secs(30));
        let yaml = deployment("lab/a", "{app: a}")
            .replace("spec: {containers", "spec: {terminationGracePeriodSeconds: 5, containers");
        assert_eq!(resolved(&yaml).pods[0].grace, Duration::from_secs(5));
    }

    #[test]
    fn the_image_may_come_from_anywhere() {
        for image in [
            "httpserver",
            "httpserver:1",
            "registry.example.com:5000/team/httpserver:1",
            "example.com/httpserver@sha256:00",
        ] {
            let yaml = deployment("lab/a", "{app: a}")
                .replace("image: httpserver", &format!("image: '{image}'"));
            assert_eq!(resolved(&yaml).pods.len(), 1, "{image}");
        }
    }
}

mod readiness {
    use super::*;
    use crate::topology::Readiness;

    fn readiness(probe: &str) -> Readiness {
        pod(&format!(", readinessProbe: {{{probe}}}")).readiness.expect("a probe")
    }

    fn seconds(readiness: &Readiness) -> [u64; 3] {
        [readiness.initial_delay, readiness.period, readiness.timeout]
            .map(|duration| duration.as_secs())
    }

    #[test]
    fn without_a_probe_there_is_nothing_to_ask() {
        assert!(pod("").readiness.is_none());
    }

    #[test]
    fn a_probe_has_the_defaults_of_kubernetes() {
        let readiness = readiness("httpGet: {path: /ready, port: 8080}");
        assert_eq!(readiness.path, "/ready");
        assert_eq!(seconds(&readiness), [0, 10, 1]);
        assert_eq!((readiness.failure_threshold, readiness.success_threshold), (3, 1));
    }

    #[test]
    fn a_probe_is_copied() {
        let readiness = readiness(
            "httpGet: {path: /, port: http}, initialDelaySeconds: 2, periodSeconds: 3, timeoutSeconds: 4, \
             failureThreshold: 5, successThreshold: 6",
        );
        assert_eq!(seconds(&readiness), [2, 3, 4]);
        assert_eq!((readiness.failure_threshold, readiness.success_threshold), (5, 6));
    }

    #[test]
    fn a_zero_is_the_least_that_a_kubelet_takes() {
        let readiness = readiness(
            "httpGet: {port: 8080}, periodSeconds: 0, timeoutSeconds: 0, failureThreshold: 0, successThreshold: 0",
        );
        assert_eq!(seconds(&readiness), [0, 1, 1]);
        assert_eq!((readiness.failure_threshold, readiness.success_threshold), (1, 1));
    }
}

mod refused {
    use super::*;

    /// Replaces `old` in a Deployment and compares field and message of the only finding.
    #[track_caller]
    fn check(old: &str, new: &str, field: &str, message: &str) {
        let yaml = deployment("lab/a", "{app: a}");
        assert_eq!(yaml.matches(old).count(), 1, "`{old}` stands once in {yaml}");
        assert_eq!(findings(&yaml.replace(old, new)), [["Deployment lab/a", field, message]]);
    }

    const CONTAINERS: &str = "spec.template.spec.containers";

    #[test]
    fn two_containers_or_none() {
        let second = "[{name: other, image: httpserver}, {name: server,";
        check(
            "[{name: server,",
            second,
            CONTAINERS,
            "embedded mode runs pods of one container, not of 2",
        );
        let yaml = object(
            "Deployment",
            "lab/a",
            "{selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: []}}}",
        );
        assert_eq!(
            findings(&yaml),
            [[
                "Deployment lab/a",
                CONTAINERS,
                "embedded mode runs pods of one container, not of 0"
            ]]
        );
    }

    #[test]
    fn a_foreign_image() {
        for image in ["nginx", "httpserver/nginx:1", "my-httpserver", "httpserver2"] {
            check(
                "image: httpserver",
                &format!("image: '{image}'"),
                &format!("{CONTAINERS}[0].image"),
                &format!("embedded mode runs only the server's image, not `{image}`"),
            );
        }
        check(
            "image: httpserver, ",
            "",
            &format!("{CONTAINERS}[0].image"),
            "embedded mode runs only the server's image, not ``",
        );
    }

    #[test]
    fn two_ports_or_none() {
        check(
            "ports: [",
            "ports: [{containerPort: 81}, ",
            &format!("{CONTAINERS}[0].ports"),
            "embedded mode runs containers with one port, not with 2",
        );
        check(
            ", ports: [{name: http, containerPort: 8080}]",
            "",
            &format!("{CONTAINERS}[0].ports"),
            "embedded mode runs containers with one port, not with 0",
        );
    }

    #[test]
    fn a_probe_of_another_port() {
        for (port, shown) in [("8081", "Number(8081)"), ("web", "Name(\"web\")")] {
            check(
                "{name: server,",
                &format!("{{name: server, readinessProbe: {{httpGet: {{port: {port}}}}},"),
                &format!("{CONTAINERS}[0].readinessProbe.httpGet.port"),
                &format!("{shown} is not the container's port"),
            );
        }
    }

    #[test]
    fn references_that_the_kubelet_would_expand() {
        check(
            "{name: server,",
            "{name: server, env: [{name: A, value: a}, {name: B, value: 'x$(A)'}],",
            &format!("{CONTAINERS}[0].env[1].value"),
            "embedded mode does not expand `$(…)`",
        );
        check(
            "{name: server,",
            "{name: server, args: [a, '$(A)'],",
            &format!("{CONTAINERS}[0].args[1]"),
            "embedded mode does not expand `$(…)`",
        );
    }

    #[test]
    fn a_selector_that_does_not_select_the_template() {
        check(
            "matchLabels: {app: a}",
            "matchLabels: {app: b}",
            "spec.selector.matchLabels",
            "does not select the labels of the pod template",
        );
    }
}
