//! The laws of values: durations, ranges, and matches that no request can meet. Good and bad ones, side by side.

use super::{Cluster, listed, with_fields};
use crate::check::LAWS;

const MESH_2: &str = "httpserver-service2-mesh";
const OK: &str = "";

/// Changes the lab with its canary: the only finding of these laws is at `expected`, or there is none.
#[track_caller]
fn check(name: &str, change: impl FnOnce(&mut Cluster), expected: &str) {
    let mut cluster = Cluster::with_canary();
    change(&mut cluster);
    let laws = ["duration", "range", "possible-match"];
    let laws = LAWS.iter().filter(|law| laws.contains(&law.name)).map(ToString::to_string);
    let laws: Vec<String> = laws.collect();
    let mut findings = cluster.findings();
    findings.retain(|found| laws.contains(&found.rule));
    let places: Vec<&str> = findings.iter().map(|found| found.field.as_str()).collect();
    let wanted: Vec<&str> = Some(expected).filter(|field| *field != OK).into_iter().collect();
    assert_eq!(places, wanted, "{name}: {}", listed(&findings));
    for found in &findings {
        assert!(found.message.contains('`'), "{name}: {found}");
    }
}

/// Sets fields of the baseline's rule, then compares the place below it.
#[track_caller]
fn rule(cases: &[(&str, &str)]) {
    for (fields, place) in cases {
        let field = if *place == OK { OK.into() } else { format!("spec.http[1].{place}") };
        let change = |lab: &mut Cluster| {
            let rule = &mut lab.rules(MESH_2)[1];
            *rule = with_fields(rule, fields);
        };
        check(fields, change, &field);
    }
}

/// Replaces the match of a route: of the lane in the mesh, or at the gateway.
#[track_caller]
fn matches(route: &str, cases: &[(&str, &str)]) {
    for (fields, place) in cases {
        let field = if *place == OK { OK.into() } else { format!("spec.http[0].match[0].{place}") };
        let change = |lab: &mut Cluster| {
            let rule = &mut lab.rules(route)[0];
            *rule = with_fields(rule, &format!("match: [{fields}]"));
        };
        check(fields, change, &field);
    }
}

#[test]
fn durations_are_those_of_go_from_a_millisecond_up() {
    for good in
        ["1ms", "1s", "1.5s", ".5s", "1.s", "1h30m", "+2s", "90000us", "1000000ns", "2562047h"]
    {
        rule(&[(&format!("timeout: '{good}'"), OK)]);
    }
    let bad = [
        "",
        "5",
        "0",
        "0s",
        "-1s",
        "1 s",
        "1s ",
        "1S",
        "1d",
        "s",
        ".",
        ".s",
        "1..5s",
        "1e3s",
        "1s5",
        "999us",
        "1.5ms",
        "1000001ns",
        "+",
        "-",
        "2562048h",
        "infinity",
        "９s",
        "99999999999999999999999999999999999999999999h",
    ];
    for bad in bad {
        rule(&[(&format!("timeout: '{bad}'"), "timeout")]);
    }
}

#[test]
fn every_duration_of_a_rule_is_looked_at() {
    rule(&[
        ("retries: {attempts: 1, perTryTimeout: '2'}", "retries.perTryTimeout"),
        ("retries: {attempts: 1, perTryTimeout: 2s, backoff: 25ms}", OK),
        ("retries: {attempts: 1, backoff: 0s}", "retries.backoff"),
        ("fault: {delay: {fixedDelay: '5'}}", "fault.delay.fixedDelay"),
        ("fault: {delay: {fixedDelay: 5s, percentage: {value: 0.1}}}", OK),
        ("corsPolicy: {maxAge: 24h}", OK),
        ("corsPolicy: {maxAge: 1500ms}", "corsPolicy.maxAge"),
        ("corsPolicy: {maxAge: 0s}", "corsPolicy.maxAge"),
    ]);
}

