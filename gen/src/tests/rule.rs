//! The laws without which nothing means anything: names, patterns, weights that lead nowhere.

use super::Cluster;
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualServiceHttpMatchUri, VirtualServiceHttpMatchWithoutHeaders,
};

/// Changes the lab with its canary and compares the findings: object, field, and the start of the message.
#[track_caller]
fn check(change: impl FnOnce(&mut Cluster), expected: &[[&str; 3]]) {
    let mut cluster = Cluster::with_canary();
    change(&mut cluster);
    let found: Vec<[String; 3]> = cluster
        .without_meaning()
        .into_iter()
        .map(|violation| [violation.object, violation.field, violation.message])
        .collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, [object, field, message]) in found.iter().zip(expected) {
        assert_eq!([&found[0], &found[1]], [object, field]);
        assert!(found[2].starts_with(message), "{}", found[2]);
    }
}

const GATEWAY: &str = "Gateway cloudnative/httpserver-service1";
const ROUTE: &str = "VirtualService cloudnative/httpserver-service2-mesh";

#[test]
fn a_credential_that_is_a_path_is_refused() {
    for name in ["/tmp/elsewhere", "../up", "a/b", "", "Upper", "-dash", "two words"] {
        let message = format!("`{name}` is not a name");
        check(
            |cluster| {
                let tls = cluster.server("httpserver-service1", 0).tls.as_mut();
                tls.unwrap().credential_name = Some(name.into());
            },
            &[[GATEWAY, "spec.servers[0].tls.credentialName", &message]],
        );
    }
}

#[test]
fn a_port_name_that_is_a_path_is_refused() {
    check(
        |cluster| cluster.server("httpserver-service1", 1).port.name = "a/../b".into(),
        &[[GATEWAY, "spec.servers[1].port.name", "`a/../b` is not a name"]],
    );
}

#[test]
fn an_object_without_a_name_or_namespace_is_refused() {
    check(
        |cluster| {
            let metadata = &mut cluster.deployment("httpserver-service2-v2").metadata;
            metadata.name = Some(String::new());
        },
        &[["Deployment cloudnative/", "metadata.name", "`` is not a name"]],
    );
    let mut cluster = Cluster::with_canary();
    cluster.deployment("httpserver-service2-v2").metadata.namespace = None;
    let found = cluster.without_meaning();
    assert!(found.iter().any(|violation| violation.field == "metadata.namespace"), "{found:#?}");
}

#[test]
fn names_may_have_dots_and_digits() {
    check(
        |cluster| {
            cluster.virtual_service("httpserver-service2-mesh").metadata.name =
                Some("a1.b-2.c".into());
        },
        &[],
    );
}

#[test]
fn a_pattern_that_does_not_compile_is_refused_wherever_it_stands() {
    let regex = || Some("[unclosed".to_owned());
    check(
        |cluster| {
            let http =
                cluster.virtual_service("httpserver-service2-mesh").spec.http.as_mut().unwrap();
            let r#match = &mut http[0].r#match.as_mut().unwrap()[0];
            r#match.uri = Some(VirtualServiceHttpMatchUri { regex: regex(), ..Default::default() });
            let header = r#match.headers.as_mut().unwrap().get_mut("x-lane").unwrap();
            (header.exact, header.regex) = (None, regex());
            let without =
                VirtualServiceHttpMatchWithoutHeaders { regex: regex(), ..Default::default() };
            r#match.without_headers = Some([("x-other".to_owned(), without)].into());
        },
        &[
            [
                ROUTE,
                "spec.http[0].match[0].headers.x-lane.regex",
                "`[unclosed` is not a pattern: unclosed",
            ],
            [ROUTE, "spec.http[0].match[0].uri.regex", "`[unclosed` is not a pattern: unclosed"],
            [
                ROUTE,
                "spec.http[0].match[0].withoutHeaders.x-other.regex",
                "`[unclosed` is not a pattern",
            ],
        ],
    );
}

#[test]
fn the_pattern_that_stands_for_any_value_and_a_good_one_are_fine() {
    for pattern in ["*", ".*lane=v2.*", "v[0-9]+"] {
        check(
            |cluster| {
                let http =
                    cluster.virtual_service("httpserver-service2-mesh").spec.http.as_mut().unwrap();
                let headers = http[0].r#match.as_mut().unwrap()[0].headers.as_mut().unwrap();
                let header = headers.get_mut("x-lane").unwrap();
                (header.exact, header.regex) = (None, Some(pattern.into()));
            },
            &[],
        );
    }
}

#[test]
fn weights_of_several_destinations_must_add_up_to_something() {
    let split = |first: Option<i32>, second: Option<i32>| {
        move |cluster: &mut Cluster| {
            let http =
                cluster.virtual_service("httpserver-service2-mesh").spec.http.as_mut().unwrap();
            let route = http[1].route.as_mut().unwrap();
            route.push(route[0].clone());
            (route[0].weight, route[1].weight) = (first, second);
        }
    };
    let refused = [[ROUTE, "spec.http[1].route", "the weights of 2 destinations add up to 0"]];
    check(split(None, None), &refused);
    check(split(Some(0), Some(0)), &refused);
    check(split(Some(0), Some(1)), &[]);
}
