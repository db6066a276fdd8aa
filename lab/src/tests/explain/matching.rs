//! Server names, domains, matchers and paths, each by itself.

use super::{changed, field, json, routed, text, virtual_hosts};
use crate::explain::{Mesh, Request, addresses};
use crate::tests::{committed, resolved};
use serde_json::Value;

/// What a route with this match says of a request: `+` and why it takes it, or `-` and why it does not.
#[track_caller]
fn check(r#match: &Value, path: &str, headers: &[&str], expected: &str) {
    let action = json!({"cluster": "nowhere"});
    let mesh = changed(&routed(), |snapshot| {
        let routes = json!([{"name": "candidate", "match": r#match, "route": action}]);
        virtual_hosts(snapshot, &json!([{"name": "host", "domains": ["*"], "routes": routes}]));
    });
    let text = text(&mesh, "POST", &format!("https://example.com:8443{path}"), headers);
    let found = ["route", "not"].map(|name| field(&text, name));
    let said = |words: &[&str]| {
        words.iter().map(|word| word.replace("candidate: ", "")).collect::<String>()
    };
    let [takes, passes] = found.map(|words| said(&words));
    let verdict = if takes.is_empty() { format!("- {passes}") } else { format!("+ {takes}") };
    assert_eq!(verdict, expected, "{match} of {path} {headers:?}");
}

#[test]
fn paths_are_compared_without_their_query() {
    check(&json!({"prefix": "/"}), "/a", &[], "+ takes every request");
    check(&json!({"prefix": "/a"}), "/ab?c", &[], "+ path begins with /a");
    check(&json!({"prefix": "/a"}), "/b/a", &[], "- path is /b/a, which does not begin with /a");
    check(&json!({"path": "/a"}), "/a?b", &[], "+ path is /a");
    check(&json!({"path": "/a"}), "/a/", &[], "- path is /a/, not /a");
    check(&json!({"path": "/A", "case_sensitive": false}), "/a", &[], "+ path is /A in any case");
    check(
        &json!({"prefix": "/Ab", "case_sensitive": false}),
        "/a",
        &[],
        "- path is /a, which does not begin with /Ab in any case",
    );
}

#[test]
fn a_regular_expression_matches_the_whole_value_in_its_own_case() {
    let regex = |regex: &str| json!({"safe_regex": {"regex": regex}, "case_sensitive": false});
    check(&regex("/(a|ab)"), "/ab", &[], "+ path matches /(a|ab)");
    check(&regex("/a"), "/ab", &[], "- path is /ab, which does not match /a");
    check(&regex("/A"), "/a", &[], "- path is /a, which does not match /A");
}

/// The same with a matcher of the header `x`.
#[track_caller]
fn header(matcher: &Value, headers: &[&str], expected: &str) {
    let mut matcher = matcher.clone();
    matcher["name"] = json!("x");
    check(&json!({"prefix": "/", "headers": [matcher]}), "/", headers, expected);
}

#[test]
fn each_value_of_a_header_is_compared_by_itself() {
    let exact = json!({"string_match": {"exact": "a"}});
    header(&exact, &["X: a"], "+ x is a");
    header(&exact, &["x: A"], "- x is A, not a");
    header(&exact, &[], "- x is absent");
    header(&exact, &["x:"], "- x is empty, not a");
    header(&exact, &["x: b", "x: a"], "+ x is a");
    header(&exact, &["x: a,b"], "- x is a,b, not a");
    let joined = json!({"string_match": {"exact": "a,b"}});
    header(&joined, &["x: a", "x: b"], "- x is a and b, not a,b");
    let prefix = json!({"string_match": {"prefix": "a"}});
    header(&prefix, &["x: ab"], "+ x begins with a");
    header(&prefix, &["x: ba"], "- x is ba, which does not begin with a");
    let regex = json!({"string_match": {"safe_regex": {"regex": "a+"}}});
    header(&regex, &["x: aa"], "+ x matches a+");
    header(&regex, &["x: aab"], "- x is aab, which does not match a+");
}

#[test]
fn inline_headers_are_one_value() {
    let accept = |value: &str| json!({"prefix": "/", "headers": [{"name": "Accept", "string_match": {"exact": value}}]});
    check(&accept("a,b"), "/", &["accept: a", "accept: b"], "+ Accept is a,b");
    check(&accept("a"), "/", &["accept: a", "accept: b"], "- Accept is a,b, not a");
}

#[test]
fn an_inverted_matcher_passes_if_no_value_does_and_fails_without_any() {
    let not = json!({"string_match": {"exact": "a"}, "invert_match": true});
    header(&not, &["x: b"], "+ x is not a");
    header(&not, &["x: b", "x: a"], "- x is b and a");
    header(&not, &[], "- x is absent");
    let mut or_missing = not;
    or_missing["treat_missing_header_as_empty"] = json!(true);
    header(&or_missing, &[], "+ x is not a");
    header(&or_missing, &["x: a"], "- x is a");
    let not_empty = json!({"string_match": {"exact": ""}, "invert_match": true, "treat_missing_header_as_empty": true});
    header(&not_empty, &[], "- x is absent");
}

#[test]
fn presence_is_of_a_header_even_without_a_value() {
    header(&json!({"present_match": true}), &["x:"], "+ x is there");
    header(&json!({"present_match": true}), &[], "- x is absent");
    header(&json!({"present_match": true, "invert_match": true}), &["x: a"], "- x is there");
    header(&json!({"present_match": true, "invert_match": true}), &[], "+ x is absent");
}

#[test]
fn pseudo_headers_are_the_request_itself() {
    let of = |name: &str, value: &str| json!({"prefix": "/", "headers": [{"name": name, "string_match": {"exact": value}}]});
    check(&of(":method", "POST"), "/", &[], "+ method is POST");
    check(&of(":method", "GET"), "/", &[], "- method is POST, not GET");
    check(&of(":authority", "example.com:8443"), "/", &[], "+ authority is example.com:8443");
    check(&of("host", "Other.com"), "/", &["Host: Other.com"], "+ host is Other.com");
    check(&of(":scheme", "https"), "/", &[], "+ scheme is https");
    check(&of(":path", "/a?b"), "/./a?b", &[], "+ path is /a?b");
    let proto = "x-forwarded-proto";
    check(&of(proto, "https"), "/", &["x-forwarded-proto: http"], "+ x-forwarded-proto is https");
}

#[test]
fn the_first_query_parameter_of_a_name_counts_as_it_is_written() {
    let of = |test: Value| {
        let mut parameter = test;
        parameter["name"] = json!("v");
        json!({"prefix": "/", "query_parameters": [parameter]})
    };
    let exact = of(json!({"string_match": {"exact": "2"}}));
    check(&exact, "/?a&v=2", &[], "+ query parameter v is 2");
    check(&exact, "/?v=1&v=2", &[], "- query parameter v is 1, not 2");
    check(&exact, "/?v=%32", &[], "- query parameter v is %32, not 2");
    check(&exact, "/?V=2", &[], "- query parameter v is absent");
    check(&exact, "/", &[], "- query parameter v is absent");
    check(&of(json!({"present_match": true})), "/?v", &[], "+ query parameter v is there");
}

#[test]
fn the_most_specific_domain_is_the_virtual_host() {
    let domains = ["*", "*.b.c", "*.c", "a.*", "a.b.*", "a.b.c", "*-x.b.c", "Upper.c"];
    let mesh = changed(&routed(), |snapshot| {
        let hosts =
            domains.map(|domain| json!({"name": format!("[{domain}]"), "domains": [domain]}));
        virtual_hosts(snapshot, &json!(hosts));
    });
    for (host, expected) in [
        ("a.b.c", "a.b.c"),
        ("A.B.C:1", "a.b.c"),
        ("x.b.c", "*.b.c"),
        ("y-x.b.c", "*-x.b.c"),
        ("-x.b.c", "*.b.c"),
        ("a.c", "*.c"),
        ("a.b.d", "a.b.*"),
        ("a.d", "a.*"),
        ("upper.c", "Upper.c"),
        ("a.", "*"),
        ("c", "*"),
    ] {
        let text = text(&mesh, "GET", "https://example.com", &[&format!("host: {host}")]);
        let expected = format!("[{expected}], domain {expected}");
        assert_eq!(field(&text, "virtual host"), [expected], "{host}");
    }
}

#[test]
fn the_most_specific_server_name_is_the_filter_chain() {
    let mesh = changed(&routed(), |snapshot| {
        let listener = snapshot.listeners.get_mut("0.0.0.0_8443").expect("the listener");
        let chain = listener["filter_chains"][0].clone();
        let named = |name: &str| {
            let mut chain = chain.clone();
            chain["filter_chain_match"] = json!({"server_names": [name]});
            chain
        };
        listener["filter_chains"] = json!(["a.b.c", "*.b.c", "*.c"].map(named));
    });
    for (name, expected) in [
        ("a.b.c", "0.0.0.0_8443, filter chain for a.b.c"),
        ("A.b.c.", "0.0.0.0_8443, filter chain for a.b.c"),
        ("x.y.b.c", "0.0.0.0_8443, filter chain for *.b.c"),
        ("b.c", "0.0.0.0_8443, filter chain for *.c"),
        ("c", "0.0.0.0_8443"),
        ("127.0.0.1", "0.0.0.0_8443"),
    ] {
        let text = text(&mesh, "GET", &format!("https://{name}/"), &[]);
        assert_eq!(field(&text, "listener"), [expected], "{name}");
        assert_eq!(text.contains("connection reset"), !expected.contains("chain"), "{text}");
    }
}

#[test]
fn paths_are_normalized_as_envoy_does_it() {
    let mesh = Mesh::read(&committed(), &[]).unwrap();
    for (path, expected) in [
        ("", "/"),
        ("?a=/./b", "/?a=/./b"),
        ("//a//b", "//a//b"),
        ("/./a/../b/.", "/b/"),
        ("/a/b/..", "/a/"),
        ("/../../a", "/a"),
        ("/a//../b", "/a/b"),
        ("/%2e/%2E%2e/.%2e/a", "/a"),
        ("/...", "/..."),
        ("/a%2Fb%2f..", "/a%2Fb%2f.."),
        ("/%41%7e%2d%5f", "/A~-_"),
        ("/%20%25%7B%zz%", "/%20%25%7B%zz%"),
        ("/a#b?c", "/a"),
    ] {
        let url = format!("http://service1.cncamp.io{path}");
        let explanation = mesh.explain(&Request::new("GET", &url, &[]).unwrap()).unwrap();
        let location = explanation.outcomes()[0].location.clone().unwrap();
        assert_eq!(location, format!("https://service1.cncamp.io:443{expected}"), "{path}");
    }
}

#[test]
fn what_explain_does_not_know_of_the_configuration_is_an_error() {
    let topology = resolved(&routed());
    let addresses = addresses(&topology);
    let ready = topology.pods.iter().map(|pod| pod.name.clone()).collect();
    let failure = |change: &dyn Fn(&mut Value)| {
        let mut snapshot = crate::envoy::snapshot(&topology, &addresses, &ready);
        let routes = snapshot.routes.get_mut(super::ROUTES).expect("routes of the gateway");
        change(&mut routes.configuration["virtual_hosts"][0]["routes"][0]);
        Mesh::with(&topology, &addresses, &snapshot).map(|_| ()).unwrap_err().to_string()
    };
    let found = failure(&|route| route["match"]["grpc"] = json!({}));
    assert!(
        found.contains("virtual_hosts[0].routes[0].match.grpc: unknown field `grpc`"),
        "{found}"
    );
    let found = failure(&|route| route["per_request_buffer_limit_bytes"] = json!(1));
    assert!(found.contains("unknown field `per_request_buffer_limit_bytes`"), "{found}");
    let suffix = json!([{"name": "a", "string_match": {"suffix": "b"}}]);
    let found = failure(&|route| route["match"]["headers"] = suffix.clone());
    assert!(found.contains("unknown variant `suffix`"), "{found}");
    let found = failure(&|route| route["match"] = json!({"prefix": "/", "path": "/"}));
    assert!(found.contains("one of `prefix`, `path` and `safe_regex`"), "{found}");
}
