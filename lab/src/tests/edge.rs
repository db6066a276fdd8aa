//! The routes of the gateway: what each server publishes, and the redirect to HTTPS. Istio facts §3.9.

use super::{HTTPS, HTTPS_ROUTES, TWO, each, lab, object, routes_of, service, virtual_hosts};
use serde_json::{Value, json};

const HTTP_ROUTES: &str = "http.8080";
const TLS: &str = "tls: {mode: SIMPLE, credentialName: credential}";

fn https(name: &str, hosts: &str) -> String {
    format!("{{port: {{name: {name}, number: 443, protocol: HTTPS}}, hosts: [{hosts}], {TLS}}}")
}

fn http(hosts: &str, tls: &str) -> String {
    format!("{{port: {{name: http, number: 80, protocol: HTTP}}, hosts: [{hosts}]{tls}}}")
}

fn gateway(name: &str, servers: &[String]) -> String {
    let servers = servers.join(", ");
    object(
        "Gateway",
        &format!("lab/{name}"),
        &format!("{{selector: {{istio: ingressgateway}}, servers: [{servers}]}}"),
    )
}

/// A VirtualService of this name that is bound to a gateway; `http` is its list of rules without destinations.
fn bound(name: &str, gateway: &str, hosts: &str, rules: &[&str]) -> String {
    let rules =
        rules.iter().map(|rule| format!("{{{rule}, route: [{{destination: {{host: two}}}}]}}"));
    let rules = rules.collect::<Vec<_>>().join(", ");
    let spec = format!("{{gateways: [{gateway}], hosts: [{hosts}], http: [{rules}]}}");
    object("VirtualService", &format!("lab/{name}"), &spec)
}

fn edge(objects: &[String]) -> Value {
    lab(&(service("lab/two") + &objects.concat()))
}

/// Compares the names and the domains of the virtual hosts of a route configuration.
#[track_caller]
fn check(objects: &[String], stem: &str, expected: &[(&str, &[&str])]) {
    let hosts = virtual_hosts(&edge(objects), stem);
    let found: Vec<Value> =
        hosts.iter().map(|host| json!([host["name"], host["domains"]])).collect();
    assert_eq!(json!(found), json!(expected));
}

mod hosts {
    use super::*;

    /// Compares the domains that one server and one VirtualService have in common.
    #[track_caller]
    fn check(server: &str, virtual_service: &str, expected: &[&str]) {
        let objects = [
            gateway("edge", &[https("https", server)]),
            bound("rules", "edge", virtual_service, &["name: a"]),
        ];
        let hosts = virtual_hosts(&edge(&objects), HTTPS_ROUTES);
        let domains: Vec<Value> = hosts.iter().map(|host| host["domains"][0].clone()).collect();
        assert_eq!(domains, expected);
        for host in hosts {
            assert_eq!(host["name"], format!("{}:443", host["domains"][0].as_str().unwrap()));
            assert_eq!(
                host["routes"].as_array().unwrap().len(),
                1,
                "each VirtualService counts once"
            );
        }
    }

    #[test]
    fn equal_hosts_are_served() {
        check("a.example.com", "a.example.com", &["a.example.com"]);
    }

    #[test]
    fn of_two_hosts_the_more_specific_is_served() {
        check("'*.example.com'", "a.example.com", &["a.example.com"]);
        check("a.example.com", "'*.example.com'", &["a.example.com"]);
        check("'*'", "'*.example.com'", &["*.example.com"]);
        check("'*.b.example.com'", "'*.example.com'", &["*.b.example.com"]);
        check("'*'", "'*'", &["*"]);
    }

    #[test]
    fn a_wildcard_does_not_cover_its_own_domain_or_another_one() {
        let objects = |host: &str| {
            [
                gateway("edge", &[https("https", "'*.example.com'")]),
                bound("rules", "edge", host, &["name: a"]),
            ]
        };
        for host in ["example.com", "a.example.org", "badexample.com"] {
            super::check(&objects(host), HTTPS_ROUTES, &[("blackhole:443", &["*"])]);
        }
    }

    #[test]
    fn a_host_that_two_pairs_have_in_common_is_served_once() {
        check("'*', a.example.com", "a.example.com", &["a.example.com"]);
        check("a.example.com", "a.example.com, '*.example.com'", &["a.example.com"]);
    }

    #[test]
    fn several_hosts_of_one_virtual_service_are_all_served() {
        check("'*'", "a.example.com, b.example.com", &["a.example.com", "b.example.com"]);
    }
}

mod https {
    use super::*;