#[test]
fn every_policy_of_a_destination_rule_is_looked_at() {
    let cases = [
        ("connectionPool: {tcp: {connectTimeout: 30ms}}", OK),
        ("connectionPool: {tcp: {connectTimeout: '30'}}", "connectionPool.tcp.connectTimeout"),
        (
            "connectionPool: {tcp: {maxConnectionDuration: 0s}}",
            "connectionPool.tcp.maxConnectionDuration",
        ),
        ("connectionPool: {tcp: {idleTimeout: 0s}}", OK),
        ("connectionPool: {tcp: {idleTimeout: never}}", "connectionPool.tcp.idleTimeout"),
        (
            "connectionPool: {tcp: {tcpKeepalive: {time: '7200'}}}",
            "connectionPool.tcp.tcpKeepalive.time",
        ),
        (
            "connectionPool: {tcp: {tcpKeepalive: {interval: 0s}}}",
            "connectionPool.tcp.tcpKeepalive.interval",
        ),
        ("connectionPool: {http: {idleTimeout: 0s}}", "connectionPool.http.idleTimeout"),
        ("outlierDetection: {interval: '10'}", "outlierDetection.interval"),
        ("outlierDetection: {baseEjectionTime: 1us}", "outlierDetection.baseEjectionTime"),
        ("outlierDetection: {maxEjectionPercent: 100, minHealthPercent: 0}", OK),
        ("outlierDetection: {maxEjectionPercent: 101}", "outlierDetection.maxEjectionPercent"),
        ("outlierDetection: {minHealthPercent: -1}", "outlierDetection.minHealthPercent"),
        ("loadBalancer: {warmup: {duration: '60'}}", "loadBalancer.warmup.duration"),
        ("loadBalancer: {warmup: {duration: 60s}}", OK),
    ];
    for (policy, place) in cases {
        let whole = [
            ("spec.trafficPolicy", format!("trafficPolicy: {{{policy}}}")),
            (
                "spec.trafficPolicy.portLevelSettings[0]",
                format!(
                    "trafficPolicy: {{portLevelSettings: [{{port: {{number: 80}}, {policy}}}]}}"
                ),
            ),
        ];
        for (prefix, fields) in &whole {
            let field = if place == OK { OK.into() } else { format!("{prefix}.{place}") };
            let rule = |lab: &mut Cluster| {
                let spec = &mut lab.destination_rule("httpserver-service2").spec;
                *spec = with_fields(spec, fields);
            };
            check(fields, rule, &field);
            let field = field.replacen("spec.", "spec.subsets[1].", 1);
            let subset = |lab: &mut Cluster| {
                let spec = &mut lab.destination_rule("httpserver-service2").spec;
                let subset = &mut spec.subsets.as_mut().expect("subsets")[1];
                *subset = with_fields(subset, fields);
            };
            check(fields, subset, &field);
        }
    }
}

#[test]
fn numbers_have_their_range() {
    rule(&[
        ("fault: {abort: {httpStatus: 200, percentage: {value: 0}}}", OK),
        ("fault: {abort: {httpStatus: 599, percentage: {value: 100}}}", OK),
        ("fault: {abort: {httpStatus: 199}}", "fault.abort.httpStatus"),
        ("fault: {abort: {httpStatus: 600}}", "fault.abort.httpStatus"),
        (
            "fault: {abort: {httpStatus: 503, percentage: {value: 100.1}}}",
            "fault.abort.percentage.value",
        ),
        (
            "fault: {delay: {fixedDelay: 1s, percentage: {value: -1}}}",
            "fault.delay.percentage.value",
        ),
        (
            "fault: {delay: {fixedDelay: 1s, percentage: {value: 0.00001}}}",
            "fault.delay.percentage.value",
        ),
        (
            "fault: {delay: {fixedDelay: 1s, percentage: {value: .nan}}}",
            "fault.delay.percentage.value",
        ),
        ("{mirror: {host: httpserver-service2}, mirrorPercentage: {value: 50.5}}", OK),
        (
            "{mirror: {host: httpserver-service2}, mirrorPercentage: {value: 101}}",
            "mirrorPercentage.value",
        ),
        ("mirrors: [{destination: {host: httpserver-service2}, percentage: {value: 100}}]", OK),
        (
            "mirrors: [{destination: {host: httpserver-service2}, percentage: {value: -0.5}}]",
            "mirrors[0].percentage.value",
        ),
        ("{route: null, directResponse: {status: 200}}", OK),
        ("{route: null, directResponse: {status: 100}}", "directResponse.status"),
        ("{route: null, redirect: {uri: /there}}", OK),
        ("{route: null, redirect: {uri: /there, redirectCode: 308}}", OK),
        ("{route: null, redirect: {uri: /there, redirectCode: 200}}", "redirect.redirectCode"),
        ("{route: null, redirect: {uri: /there, redirectCode: 305}}", "redirect.redirectCode"),
    ]);
}

