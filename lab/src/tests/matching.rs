//! Matches: what they compare, where they apply, and in which order they are asked. Istio facts §3.2, §3.3.

use super::{At, each, routes, rule};
use serde_json::{Value, json};

const TO_TWO: &str = "route: [{destination: {host: two}}]";

/// Compares what one match becomes at a sidecar.
#[track_caller]
fn check(r#match: &str, expected: &Value) {
    assert_eq!(rule(&format!("match: [{{{match}}}]"))["match"], *expected);
}

/// Compares the matchers of headers.
#[track_caller]
fn check_headers(r#match: &str, expected: &Value) {
    check(r#match, &json!({"prefix": "/", "case_sensitive": true, "headers": expected}));
}

/// Compares the names of the routes that several rules become.
#[track_caller]
fn check_order(http: &str, at: At, expected: &[&str]) {
    assert_eq!(each(&routes(http, at), "name"), expected);
}

/// Whether a match leaves a route at this place.
#[track_caller]
fn check_applies(r#match: &str, at: At, expected: bool) {
    let http =
        format!("[{{name: first, match: [{{{match}}}], {TO_TWO}}}, {{name: rest, {TO_TWO}}}]");
    let names = each(&routes(&http, at), "name");
    assert_eq!(names.contains(&json!("first")), expected, "{match}: {names:?}");
}

mod paths {
    use super::*;

    #[test]
    fn a_rule_without_match_matches_every_path() {
        assert_eq!(rule("name: all")["match"], json!({"prefix": "/"}));
    }

    #[test]
    fn exact_is_the_whole_path() {
        check("uri: {exact: /a}", &json!({"path": "/a", "case_sensitive": true}));
    }

    #[test]
    fn prefix_is_a_prefix_of_the_text() {
        check("uri: {prefix: /a}", &json!({"prefix": "/a", "case_sensitive": true}));
    }

    #[test]
    fn regex_is_a_safe_regex() {
        check(
            "uri: {regex: '/a.*'}",
            &json!({"safe_regex": {"regex": "/a.*"}, "case_sensitive": true}),
        );
    }

    #[test]
    fn ignore_uri_case_makes_the_path_insensitive() {
        check(
            "uri: {exact: /a}, ignoreUriCase: true",
            &json!({"path": "/a", "case_sensitive": false}),
        );
    }

    #[test]
    fn a_match_without_uri_takes_every_path_and_says_so_about_case() {
        check(
            "method: {exact: GET}",
            &json!({
                "prefix": "/",
                "case_sensitive": true,
                "headers": [{"name": ":method", "string_match": {"exact": "GET"}}]
            }),
        );
    }

    #[test]
    fn an_empty_uri_takes_every_path() {
        check("uri: {}", &json!({"prefix": "/", "case_sensitive": true}));
    }
}

mod headers {
    use super::*;

    #[test]
    fn exact_prefix_and_regex_compare_the_value() {
        check_headers(
            "headers: {a: {exact: v2}, b: {prefix: v}, c: {regex: 'v[12]'}}",
            &json!([
                {"name": "a", "string_match": {"exact": "v2"}},
                {"name": "b", "string_match": {"prefix": "v"}},
                {"name": "c", "string_match": {"safe_regex": {"regex": "v[12]"}}}
            ]),
        );
    }

    #[test]
    fn an_empty_comparison_asks_for_presence() {
        check_headers("headers: {a: {}}", &json!([{"name": "a", "present_match": true}]));
    }

    #[test]
    fn the_regex_star_asks_for_presence() {
        check_headers("headers: {a: {regex: '*'}}", &json!([{"name": "a", "present_match": true}]));
    }

    #[test]
    fn the_regex_of_anything_is_a_regex() {
        check_headers(
            "headers: {a: {regex: '.*'}}",
            &json!([{"name": "a", "string_match": {"safe_regex": {"regex": ".*"}}}]),
        );
    }

    #[test]
    fn without_headers_inverts_and_takes_a_missing_header_for_an_empty_one() {
        check_headers(
            "withoutHeaders: {user: {exact: jason}}",
            &json!([{
                "name": "user",
                "string_match": {"exact": "jason"},
                "invert_match": true,
                "treat_missing_header_as_empty": true
            }]),
        );
    }

    #[test]
    fn without_headers_of_presence_only_inverts() {
        for presence in ["{}", "{regex: '*'}"] {
            check_headers(
                &format!("withoutHeaders: {{user: {presence}}}"),
                &json!([{"name": "user", "present_match": true, "invert_match": true}]),
            );
        }
    }

    #[test]
    fn method_authority_and_scheme_are_pseudo_headers() {
        check_headers(
            "scheme: {exact: http}, authority: {prefix: two}, method: {regex: 'GET|PUT'}",
            &json!([
                {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|PUT"}}},
                {"name": ":authority", "string_match": {"prefix": "two"}},
                {"name": ":scheme", "string_match": {"exact": "http"}}
            ]),
        );
    }

    #[test]
    fn matchers_are_sorted_by_name_and_pseudo_headers_come_last() {
        check_headers(
            "headers: {c: {exact: '3'}, a: {exact: '1'}}, withoutHeaders: {b: {}}, method: {exact: GET}",
            &json!([
                {"name": "a", "string_match": {"exact": "1"}},
                {"name": "b", "present_match": true, "invert_match": true},
                {"name": "c", "string_match": {"exact": "3"}},
                {"name": ":method", "string_match": {"exact": "GET"}}
            ]),
        );
    }

    #[test]
    fn query_parameters_compare_like_headers() {
        check(
            "queryParams: {a: {exact: '1'}, b: {regex: 'x+'}, c: {prefix: y}, d: {}}",
            &json!({"prefix": "/", "case_sensitive": true, "query_parameters": [
                {"name": "a", "string_match": {"exact": "1"}},
                {"name": "b", "string_match": {"safe_regex": {"regex": "x+"}}},
                {"name": "c", "string_match": {"prefix": "y"}},
                {"name": "d", "present_match": true}
            ]}),
        );
    }
}

mod order {
    use super::*;

    #[test]
    fn several_matches_become_several_routes_in_their_order() {
        let http = format!(
            "[{{name: a, match: [{{name: x, uri: {{exact: /x}}}}, {{name: y, uri: {{exact: /y}}}}], {TO_TWO}}}, \
              {{name: b, match: [{{uri: {{exact: /z}}}}], {TO_TWO}}}]"
        );
        check_order(&http, At::Sidecar, &["a.x", "a.y", "b"]);
        assert_eq!(each(&each(&routes(&http, At::Sidecar), "match"), "path"), ["/x", "/y", "/z"]);
    }

    #[test]
    fn the_routes_of_one_rule_share_its_action() {
        let http = format!(
            "[{{match: [{{uri: {{exact: /x}}}}, {{uri: {{exact: /y}}}}], timeout: 3s, {TO_TWO}}}]"
        );
        let actions = each(&routes(&http, At::Sidecar), "route");
        assert_eq!(actions[0]["timeout"], "3s");
        assert_eq!(actions[0], actions[1]);
    }

    #[test]
    fn nothing_follows_a_rule_without_match() {
        let http = format!("[{{name: all, {TO_TWO}}}, {{name: never, {TO_TWO}}}]");
        check_order(&http, At::Sidecar, &["all"]);
    }

    #[test]
    fn nothing_follows_a_match_that_takes_everything() {
        for all in [
            "uri: {prefix: /}",
            "uri: {regex: '.*'}",
            "uri: {}",
            "name: ''",
            "port: 80",
            "gateways: [mesh]",
            "sourceLabels: {app: one}",
            "uri: {prefix: /}, ignoreUriCase: true",
        ] {
            let http = format!(
                "[{{name: all, match: [{{{all}}}, {{uri: {{exact: /x}}}}], {TO_TWO}}}, {{name: never, {TO_TWO}}}]"
            );
            assert_eq!(routes(&http, At::Sidecar).len(), 1, "{all}");
        }
    }

    #[test]
    fn rules_follow_a_match_that_takes_only_some() {
        for some in [
            "uri: {prefix: /a}",
            "uri: {exact: /}",
            "uri: {regex: '/.*'}",
            "uri: {prefix: /}, headers: {a: {}}",
            "uri: {prefix: /}, withoutHeaders: {a: {}}",
            "uri: {prefix: /}, queryParams: {a: {}}",
            "uri: {prefix: /}, method: {exact: GET}",
            "uri: {prefix: /}, authority: {exact: two}",
            "uri: {prefix: /}, scheme: {exact: http}",
            "headers: {a: {}}",
        ] {
            let http = format!(
                "[{{name: some, match: [{{{some}}}], {TO_TWO}}}, {{name: rest, {TO_TWO}}}]"
            );
            check_order(&http, At::Sidecar, &["some", "rest"]);
        }
    }

    #[test]
    fn a_match_that_does_not_apply_stops_nothing() {
        let http =
            format!("[{{name: other, match: [{{port: 81}}], {TO_TWO}}}, {{name: rest, {TO_TWO}}}]");
        check_order(&http, At::Sidecar, &["rest"]);
    }
}

mod places {
    use super::*;

    #[test]
    fn a_port_is_that_of_the_service_at_a_sidecar_and_that_of_the_server_at_a_gateway() {
        for (port, at, expected) in [
            (80, At::Sidecar, true),
            (443, At::Sidecar, false),
            (443, At::Gateway, true),
            (80, At::Gateway, false),
            (8443, At::Gateway, false),
        ] {
            check_applies(&format!("port: {port}"), at, expected);
        }
    }

    #[test]
    fn gateways_are_named_as_in_the_virtual_service() {
        for (name, at, expected) in [
            ("mesh", At::Sidecar, true),
            ("mesh", At::Gateway, false),
            ("edge", At::Gateway, true),
            ("./edge", At::Gateway, true),
            ("lab/edge", At::Gateway, true),
            ("far/edge", At::Gateway, false),
            ("edge", At::Sidecar, false),
        ] {
            check_applies(&format!("gateways: [{name}]"), at, expected);
        }
    }

    #[test]
    fn one_of_several_gateways_is_enough() {
        check_applies("gateways: [edge, mesh]", At::Sidecar, true);
        check_applies("gateways: [mesh, edge]", At::Gateway, true);
    }

    #[test]
    fn source_labels_must_all_be_labels_of_the_pod() {
        check_applies("sourceLabels: {app: one}", At::Sidecar, true);
        check_applies("sourceLabels: {app: one, version: v1}", At::Sidecar, true);
        check_applies("sourceLabels: {app: one, version: v2}", At::Sidecar, false);
        check_applies("sourceLabels: {tier: front}", At::Sidecar, false);
    }

    #[test]
    fn source_labels_at_a_gateway_are_labels_of_its_own_pods() {
        check_applies("sourceLabels: {app: one}", At::Gateway, false);
        check_applies("sourceLabels: {istio: ingressgateway}", At::Gateway, true);
    }

    #[test]
    fn the_source_namespace_is_that_of_the_proxy() {
        check_applies("sourceNamespace: lab", At::Sidecar, true);
        check_applies("sourceNamespace: far", At::Sidecar, false);
        check_applies("sourceNamespace: istio-system", At::Gateway, true);
        check_applies("sourceNamespace: lab", At::Gateway, false);
    }

    #[test]
    fn with_gateways_the_source_does_not_count() {
        check_applies("gateways: [mesh], sourceLabels: {app: other}", At::Sidecar, true);
        check_applies("gateways: [edge], sourceNamespace: other", At::Gateway, true);
    }

    #[test]
    fn the_port_counts_with_gateways_too() {
        check_applies("gateways: [edge], port: 80", At::Gateway, false);
    }
}