    #[test]
    fn a_virtual_host_has_istiods_settings_and_no_aliases() {
        let objects = [
            gateway("edge", &[https("https", "example.com")]),
            bound("rules", "edge", "example.com", &["name: a"]),
        ];
        let lab = edge(&objects);
        let mut configuration = lab["routes"][HTTPS_ROUTES]["configuration"].clone();
        configuration["virtual_hosts"][0]["routes"] = json!([]);
        assert_eq!(
            configuration,
            json!({
                "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
                "name": HTTPS_ROUTES,
                "validate_clusters": false,
                "ignore_port_in_host_matching": true,
                "max_direct_response_body_size_bytes": 1_048_576,
                "virtual_hosts": [{
                    "name": "example.com:443",
                    "domains": ["example.com"],
                    "include_request_attempt_count": true,
                    "routes": []
                }]
            })
        );
        assert_eq!(
            lab["routes"][HTTPS_ROUTES]["statistics"],
            format!("http.outbound_0.0.0.0_8443_0.rds.{HTTPS_ROUTES}")
        );
    }

    #[test]
    fn a_server_without_virtual_service_is_a_black_hole() {
        let lab = edge(&[gateway("edge", &[https("https", "example.com")])]);
        assert_eq!(
            json!(virtual_hosts(&lab, HTTPS_ROUTES)),
            json!([{"name": "blackhole:443", "domains": ["*"]}])
        );
    }

    #[test]
    fn a_virtual_service_that_is_not_bound_to_the_gateway_contributes_nothing() {
        let servers = [https("https", "'*'")];
        let objects = |gateways: &str, hosts: &str| {
            [
                gateway("edge", &servers),
                gateway("inner", &[]),
                bound("rules", gateways, hosts, &["name: a"]),
            ]
        };
        super::check(&objects("mesh", "two"), HTTPS_ROUTES, &[("blackhole:443", &["*"])]);
        super::check(
            &objects("inner", "a.example.com"),
            HTTPS_ROUTES,
            &[("blackhole:443", &["*"])],
        );
        super::check(
            &objects("inner, lab/edge", "a.example.com"),
            HTTPS_ROUTES,
            &[("a.example.com:443", &["a.example.com"])],
        );
    }

    #[test]
    fn each_server_has_routes_of_its_own() {
        let objects = [
            gateway("edge", &[https("first", "a.example.com"), https("second", "b.example.com")]),
            bound("rules", "edge", "'*.example.com'", &["name: a"]),
        ];
        super::check(
            &objects,
            "https.443.first.edge.lab",
            &[("a.example.com:443", &["a.example.com"])],
        );
        super::check(
            &objects,
            "https.443.second.edge.lab",
            &[("b.example.com:443", &["b.example.com"])],
        );
        assert_eq!(
            edge(&objects)["routes"]["https.443.second.edge.lab"]["statistics"],
            "http.outbound_0.0.0.0_8443_1.rds.https.443.second.edge.lab"
        );
    }

    #[test]
    fn the_redirect_flag_of_an_https_server_has_no_effect() {
        let server = https("https", "example.com")
            .replace("mode: SIMPLE", "mode: SIMPLE, httpsRedirect: true");
        let objects =
            [gateway("edge", &[server]), bound("rules", "edge", "example.com", &["name: a"])];
        assert_eq!(
            each(&routes_of(&edge(&objects), HTTPS_ROUTES, "example.com:443"), "name"),
            ["a"]
        );
    }
}

mod merging {
    use super::*;

    /// Compares the names of the routes for `example.com` that several VirtualServices make together.
    #[track_caller]
    fn check(rules: &[String], expected: &[&str]) {
        let objects = [&[gateway("edge", &[https("https", "example.com")])], rules].concat();
        assert_eq!(
            each(&routes_of(&edge(&objects), HTTPS_ROUTES, "example.com:443"), "name"),
            expected
        );
    }

    #[test]
    fn routes_of_several_virtual_services_follow_each_other() {
        check(
            &[
                bound("first", "edge", "example.com", &["name: a, match: [{uri: {prefix: /a}}]"]),
                bound("second", "edge", "example.com", &["name: b, match: [{uri: {prefix: /b}}]"]),
            ],
            &["a", "b"],
        );
    }

    #[test]
    fn routes_that_take_everything_come_last() {
        for all in [
            "name: all",
            "name: all, match: [{port: 443}]",
            "name: all, match: [{gateways: [edge]}]",
        ] {
            check(
                &[
                    bound(
                        "first",
                        "edge",
                        "example.com",
                        &["name: a, match: [{uri: {prefix: /a}}]", all],
                    ),
                    bound(
                        "second",
                        "edge",
                        "example.com",
                        &["name: b, match: [{uri: {prefix: /b}}]", "name: late"],
                    ),
                ],
                &["a", "b", "all", "late"],
            );
        }
    }

