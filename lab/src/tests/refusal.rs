//! Nothing is skipped silently: each field of Kubernetes and Istio that embedded mode does not honour is refused by its
//! path, and the fields that only a cluster needs are accepted.

use super::{deployment, findings, object, resolved, service, topology_of, world};

const NOT_HONOURED: &str = "embedded mode cannot honour this field";

/// Asserts that a change of an object makes exactly these fields findings; `message` is how their messages begin.
#[track_caller]
fn check_fields(yaml: &str, object: &str, message: &str, fields: &[&str]) {
    let found = findings(yaml);
    let places: Vec<[&str; 2]> =
        found.iter().map(|[object, field, _]| [object.as_str(), field.as_str()]).collect();
    let expected: Vec<[&str; 2]> = fields.iter().map(|field| [object, *field]).collect();
    assert_eq!(places, expected);
    assert!(found.iter().all(|[.., text]| text.starts_with(message)), "{found:?}");
}

/// One field, `name: value`, and where it is found below `path`.
#[track_caller]
fn check_each(yaml: impl Fn(&str) -> String, object: &str, path: &str, fields: &[&str]) {
    for field in fields {
        let (name, _) = field.split_once(':').expect("a field and its value");
        check_fields(&yaml(field), object, NOT_HONOURED, &[&format!("{path}{name}")]);
    }
}

/// One field with a value that is not honoured.
#[track_caller]
fn check_values(yaml: impl Fn(&str) -> String, object: &str, path: &str, fields: &[&str]) {
    for field in fields {
        let (name, _) = field.split_once(':').expect("a field and its value");
        let message = "embedded mode cannot honour this value: ";
        check_fields(&yaml(field), object, message, &[&format!("{path}{name}")]);
    }
}

mod virtual_services {
    use super::*;

    const RULES: &str = "VirtualService lab/rules";

    fn spec(fields: &str) -> String {
        world() + &object("VirtualService", "lab/rules", &format!("{{hosts: [two], {fields}}}"))
    }

    fn rule(fields: &str) -> String {
        spec(&format!("http: [{{route: [{{destination: {{host: two}}}}], {fields}}}]"))
    }

    #[test]
    fn fields_of_the_spec() {
        check_each(
            spec,
            RULES,
            "spec.",
            &[
                "exportTo: ['*']",
                "tcp: [{route: [{destination: {host: two}}]}]",
                "tls: [{match: [{sniHosts: [two]}], route: [{destination: {host: two}}]}]",
            ],
        );
    }

    #[test]
    fn fields_of_a_rule() {
        check_each(
            rule,
            RULES,
            "spec.http[0].",
            &[
                "fault: {abort: {httpStatus: 500, percentage: {value: 10}}}",
                "mirror: {host: two}",
                "mirrors: [{destination: {host: two}}]",
                "mirrorPercentage: {value: 10}",
                "corsPolicy: {allowMethods: [GET]}",
                "rewrite: {uri: /}",
                "redirect: {uri: /}",
                "directResponse: {status: 200}",
                "delegate: {name: other}",
            ],
        );
    }

    #[test]
    fn fields_of_a_match() {
        check_each(
            |field| rule(&format!("match: [{{uri: {{prefix: /}}, {field}}}]")),
            RULES,
            "spec.http[0].match[0].",
            &["statPrefix: a"],
        );
    }

    #[test]
    fn fields_of_retries() {
        check_each(
            |field| rule(&format!("retries: {{attempts: 1, {field}}}")),
            RULES,
            "spec.http[0].retries.",
            &["retryRemoteLocalities: true"],
        );
    }

    #[test]
    fn two_ways_to_compare_at_once() {
        check_values(
            |field| rule(&format!("match: [{{{field}}}]")),
            RULES,
            "spec.http[0].match[0].",
            &[
                "uri: {exact: /a, prefix: /b}",
                "method: {exact: GET, regex: GET}",
                "scheme: {prefix: h, regex: h}",
            ],
        );
        check_fields(
            &rule("match: [{headers: {a: {exact: b, prefix: b}}}]"),
            RULES,
            "embedded mode cannot honour this value: only one of `exact`, `prefix` and `regex`",
            &["spec.http[0].match[0].headers.a"],
        );
    }

