//! Header operations and the Host rewrite, of rules and of destinations. Istio facts §3.7.

use super::{At, ONE, TWO, routes, rule};
use serde_json::{Value, json};

fn set(name: &str, value: &str) -> Value {
    json!({"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"})
}

fn add(name: &str, value: &str) -> Value {
    json!({"header": {"key": name, "value": value}, "append_action": "APPEND_IF_EXISTS_OR_ADD"})
}

/// The route of a rule and its one destination, each with header operations.
fn both(rule: &str, destination: &str) -> Value {
    let route = format!("[{{destination: {{host: two}}, headers: {{{destination}}}}}]");
    routes(&format!("[{{headers: {{{rule}}}, route: {route}}}]"), At::Sidecar)[0].clone()
}

/// Compares one field of the route of a rule with header operations.
#[track_caller]
fn check(operations: &str, field: &str, expected: &Value) {
    assert_eq!(rule(&format!("headers: {{{operations}}}"))[field], *expected);
}

mod rules {
    use super::*;

    #[test]
    fn set_overwrites_and_add_appends_in_this_order() {
        check(
            "request: {add: {a: '1'}, set: {c: '3', b: '2'}}",
            "request_headers_to_add",
            &json!([set("b", "2"), set("c", "3"), add("a", "1")]),
        );
    }

    #[test]
    fn responses_have_operations_of_their_own() {
        let route = rule("headers: {response: {set: {a: '1'}, remove: [b]}}");
        assert_eq!(route["response_headers_to_add"], json!([set("a", "1")]));
        assert_eq!(route["response_headers_to_remove"], json!(["b"]));
        assert_eq!(route["request_headers_to_add"], Value::Null);
        assert_eq!(route["request_headers_to_remove"], Value::Null);
    }

    #[test]
    fn remove_lists_names() {
        check("request: {remove: [a, b]}", "request_headers_to_remove", &json!(["a", "b"]));
    }

    #[test]
    fn without_operations_the_fields_are_absent() {
        let route = rule("headers: {request: {set: {}, remove: []}}");
        for side in ["request", "response"] {
            assert_eq!(route.get(format!("{side}_headers_to_add")), None);
            assert_eq!(route.get(format!("{side}_headers_to_remove")), None);
        }
    }
}

mod host {
    use super::*;

    #[test]
    fn setting_the_host_is_a_rewrite_and_no_header() {
        for name in ["Host", "host", "':authority'"] {
            let route = rule(&format!("headers: {{request: {{set: {{{name}: other, x: y}}}}}}"));
            assert_eq!(route["route"]["host_rewrite_literal"], "other");
            assert_eq!(route["request_headers_to_add"], json!([set("x", "y")]));
        }
    }

    #[test]
    fn adding_the_host_is_a_rewrite_too_but_setting_it_goes_first() {
        let added = rule("headers: {request: {add: {host: other}}}");
        assert_eq!(added["route"]["host_rewrite_literal"], "other");
        assert_eq!(added["request_headers_to_add"], Value::Null);
        let both = rule("headers: {request: {add: {host: added}, set: {host: set}}}");
        assert_eq!(both["route"]["host_rewrite_literal"], "set");
    }

    #[test]
    fn pseudo_headers_and_the_host_are_no_headers_to_change() {
        let route = rule(
            "headers: {request: {set: {':method': PUT}, remove: [host, ':path', x]}, response: {set: {host: a}}}",
        );
        assert_eq!(route["request_headers_to_add"], Value::Null);
        assert_eq!(route["request_headers_to_remove"], json!(["x"]));
        assert_eq!(route["response_headers_to_add"], Value::Null);
        assert_eq!(route["route"]["host_rewrite_literal"], Value::Null);
    }

    #[test]
    fn a_rule_that_rewrites_the_host_goes_before_its_destination() {
        let alone = both("", "request: {set: {host: inner}}");
        assert_eq!(alone["route"]["host_rewrite_literal"], "inner");
        let two = both("request: {set: {host: outer}}", "request: {set: {':authority': inner}}");
        assert_eq!(two["route"]["host_rewrite_literal"], "outer");
    }
}

mod destinations {
    use super::*;

    #[test]
    fn operations_of_the_only_destination_follow_those_of_the_rule() {
        let route = both(
            "request: {set: {a: rule}, add: {b: rule}, remove: [x]}, response: {add: {c: rule}}",
            "request: {set: {a: inner}, add: {b: inner}, remove: [y]}, response: {add: {c: inner}}",
        );
        assert_eq!(
            route["request_headers_to_add"],
            json!([set("a", "rule"), add("b", "rule"), set("a", "inner"), add("b", "inner")])
        );
        assert_eq!(route["request_headers_to_remove"], json!(["x", "y"]));
        assert_eq!(route["response_headers_to_add"], json!([add("c", "rule"), add("c", "inner")]));
    }

    #[test]
    fn operations_of_weighted_destinations_stay_with_them() {
        let route = &routes(
            "[{headers: {request: {set: {a: rule}}}, route: [\
               {destination: {host: one}, weight: 1, headers: {request: {set: {a: one, host: other}, remove: [x]}}},\
               {destination: {host: two}, weight: 1, headers: {response: {add: {b: two}}}}]}]",
            At::Sidecar,
        )[0];
        assert_eq!(route["request_headers_to_add"], json!([set("a", "rule")]));
        assert_eq!(route["response_headers_to_add"], Value::Null);
        assert_eq!(route["route"]["host_rewrite_literal"], Value::Null);
        assert_eq!(
            route["route"]["weighted_clusters"]["clusters"],
            json!([
                {
                    "name": format!("one-v1-0>outbound|80||{ONE}"),
                    "weight": 1,
                    "host_rewrite_literal": "other",
                    "request_headers_to_add": [set("a", "one")],
                    "request_headers_to_remove": ["x"]
                },
                {
                    "name": format!("one-v1-0>outbound|80||{TWO}"),
                    "weight": 1,
                    "response_headers_to_add": [add("b", "two")]
                }
            ])
        );
    }
}