    #[test]
    fn a_virtual_service_without_route_at_the_gateway_serves_no_host() {
        let rules = [
            bound("first", "edge", "a.example.com", &["match: [{port: 80}]"]),
            bound("second", "edge", "'*.example.com'", &["name: b"]),
        ];
        let objects =
            [&[gateway("edge", &[https("https", "'*.example.com'")])], rules.as_slice()].concat();
        super::check(&objects, HTTPS_ROUTES, &[("*.example.com:443", &["*.example.com"])]);
    }
}

mod http {
    use super::*;

    const REDIRECT: &str = ", tls: {httpsRedirect: true}";

    #[test]
    fn a_redirecting_server_sends_its_hosts_to_the_port_of_https() {
        let lab = edge(&[gateway("edge", &[http("example.com", REDIRECT)])]);
        assert_eq!(
            json!(virtual_hosts(&lab, HTTP_ROUTES)),
            json!([{
                "name": "example.com:80",
                "domains": ["example.com"],
                "routes": [{"match": {"prefix": "/"}, "redirect": {"https_redirect": true, "port_redirect": HTTPS}}]
            }])
        );
    }

    #[test]
    fn a_plain_server_serves_its_virtual_services() {
        let objects = [
            gateway("edge", &[http("example.com", "")]),
            bound("rules", "edge", "example.com", &["name: a, match: [{port: 80}]"]),
        ];
        let lab = edge(&objects);
        let routes = routes_of(&lab, HTTP_ROUTES, "example.com:80");
        assert_eq!(each(&routes, "name"), ["a"]);
        assert_eq!(
            routes[0]["route"]["cluster"],
            format!("istio-ingressgateway>outbound|80||{TWO}")
        );
        assert_eq!(
            lab["routes"][HTTP_ROUTES]["statistics"],
            "http.outbound_0.0.0.0_8080.rds.http.8080"
        );
        assert_eq!(lab["routes"][HTTP_ROUTES]["configuration"]["name"], HTTP_ROUTES);
        assert_eq!(
            lab["routes"][HTTP_ROUTES]["configuration"]["ignore_port_in_host_matching"],
            true
        );
    }

    #[test]
    fn a_plain_server_without_virtual_service_is_a_black_hole() {
        for tls in ["", ", tls: {httpsRedirect: false}"] {
            check(
                &[gateway("edge", &[http("example.com", tls)])],
                HTTP_ROUTES,
                &[("blackhole:80", &["*"])],
            );
        }
    }

    #[test]
    fn servers_of_several_gateways_share_one_configuration() {
        let objects = [
            gateway("edge", &[http("a.example.com", "")]),
            gateway("inner", &[http("b.example.com", REDIRECT)]),
            bound("rules", "edge", "a.example.com", &["name: a"]),
        ];
        check(
            &objects,
            HTTP_ROUTES,
            &[("b.example.com:80", &["b.example.com"]), ("a.example.com:80", &["a.example.com"])],
        );
    }

    #[test]
    fn a_host_of_several_gateways_is_one_virtual_host() {
        let objects = [
            gateway("edge", &[http("'*'", "")]),
            gateway("inner", &[http("'*'", "")]),
            bound("second", "inner", "'*'", &["name: b, match: [{uri: {prefix: /b}}]"]),
            bound("first", "edge", "'*'", &["name: a"]),
        ];
        let lab = edge(&objects);
        check(&objects, HTTP_ROUTES, &[("*:80", &["*"])]);
        assert_eq!(each(&routes_of(&lab, HTTP_ROUTES, "*:80"), "name"), ["b", "a"]);
    }

    #[test]
    fn a_host_that_one_server_redirects_is_redirected() {
        let objects = [
            gateway("edge", &[http("example.com", "")]),
            gateway("inner", &[http("example.com", REDIRECT)]),
            bound("rules", "edge", "example.com", &["name: a"]),
        ];
        check(&objects, HTTP_ROUTES, &[("example.com:80", &["example.com"])]);
        assert_eq!(
            routes_of(&edge(&objects), HTTP_ROUTES, "example.com:80")[0]["redirect"]["port_redirect"],
            HTTPS
        );
    }

    #[test]
    fn without_any_server_there_is_nothing() {
        let lab = edge(&[gateway("edge", &[])]);
        assert_eq!(lab["listeners"], json!({}));
        assert_eq!(lab["routes"], json!({}));
    }
}