    #[test]
    fn tokens_in_the_place_of_headers() {
        for field in ["headers", "withoutHeaders"] {
            check_fields(
                &rule(&format!(
                    "match: [{{{field}: {{'@request.auth.claims.sub': {{exact: me}}}}}}]"
                )),
                RULES,
                "embedded mode knows no tokens",
                &[&format!("spec.http[0].match[0].{field}.@request.auth.claims.sub")],
            );
        }
    }

    #[test]
    fn a_status() {
        check_fields(
            &format!(
                "{}status: {{observedGeneration: 1}}\n",
                rule("name: a").trim_end_matches("---\n")
            ),
            RULES,
            NOT_HONOURED,
            &["status"],
        );
    }
}

mod destination_rules {
    use super::*;

    const TWO: &str = "DestinationRule lab/two";

    fn spec(fields: &str) -> String {
        service("lab/two")
            + &deployment("lab/two", "{app: two}")
            + &object("DestinationRule", "lab/two", &format!("{{host: two, {fields}}}"))
    }

    const POLICIES: [&str; 7] = [
        "connectionPool: {tcp: {maxConnections: 1}}",
        "outlierDetection: {consecutive5xxErrors: 1}",
        "tls: {mode: ISTIO_MUTUAL}",
        "portLevelSettings: [{port: {number: 80}}]",
        "tunnel: {targetHost: a, targetPort: 1}",
        "proxyProtocol: {version: V1}",
        "retryBudget: {percent: 20}",
    ];

    #[test]
    fn fields_of_the_spec() {
        check_each(
            spec,
            TWO,
            "spec.",
            &["exportTo: [.]", "workloadSelector: {matchLabels: {app: two}}"],
        );
    }

    #[test]
    fn fields_of_a_policy() {
        check_each(
            |field| spec(&format!("trafficPolicy: {{{field}}}")),
            TWO,
            "spec.trafficPolicy.",
            &POLICIES,
        );
    }

    #[test]
    fn fields_of_the_policy_of_a_subset() {
        check_each(
            |field| spec(&format!("subsets: [{{name: all, trafficPolicy: {{{field}}}}}]")),
            TWO,
            "spec.subsets[0].trafficPolicy.",
            &POLICIES,
        );
    }

    #[test]
    fn fields_of_a_load_balancer() {
        check_each(
            |field| spec(&format!("trafficPolicy: {{loadBalancer: {{simple: RANDOM, {field}}}}}")),
            TWO,
            "spec.trafficPolicy.loadBalancer.",
            &[
                "consistentHash: {useSourceIp: true}",
                "localityLbSetting: {enabled: true}",
                "warmup: {duration: 1s}",
            ],
        );
    }

    #[test]
    fn load_balancers_that_are_not_simple() {
        let balancer = |field: &str| spec(&format!("trafficPolicy: {{loadBalancer: {{{field}}}}}"));
        check_values(balancer, TWO, "spec.trafficPolicy.loadBalancer.", &["simple: PASSTHROUGH"]);
        let found = findings(&balancer("consistentHash: {httpHeaderName: a}"));
        assert_eq!(
            found.iter().map(|[_, field, _]| field.as_str()).collect::<Vec<_>>(),
            ["spec.trafficPolicy.loadBalancer", "spec.trafficPolicy.loadBalancer.consistentHash",]
        );
    }
}

mod gateways {
    use super::*;

    const EDGE: &str = "Gateway lab/edge";

    fn server(fields: &str) -> String {
        let port = "port: {name: https, number: 443, protocol: HTTPS}";
        let tls = "tls: {mode: SIMPLE, credentialName: credential}";
        object(
            "Gateway",
            "lab/edge",
            &format!("{{servers: [{{{port}, hosts: [a], {tls}, {fields}}}]}}"),
        )
    }

    fn tls(fields: &str) -> String {
        server("name: x")
            .replace(", name: x", "")
            .replace("mode: SIMPLE", &format!("mode: SIMPLE, {fields}"))
    }