#[test]
fn what_excludes_each_other_is_not_set_together() {
    rule(&[
        ("{route: null, redirect: {uri: /there}, fault: {delay: {fixedDelay: 1s}}}", "fault"),
        ("{route: null, directResponse: {status: 200}, fault: {delay: {fixedDelay: 1s}}}", "fault"),
        ("{route: null, directResponse: {status: 200}, rewrite: {uri: /there}}", "rewrite"),
        ("rewrite: {uri: /there}", OK),
        (
            "{mirror: {host: httpserver-service2}, mirrors: [{destination: {host: httpserver-service2}}]}",
            "mirror",
        ),
        ("{mirror: {host: httpserver-service2}, mirrors: []}", OK),
    ]);
}

#[test]
fn retries_have_a_number_and_known_conditions() {
    rule(&[
        ("retries: {attempts: 0}", OK),
        ("retries: {}", OK),
        ("retries: {attempts: 3, retryOn: '5xx,reset,unavailable,503'}", OK),
        ("retries: {attempts: -1}", "retries.attempts"),
        ("retries: {attempts: 0, perTryTimeout: 1s}", "retries.attempts"),
        ("retries: {retryRemoteLocalities: true}", "retries.attempts"),
        ("retries: {attempts: 3, retryOn: 5XX}", "retries.retryOn"),
        ("retries: {attempts: 3, retryOn: '5xx, reset'}", "retries.retryOn"),
        ("retries: {attempts: 3, retryOn: '5xx,'}", "retries.retryOn"),
        ("retries: {attempts: 3, retryOn: '509'}", "retries.retryOn"),
        ("retries: {attempts: 3, retryOn: '70000'}", "retries.retryOn"),
    ]);
}

#[test]
fn patterns_have_a_longest_length() {
    let (longest, longer) = ("a".repeat(1024), "a".repeat(1025));
    matches(
        MESH_2,
        &[
            (&format!("{{uri: {{regex: {longest}}}}}"), OK),
            (&format!("{{uri: {{regex: {longer}}}}}"), "uri.regex"),
        ],
    );
    let rewrite =
        |pattern: &str| format!("rewrite: {{uriRegexRewrite: {{match: {pattern}, rewrite: /}}}}");
    rule(&[(&rewrite(&longest), OK), (&rewrite(&longer), "rewrite.uriRegexRewrite.match")]);
}

#[test]
fn strings_of_a_match_can_be_met() {
    matches(
        MESH_2,
        &[
            ("{uri: {prefix: /hello}}", OK),
            ("{uri: {exact: '*'}}", OK),
            ("{uri: {prefix: ''}}", OK),
            ("{uri: {regex: hello.*}}", OK),
            ("{uri: {exact: hello}}", "uri.exact"),
            ("{uri: {exact: ''}}", "uri.exact"),
            ("{uri: {prefix: hello}}", "uri.prefix"),
            ("{uri: {regex: ''}}", "uri.regex"),
            ("{uri: {exact: /a, regex: /a}}", "uri"),
            ("{method: {exact: GET}}", OK),
            ("{method: {exact: M-SEARCH}}", OK),
            ("{method: {exact: Get}}", "method.exact"),
            ("{method: {exact: 'GET,POST'}}", "method.exact"),
            ("{method: {exact: ''}}", "method.exact"),
            ("{headers: {x-lane: {}}}", OK),
            ("{headers: {x-lane: {regex: '*'}}}", OK),
            ("{headers: {x-lane: {exact: ''}}}", "headers.x-lane.exact"),
            ("{headers: {x-lane: {prefix: ''}}}", "headers.x-lane.prefix"),
            ("{queryParams: {debug: {exact: ''}}}", OK),
            ("{queryParams: {debug: {prefix: ''}}}", "queryParams.debug.prefix"),
            ("{queryParams: {debug: {exact: a, prefix: a}}}", "queryParams.debug"),
        ],
    );
}

