//! Topology: what VirtualServices and Gateways resolve to, and what is wrong with them, by the path of the field.

use super::{findings, object, resolved, world};
use crate::topology::gateway_name;

mod virtual_services {
    use super::*;

    const RULES: &str = "VirtualService lab/rules";

    fn yaml(spec: &str) -> String {
        world() + &object("VirtualService", "lab/rules", &format!("{{{spec}}}"))
    }

    /// Compares fields and messages of the findings about a VirtualService.
    #[track_caller]
    fn check(spec: &str, expected: &[[&str; 2]]) {
        let expected: Vec<[&str; 3]> =
            expected.iter().map(|[field, message]| [RULES, field, message]).collect();
        assert_eq!(findings(&yaml(spec)), expected);
    }

    #[test]
    fn hosts_and_gateways_are_resolved_in_the_objects_namespace() {
        let spec = "gateways: [edge, lab/edge, mesh], hosts: [two], http: []";
        let topology = resolved(&yaml(spec));
        let rules = &topology.virtual_services[0];
        assert_eq!((rules.name.as_str(), rules.namespace.as_str()), ("rules", "lab"));
        assert_eq!(rules.gateways, ["lab/edge", "lab/edge", "mesh"]);
        assert_eq!(rules.hosts, ["two.lab.svc.cluster.local"]);
        assert_eq!(resolved(&yaml("hosts: [two]")).virtual_services[0].gateways, ["mesh"]);
    }

    #[test]
    fn names_of_gateways_are_read_as_istio_does() {
        for (name, expected) in [
            ("mesh", "mesh"),
            ("edge", "lab/edge"),
            ("./edge", "lab/edge"),
            ("far/edge", "far/edge"),
            ("./mesh", "lab/mesh"),
        ] {
            assert_eq!(gateway_name(name, "lab"), expected);
        }
    }

    #[test]
    fn a_rule_must_lead_somewhere() {
        let rules = "hosts: [two], http: [{name: a, route: [{destination: {host: two}}]}, {name: b}, {route: []}]";
        check(
            rules,
            &[
                ["spec.http[1].route", "this rule leads nowhere"],
                ["spec.http[2].route", "this rule leads nowhere"],
            ],
        );
    }

    #[test]
    fn weights_must_add_up_to_something() {
        let rules = |weights: &str| {
            format!(
                "hosts: [two], http: [{{route: [{{destination: {{host: one}}}}, {{destination: {{host: two}}{weights}}}]}}]"
            )
        };
        let message = "the weights of 2 destinations add up to 0";
        check(&rules(""), &[["spec.http[0].route", message]]);
        check(&rules(", weight: 0"), &[["spec.http[0].route", message]]);
        resolved(&yaml(&rules(", weight: 1")));
    }

    #[test]
    fn durations_must_be_durations() {
        check(
            "hosts: [two], http: [{timeout: 5, route: [{destination: {host: two}}]}]"
                .replace(
                    "timeout: 5",
                    "timeout: soon, retries: {attempts: 1, perTryTimeout: 5x, backoff: '1'}",
                )
                .as_str(),
            &[
                ["spec.http[0].retries.backoff", "`1` is not a duration"],
                ["spec.http[0].retries.perTryTimeout", "`5x` is not a duration"],
                ["spec.http[0].timeout", "`soon` is not a duration"],
            ],
        );
    }

    #[test]
    fn a_host_of_the_mesh_must_be_a_service() {
        let message =
            |host: &str| format!("in the mesh, embedded mode routes only Services, not `{host}`");
        for host in ["example.com", "nobody", "'*.lab.svc.cluster.local'", "two.lab", "'*'"] {
            let rules = format!("hosts: [two, {host}], gateways: [edge, mesh]");
            let resolved = if host == "nobody" {
                "nobody.lab.svc.cluster.local"
            } else {
                host.trim_matches('\'')
            };
            check(&rules, &[["spec.hosts[1]", &message(resolved)]]);
        }
        resolved(&yaml("hosts: [example.com], gateways: [edge]"));
    }

    #[test]
    fn a_delegate_is_refused() {
        check(
            "http: [{route: [{destination: {host: two}}]}]",
            &[["spec.hosts", "embedded mode has no delegates: without hosts, nothing is routed"]],
        );
    }
}

mod gateways {
    use super::*;

    fn yaml(selector: &str, servers: &str) -> String {
        object("Gateway", "lab/edge", &format!("{{selector: {selector}, servers: [{servers}]}}"))
    }

    fn http(number: u16, hosts: &str) -> String {
        format!(
            "{{port: {{name: http-{number}, number: {number}, protocol: HTTP}}, hosts: [{hosts}]}}"
        )
    }