    #[test]
    fn fields_of_a_server() {
        check_each(
            server,
            EDGE,
            "spec.servers[0].",
            &["name: a", "bind: 127.0.0.1", "defaultEndpoint: 'unix:///a'"],
        );
        check_each(
            |field| {
                server("name: x")
                    .replace(", name: x", "")
                    .replace("number: 443", &format!("number: 443, {field}"))
            },
            EDGE,
            "spec.servers[0].port.",
            &["targetPort: 8443"],
        );
    }

    #[test]
    fn fields_of_tls() {
        check_each(
            tls,
            EDGE,
            "spec.servers[0].tls.",
            &[
                "caCertificates: a",
                "caCrl: a",
                "cipherSuites: [a]",
                "credentialNames: [a]",
                "privateKey: a",
                "serverCertificate: a",
                "subjectAltNames: [a]",
                "verifyCertificateHash: [a]",
                "verifyCertificateSpki: [a]",
            ],
        );
    }

    #[test]
    fn other_modes_of_tls() {
        for mode in ["PASSTHROUGH", "MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL"]
        {
            check_values(
                |field| tls("x: y").replace("mode: SIMPLE, x: y", field),
                EDGE,
                "spec.servers[0].tls.",
                &[&format!("mode: {mode}")],
            );
        }
        check_values(
            tls,
            EDGE,
            "spec.servers[0].tls.",
            &["minProtocolVersion: TLSV1_0", "maxProtocolVersion: TLSV1_1"],
        );
    }

    #[test]
    fn other_protocols() {
        for protocol in ["HTTP2", "GRPC", "TCP", "TLS", "http"] {
            check_values(
                |field| tls("x: y").replace(", x: y", "").replace("protocol: HTTPS", field),
                EDGE,
                "spec.servers[0].port.",
                &[&format!("protocol: {protocol}")],
            );
        }
    }
}

mod policies {
    use super::*;

    #[test]
    fn fields_of_a_telemetry() {
        let telemetry =
            |field: &str| object("Telemetry", "istio-system/mesh", &format!("{{{field}}}"));
        check_each(
            telemetry,
            "Telemetry istio-system/mesh",
            "spec.",
            &[
                "metrics: [{providers: [{name: prometheus}]}]",
                "accessLogging: [{providers: [{name: envoy}]}]",
                "selector: {matchLabels: {app: a}}",
                "targetRefs: [{kind: Service, name: a}]",
            ],
        );
    }