#[test]
fn a_header_is_not_asked_for_and_excluded() {
    matches(
        MESH_2,
        &[
            ("{headers: {a: {exact: v2}}, withoutHeaders: {b: {}}}", OK),
            ("{headers: {a: {}}, withoutHeaders: {a: {exact: v2}}}", OK),
            ("{headers: {a: {prefix: v}}, withoutHeaders: {a: {exact: v2}}}", OK),
            ("{headers: {a: {exact: v2}}, withoutHeaders: {a: {exact: v3}}}", OK),
            ("{headers: {a: {exact: v2}}, withoutHeaders: {a: {exact: v2}}}", "withoutHeaders.a"),
            ("{headers: {a: {exact: v2}}, withoutHeaders: {a: {prefix: v}}}", "withoutHeaders.a"),
            (
                "{headers: {a: {regex: 'v[0-9]'}}, withoutHeaders: {A: {regex: '*'}}}",
                "withoutHeaders.A",
            ),
        ],
    );
}

#[test]
fn a_port_is_one_where_the_route_is_asked() {
    matches(
        MESH_2,
        &[("{port: 80}", OK), ("{port: 0}", OK), ("{port: 443}", "port"), ("{port: 8080}", "port")],
    );
    matches(
        "httpserver-service1",
        &[("{port: 443}", OK), ("{port: 80}", OK), ("{port: 8443}", "port")],
    );
    let bound = |lab: &mut Cluster, gateways: &[&str], fields: &str| {
        let route = lab.virtual_service("httpserver-service1");
        let gateways = gateways.iter().map(ToString::to_string).collect();
        route.spec.gateways = Some(gateways);
        let rule = &mut lab.rules("httpserver-service1")[0];
        *rule = with_fields(rule, &format!("match: [{fields}]"));
    };
    // The public host is no Service, so nobody knows the ports where the mesh asks for it.
    check("both", |lab| bound(lab, &["mesh", "httpserver-service1"], "{port: 8443}"), OK);
    let named = "{port: 8443, gateways: [httpserver-service1]}";
    check(
        "named",
        |lab| bound(lab, &["mesh", "httpserver-service1"], named),
        "spec.http[0].match[0].port",
    );
}

#[test]
fn a_source_is_one_that_sends_requests_this_way() {
    matches(
        MESH_2,
        &[
            ("{sourceLabels: {app: httpserver-service1}}", OK),
            ("{sourceLabels: {app: httpserver-service1, version: v9}}", "sourceLabels"),
            ("{sourceLabels: {app: nobody}}", "sourceLabels"),
            ("{sourceNamespace: cloudnative}", OK),
            ("{sourceNamespace: elsewhere}", "sourceNamespace"),
            (
                "{sourceLabels: {app: httpserver-service1}, sourceNamespace: istio-system}",
                "sourceLabels",
            ),
            // With gateways, Istio does not look at the source.
            ("{sourceLabels: {app: nobody}, gateways: [mesh]}", OK),
        ],
    );
    matches(
        "httpserver-service1",
        &[
            ("{sourceLabels: {istio: ingressgateway}}", OK),
            ("{sourceLabels: {istio: ingressgateway}, sourceNamespace: istio-system}", OK),
            ("{sourceLabels: {app: httpserver-service1}}", "sourceLabels"),
            ("{sourceNamespace: cloudnative}", "sourceNamespace"),
        ],
    );
}