    fn https(name: &str, number: u16, hosts: &str, tls: &str) -> String {
        format!(
            "{{port: {{name: {name}, number: {number}, protocol: HTTPS}}, hosts: [{hosts}]{tls}}}"
        )
    }

    const TLS: &str = ", tls: {mode: SIMPLE, credentialName: credential}";

    /// Compares fields and messages of the findings about a Gateway.
    #[track_caller]
    fn check(yaml: &str, expected: &[[&str; 2]]) {
        let expected: Vec<[&str; 3]> =
            expected.iter().map(|[field, message]| ["Gateway lab/edge", field, message]).collect();
        assert_eq!(findings(yaml), expected);
    }

    #[test]
    fn the_selector_must_select_the_ingress_gateway() {
        check(
            &yaml("{istio: egressgateway}", ""),
            &[["spec.selector", "no gateway has the labels {\"istio\": \"egressgateway\"}"]],
        );
        check(
            &yaml("{istio: ingressgateway, tier: front}", ""),
            &[[
                "spec.selector",
                "no gateway has the labels {\"istio\": \"ingressgateway\", \"tier\": \"front\"}",
            ]],
        );
        for selector in
            ["{}", "{istio: ingressgateway}", "{app: istio-ingressgateway, istio: ingressgateway}"]
        {
            resolved(&yaml(selector, ""));
        }
    }

    #[test]
    fn a_server_must_listen_where_the_gateways_service_does() {
        check(
            &yaml("{}", &http(8080, "a")),
            &[[
                "spec.servers[0].port.number",
                "the gateway's Service has no Http port 8080 (IST0162)",
            ]],
        );
        check(
            &yaml("{}", &format!("{}, {}", http(80, "a"), https("tls", 80, "a", TLS))),
            &[[
                "spec.servers[1].port.number",
                "the gateway's Service has no Https port 80 (IST0162)",
            ]],
        );
        check(
            &yaml("{}", &http(443, "a")),
            &[[
                "spec.servers[0].port.number",
                "the gateway's Service has no Http port 443 (IST0162)",
            ]],
        );
    }

    #[test]
    fn an_https_server_needs_a_certificate() {
        for tls in ["", ", tls: {}", ", tls: {mode: SIMPLE}", ", tls: {credentialName: credential}"]
        {
            check(
                &yaml("{}", &https("tls", 443, "a", tls)),
                &[["spec.servers[0].tls", "an HTTPS server needs a certificate"]],
            );
        }
    }

    #[test]
    fn a_host_must_not_name_a_namespace() {
        check(
            &yaml("{}", &http(80, "a, lab/b, './c', '*/d'")),
            &[
                [
                    "spec.servers[0].hosts[1]",
                    "embedded mode cannot honour the namespace in `lab/b`",
                ],
                ["spec.servers[0].hosts[2]", "embedded mode cannot honour the namespace in `./c`"],
                ["spec.servers[0].hosts[3]", "embedded mode cannot honour the namespace in `*/d`"],
            ],
        );
    }

    #[test]
    fn a_host_must_have_one_certificate() {
        let message = "`b` has a certificate from another server (IST0145)";
        let two =
            format!("{}, {}", https("first", 443, "a, b", TLS), https("second", 443, "c, b", TLS));
        check(&yaml("{}", &two), &[["spec.servers[1].hosts[1]", message]]);
        let earlier = object(
            "Gateway",
            "lab/earlier",
            &format!("{{servers: [{}]}}", https("tls", 443, "b", TLS)),
        );
        check(
            &(earlier + &yaml("{}", &https("tls", 443, "b", TLS))),
            &[["spec.servers[0].hosts[0]", message]],
        );
        resolved(&yaml("{}", &format!("{}, {}", https("tls", 443, "a", TLS), http(80, "a"))));
    }

    #[test]
    fn servers_of_a_gateway_must_have_different_names() {
        let two = format!("{}, {}", https("tls", 443, "a", TLS), https("tls", 443, "b", TLS));
        check(
            &yaml("{}", &two),
            &[["spec.servers[1].port.name", "another server of this Gateway is called `tls`"]],
        );
    }

    #[test]
    fn servers_are_found_by_their_port() {
        let two = format!("{}, {}", https("tls", 443, "a", TLS), http(80, "b"));
        let topology = resolved(&yaml("{}", &two));
        let names = |port| {
            let servers = topology.servers(port);
            servers
                .map(|(gateway, server)| (gateway.name.as_str(), server.port.name.as_str()))
                .collect::<Vec<_>>()
        };
        assert_eq!(names(443), [("edge", "tls")]);
        assert_eq!(names(80), [("edge", "http-80")]);
        assert_eq!(names(8080), []);
    }
}