    #[test]
    fn fields_of_tracing() {
        let tracing = |field: &str| {
            let tracing = format!("{{tracing: [{{providers: [{{name: jaeger}}], {field}}}]}}");
            object("Telemetry", "istio-system/mesh", &tracing)
        };
        check_each(
            tracing,
            "Telemetry istio-system/mesh",
            "spec.tracing[0].",
            &[
                "match: {mode: CLIENT}",
                "disableContextPropagation: true",
                "enableIstioTags: false",
                "useRequestIdForTraceSampling: false",
            ],
        );
        for tag in ["environment: {name: HOME}", "formatter: {value: '%DURATION%'}"] {
            let found = findings(&tracing(&format!("customTags: {{a: {{{tag}}}}}")));
            assert!(
                found.iter().all(|[_, field, _]| field.starts_with("spec.tracing[0].customTags.a")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn fields_of_a_peer_authentication() {
        let authentication = |field: &str| {
            object(
                "PeerAuthentication",
                "lab/default",
                &format!("{{mtls: {{mode: STRICT}}, {field}}}"),
            )
        };
        check_each(
            authentication,
            "PeerAuthentication lab/default",
            "spec.",
            &["selector: {matchLabels: {app: a}}", "portLevelMtls: {'80': {mode: DISABLE}}"],
        );
        for mode in ["STRICT", "PERMISSIVE", "DISABLE"] {
            resolved(&object(
                "PeerAuthentication",
                "lab/default",
                &format!("{{mtls: {{mode: {mode}}}}}"),
            ));
        }
    }
}

mod only_on_a_cluster {
    use super::*;

    #[test]
    fn policies_about_callers_are_taken_and_counted() {
        let yaml = [
            object("AuthorizationPolicy", "lab/nobody", "{}"),
            object(
                "AuthorizationPolicy",
                "lab/two",
                "{action: ALLOW, selector: {matchLabels: {app: two}}, rules: [{from: [{source: {principals: \
                 [a], namespaces: [b], serviceAccounts: [c]}}], to: [{operation: {ports: ['8080']}}]}]}",
            ),
            object(
                "PodDisruptionBudget",
                "lab/two",
                "{maxUnavailable: 1, selector: {matchLabels: {app: two}}}",
            ),
            object("PeerAuthentication", "lab/default", "{mtls: {mode: STRICT}}"),
            object("ServiceAccount", "lab/two", "{}")
                .replace("spec: {}", "automountServiceAccountToken: false"),
        ];
        let unenforced = resolved(&yaml.concat()).unenforced;
        let expected =
            [("AuthorizationPolicy", 2), ("PeerAuthentication", 1), ("PodDisruptionBudget", 1)];
        assert_eq!(unenforced, expected.into());
    }

    #[test]
    fn policies_about_requests() {
        let policy =
            |field: &str| object("AuthorizationPolicy", "lab/two", &format!("{{{field}}}"));
        for (field, path) in [
            ("action: DENY", "spec.action"),
            ("provider: {name: a}", "spec.provider"),
            ("rules: [{when: [{key: a, values: [b]}]}]", "spec.rules[0].when"),
            ("rules: [{to: [{operation: {paths: [/a]}}]}]", "spec.rules[0].to[0].operation.paths"),
            (
                "rules: [{to: [{operation: {methods: [GET]}}]}]",
                "spec.rules[0].to[0].operation.methods",
            ),
            (
                "rules: [{from: [{source: {ipBlocks: [a]}}]}]",
                "spec.rules[0].from[0].source.ipBlocks",
            ),
        ] {
            let found = findings(&policy(field));
            assert_eq!(found[0][..2], ["AuthorizationPolicy lab/two", path], "{field}");
        }
    }

    #[test]
    fn kinds_that_the_lab_has_no_use_for() {
        for kind in ["ConfigMap", "Secret"] {
            let yaml =
                format!("apiVersion: v1\nkind: {kind}\nmetadata: {{namespace: lab, name: a}}\n");
            let message = format!("embedded mode has no use for a {kind}");
            assert_eq!(findings(&yaml), [[format!("{kind} lab/a"), "kind".into(), message]]);
        }
    }
}

mod services {
    use super::*;

    const TWO: &str = "Service lab/two";

    fn spec(field: &str) -> String {
        service("lab/two").replace("spec: {", &format!("spec: {{{field}, "))
    }

    fn port(field: &str) -> String {
        service("lab/two").replace("ports: [{name: http,", &format!("ports: [{{{field},"))
    }

    #[test]
    fn fields_of_the_spec() {
        check_each(
            spec,
            TWO,
            "spec.",
            &[
                "clusterIP: None",
                "clusterIPs: [10.0.0.1]",
                "externalIPs: [10.0.0.1]",
                "externalName: example.com",
                "externalTrafficPolicy: Local",
                "internalTrafficPolicy: Local",
                "ipFamilies: [IPv4]",
                "ipFamilyPolicy: SingleStack",
                "loadBalancerClass: a",
                "loadBalancerIP: 10.0.0.1",
                "loadBalancerSourceRanges: [10.0.0.0/8]",
                "publishNotReadyAddresses: true",
                "sessionAffinity: ClientIP",
                "sessionAffinityConfig: {clientIP: {timeoutSeconds: 1}}",
                "trafficDistribution: PreferClose",
            ],
        );
    }

    #[test]
    fn other_types() {
        check_values(
            spec,
            TWO,
            "spec.",
            &["type: NodePort", "type: LoadBalancer", "type: ExternalName"],
        );
        resolved(&spec("type: ClusterIP"));
    }

    #[test]
    fn other_protocols() {
        check_values(
            |field| port(&format!("name: http, {field}")),
            TWO,
            "spec.ports[0].",
            &["protocol: UDP"],
        );
        resolved(&port("name: http, protocol: TCP, nodePort: 30080"));
    }

    #[test]
    fn ports_that_do_not_say_that_they_speak_http() {
        let message = "embedded mode cannot tell that port 80 speaks HTTP";
        for name in ["grpc", "https", "tcp-db", "web", "httpx", "''", "http2"] {
            check_fields(&port(&format!("name: {name}")), TWO, message, &["spec.ports[0].name"]);
        }
        check_fields(
            &service("lab/two").replace("name: http, ", ""),
            TWO,
            message,
            &["spec.ports[0].name"],
        );
        check_fields(
            &port("name: http, appProtocol: grpc"),
            TWO,
            message,
            &["spec.ports[0].appProtocol"],
        );
    }

    #[test]
    fn ports_that_say_so() {
        for field in ["name: http", "name: http-web", "name: web, appProtocol: http"] {
            assert_eq!(resolved(&port(field)).services.len(), 1, "{field}");
        }
    }

    #[test]
    fn a_status() {
        let yaml = service("lab/two").replace("---\n", "status: {loadBalancer: {}}\n");
        check_fields(&yaml, TWO, NOT_HONOURED, &["status"]);
    }
}

mod deployments {
    use super::*;

    const A: &str = "Deployment lab/a";

    fn insert(place: &str, field: &str) -> String {
        let yaml = deployment("lab/a", "{app: a}");
        assert_eq!(yaml.matches(place).count(), 1, "{yaml}");
        yaml.replace(place, &format!("{place}{field}, "))
    }

    fn container(field: &str) -> String {
        insert("{name: server, ", field)
    }

    fn variable(source: &str) -> String {
        container(&format!("env: [{{name: A, valueFrom: {{{source}}}}}]"))
    }

    #[test]
    fn fields_of_the_spec() {
        check_each(|field| insert("\nspec: {", field), A, "spec.", &["paused: true"]);
        check_each(
            |field| insert("selector: {", field),
            A,
            "spec.selector.",
            &["matchExpressions: [{key: app, operator: Exists}]"],
        );
    }

    #[test]
    fn fields_of_the_pod() {
        check_each(
            |field| insert(", spec: {", field),
            A,
            "spec.template.spec.",
            &[
                "activeDeadlineSeconds: 1",
                "affinity: {podAffinity: {}}",
                "dnsConfig: {nameservers: [10.0.0.1]}",
                "dnsPolicy: None",
                "hostAliases: [{ip: 10.0.0.1, hostnames: [a]}]",
                "hostIPC: true",
                "hostNetwork: true",
                "hostPID: true",
                "hostname: a",
                "imagePullSecrets: [{name: a}]",
                "initContainers: [{name: a, image: b}]",
                "nodeName: a",
                "nodeSelector: {a: b}",
                "priorityClassName: a",
                "readinessGates: [{conditionType: a}]",
                "restartPolicy: Always",
                "runtimeClassName: a",
                "schedulerName: a",
                "shareProcessNamespace: true",
                "subdomain: a",
                "tolerations: [{key: a}]",
                "volumes: [{name: a, emptyDir: {}}]",
            ],
        );
    }

    #[test]
    fn fields_of_a_container() {
        check_each(
            container,
            A,
            "spec.template.spec.containers[0].",
            &[
                "command: [sh]",
                "envFrom: [{configMapRef: {name: a}}]",
                "lifecycle: {preStop: {sleep: {seconds: 1}}}",
                "startupProbe: {httpGet: {port: 8080}}",
                "stdin: true",
                "terminationMessagePath: /dev/null",
                "tty: true",
                "volumeDevices: [{name: a, devicePath: /a}]",
                "volumeMounts: [{name: a, mountPath: /a}]",
                "workingDir: /",
            ],
        );
        check_each(
            |field| insert("ports: [{", field),
            A,
            "spec.template.spec.containers[0].ports[0].",
            &["hostPort: 80", "hostIP: 127.0.0.1"],
        );
        check_values(
            |field| insert("ports: [{", field),
            A,
            "spec.template.spec.containers[0].ports[0].",
            &["protocol: UDP"],
        );
    }

    #[test]
    fn fields_of_a_probe() {
        let path = "spec.template.spec.containers[0].readinessProbe";
        check_each(
            |field| container(&format!("readinessProbe: {{httpGet: {{port: 8080}}, {field}}}")),
            A,
            &format!("{path}."),
            &["terminationGracePeriodSeconds: 1"],
        );
        check_each(
            |field| container(&format!("readinessProbe: {{httpGet: {{port: 8080, {field}}}}}")),
            A,
            &format!("{path}.httpGet."),
            &["host: a", "httpHeaders: [{name: a, value: b}]", "scheme: HTTPS"],
        );
        for probe in ["exec: {command: [a]}", "tcpSocket: {port: 8080}", "grpc: {port: 8080}"] {
            let (name, _) = probe.split_once(':').unwrap();
            let found = findings(&container(&format!("readinessProbe: {{{probe}}}")));
            assert_eq!(
                found,
                [
                    [A, path, "embedded mode cannot honour this value: missing field `httpGet`"],
                    [A, &format!("{path}.{name}"), NOT_HONOURED],
                ]
            );
        }
    }

    #[test]
    fn sources_of_variables() {
        let path = "spec.template.spec.containers[0].env[0].valueFrom";
        for source in [
            "configMapKeyRef: {name: a, key: b}",
            "secretKeyRef: {name: a, key: b}",
            "resourceFieldRef: {resource: limits.cpu}",
        ] {
            let (name, _) = source.split_once(':').unwrap();
            let found = findings(&variable(source));
            assert_eq!(
                found,
                [
                    [A, path, "embedded mode cannot honour this value: missing field `fieldRef`"],
                    [A, &format!("{path}.{name}"), NOT_HONOURED],
                ]
            );
        }
        for field in ["status.podIP", "spec.nodeName", "metadata.labels['app']", "metadata.uid"] {
            check_fields(
                &variable(&format!("fieldRef: {{fieldPath: \"{field}\"}}")),
                A,
                "embedded mode cannot honour this value: ",
                &[&format!("{path}.fieldRef.fieldPath")],
            );
        }
    }

    #[test]
    fn fields_of_metadata() {
        check_each(
            |field| insert("metadata: {name: a, ", field),
            A,
            "metadata.",
            &[
                "finalizers: [a]",
                "generateName: a",
                "ownerReferences: [{apiVersion: v1, kind: Pod, name: a, uid: b}]",
            ],
        );
    }

    #[test]
    fn several_fields_are_found_at_once() {
        check_fields(
            &container("command: [sh], tty: true")
                .replace(", spec: {", ", spec: {hostNetwork: true, "),
            A,
            NOT_HONOURED,
            &[
                "spec.template.spec.containers[0].command",
                "spec.template.spec.containers[0].tty",
                "spec.template.spec.hostNetwork",
            ],
        );
    }

    #[test]
    fn fields_that_only_a_cluster_needs_are_accepted() {
        for (place, fields) in [
            (
                "\nspec: {",
                "minReadySeconds: 1, progressDeadlineSeconds: 1, revisionHistoryLimit: 1, \
                 strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}",
            ),
            (
                ", spec: {",
                "automountServiceAccountToken: false, securityContext: {runAsNonRoot: true}, serviceAccountName: a, \
                 topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]",
            ),
            (
                "{name: server, ",
                "imagePullPolicy: Always, livenessProbe: {exec: {command: [a]}}, resources: {limits: {cpu: 1}}, \
                 securityContext: {capabilities: {drop: [ALL]}}",
            ),
            ("metadata: {name: a, ", "annotations: {a: b}"),
        ] {
            assert_eq!(resolved(&insert(place, fields)).pods.len(), 1, "{fields}");
        }
    }
}

#[test]
fn the_objects_that_these_tests_change_are_fine_as_they_are() {
    for yaml in [world(), deployment("lab/a", "{app: a}"), service("lab/two")] {
        assert!(topology_of(&yaml).is_ok());
    }
}

#[test]
fn a_namespace_needs_nothing() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: lab, labels: {istio-injection: enabled}}\n";
    assert!(topology_of(namespace).is_ok());
}
