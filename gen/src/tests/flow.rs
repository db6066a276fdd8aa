//! Where requests go, told from the objects: entrances, lanes, decisions, the tree of calls; and the model's own answer.

use crate::flow::{Answer, Class, Decision, Flow};
use crate::layout;
use crate::model::{Call, Lab, Lane, Service};
use crate::object::{Manifest, Object};
use kcr_networking_istio_io::v1::virtualservices::{VirtualService, VirtualServiceHttp};

/// All layers of the lab, in the order of application, to be changed by a test.
fn manifests(lab: &Lab) -> Vec<Manifest> {
    layout::layers(lab).iter().flat_map(layout::Layer::manifests).collect()
}

/// What `tell` says about the objects, line by line.
#[track_caller]
fn check(manifests: &[Manifest], tell: impl Fn(&Flow<'_>) -> Vec<String>, expected: &[&str]) {
    let sequence: Vec<&Manifest> = manifests.iter().collect();
    assert_eq!(tell(&Flow::of(&sequence)), expected);
}

fn host(service: &str) -> String {
    format!("httpserver-{service}.cloudnative.svc.cluster.local")
}

fn lane(name: &str) -> Class {
    Class::Lane(name.into())
}

/// A VirtualService in the last layer that has it.
fn route<'a>(manifests: &'a mut [Manifest], name: &str) -> &'a mut VirtualService {
    let found = manifests.iter_mut().rev().find_map(|manifest| match &mut manifest.object {
        Object::VirtualService(route) if route.metadata.name.as_deref() == Some(name) => {
            Some(route)
        }
        _ => None,
    });
    found.expect("a route of this name")
}

/// A rule as it is written.
fn rule(yaml: &str) -> VirtualServiceHttp {
    serde_yaml::from_str(yaml).expect("a rule")
}

/// Decisions at a service of the mesh, one a line.
fn at(service: &'static str, class: Class) -> impl Fn(&Flow<'_>) -> Vec<String> {
    move |flow| shown(&flow.at_host(&host(service), &class), &host(service))
}

fn shown(decisions: &[Decision], home: &str) -> Vec<String> {
    let decisions = decisions.iter().map(|decision| {
        let when = decision.when.as_ref().map_or("else".to_owned(), |when| format!("when {when}"));
        let extras = decision.extras.iter().map(|extra| format!("; {}", extra.words));
        format!("{when}: {}{}", decision.answer.words(Some(home)), extras.collect::<String>())
    });
    decisions.collect()
}

/// The picture that the guide draws.
fn tree(flow: &Flow<'_>) -> Vec<String> {
    let classes = flow.classes();
    let entrances = flow.entrances();
    let rows = entrances.iter().flat_map(|entrance| flow.tree(entrance, &classes));
    rows.map(|row| {
        let cells = row.cells.iter().map(|cell| match cell {
            None => " | -".to_owned(),
            Some(cell) if cell.is_fallback() => {
                format!(" | {} (falls back)", cell.words(&row.host))
            }
            Some(cell) => format!(" | {}", cell.words(&row.host)),
        });
        let again = if row.repeated { " (again)" } else { "" };
        let indent = "  ".repeat(row.depth);
        format!("{indent}{}{again}{}", row.service, cells.collect::<String>())
    })
    .collect()
}

fn entrances(flow: &Flow<'_>) -> Vec<String> {
    let entrances = flow.entrances().into_iter().map(|entrance| {
        let route = entrance.route.as_ref().map_or("none".to_owned(), ToString::to_string);
        let decided = shown(&flow.at_entrance(&entrance, &Class::NoLane), "");
        format!("{} ({}) {route}: {}", entrance.url, entrance.gateway, decided.join("; "))
    });
    entrances.collect()
}

#[test]
fn entrances_are_the_published_hosts() {
    check(
        &manifests(&Lab::with_one_lane()),
        entrances,
        &[
            "https://service1.cncamp.io (cloudnative/httpserver-service1) VirtualService cloudnative/httpserver-service1: else: httpserver-service1 v1",
            "http://service1.cncamp.io (cloudnative/httpserver-service1) VirtualService cloudnative/httpserver-service1: else: redirected to HTTPS",
            "https://jaeger.cncamp.io (istio-system/jaeger) VirtualService istio-system/jaeger: when path starts with /jaeger: any version of tracing; when path is /: redirected to /jaeger/; else: 404, no rule matches",
            "http://jaeger.cncamp.io (istio-system/jaeger) VirtualService istio-system/jaeger: else: redirected to HTTPS",
        ],
    );
}

#[test]
fn an_entrance_without_a_route_leads_nowhere() {
    let mut manifests = manifests(&Lab::with_one_lane());
    manifests.retain(|manifest| {
        !matches!(&manifest.object, Object::VirtualService(route)
            if route.metadata.name.as_deref() == Some("httpserver-service1"))
    });
    check(
        &manifests,
        |flow| entrances(flow).into_iter().take(1).collect(),
        &[
            "https://service1.cncamp.io (cloudnative/httpserver-service1) none: else: 404, no rule matches",
        ],
    );
}

#[test]
fn a_wildcard_is_as_narrow_as_its_route() {
    let mut manifests = manifests(&Lab::with_one_lane());
    for manifest in &mut manifests {
        if let Object::Gateway(gateway) = &mut manifest.object {
            let servers = gateway.spec.servers.as_mut().unwrap();
            servers.retain(|server| server.port.number == 443);
            servers[0].hosts = vec!["./*.cncamp.io".into()];
            servers[0].port.number = 8443;
        }
    }
    check(
        &manifests,
        |flow| flow.entrances().into_iter().map(|entrance| entrance.url).collect(),
        &["https://service1.cncamp.io:8443", "https://jaeger.cncamp.io:8443"],
    );
}

#[test]
fn the_tree_has_a_row_for_each_service_in_the_order_of_calls() {
    let mut lab = Lab::with_one_lane();
    lab.lanes[0].services.remove(1);
    check(
        &manifests(&lab),
        tree,
        &[
            "httpserver-service1 | v1 | v2",
            "  httpserver-service2 | v1 | v1 (falls back)",
            "    httpserver-service3 | v1 | v2",
            "tracing | when path starts with /jaeger: any version; when path is /: redirected to /jaeger/; else 404, no rule matches | when path starts with /jaeger: any version; when path is /: redirected to /jaeger/; else 404, no rule matches",
        ],
    );
}

#[test]
fn a_fan_out_and_a_cycle_are_drawn() {
    let mut lab = Lab::with_one_lane();
    let call = |service: &str| Call {
        variable: format!("{}_URL", service.to_uppercase()),
        service: format!("httpserver-{service}"),
    };
    lab.services[0].calls = vec![call("service3"), call("service2")];
    lab.services[1].calls = vec![call("service1")];
    check(
        &manifests(&lab),
        |flow| tree(flow).into_iter().take(4).collect(),
        &[
            "httpserver-service1 | v1 | v2",
            "  httpserver-service3 | v1 | v2",
            "  httpserver-service2 | v1 | v2",
            "    httpserver-service1 (again) | v1 | v2",
        ],
    );
}

#[test]
fn only_requests_that_reach_a_caller_reach_whom_it_calls() {
    let mut manifests = manifests(&Lab::with_one_lane());
    for manifest in &mut manifests {
        if let Object::Deployment(deployment) = &mut manifest.object
            && deployment.metadata.name.as_deref() == Some("httpserver-service2-v2")
        {
            let pod = deployment.spec.as_mut().unwrap().template.spec.as_mut().unwrap();
            pod.containers[0]
                .env
                .as_mut()
                .unwrap()
                .retain(|variable| variable.name != "SERVICE3_URL");
        }
    }
    check(
        &manifests,
        |flow| tree(flow).into_iter().take(3).collect(),
        &[
            "httpserver-service1 | v1 | v2",
            "  httpserver-service2 | v1 | v2",
            "    httpserver-service3 | v1 | -",
        ],
    );
}

#[test]
fn a_proxy_that_sets_the_lane_changes_the_hops_behind_it() {
    let mut manifests = manifests(&Lab::with_one_lane());
    let http = route(&mut manifests, "httpserver-service2-mesh").spec.http.as_mut().unwrap();
    http[1].headers = rule("headers: {request: {set: {X-Lane: v2}}}").headers;
    check(
        &manifests,
        |flow| tree(flow).into_iter().take(3).collect(),
        &[
            "httpserver-service1 | v1 | v2",
            "  httpserver-service2 | v1 | v2",
            "    httpserver-service3 | v2 | v2",
        ],
    );
}

#[test]
fn lanes_are_what_rules_compare_with() {
    let mut manifests = manifests(&Lab::with_one_lane());
    let http = route(&mut manifests, "httpserver-service2-mesh").spec.http.as_mut().unwrap();
    http.insert(
        0,
        rule("match: [{headers: {X-Lane: {exact: v7}}}, {headers: {x-lane: {prefix: v}}}]"),
    );
    check(&manifests, |flow| flow.lanes().into_iter().collect(), &["v2", "v7"]);
}

/// Rules before those of the demo, for the second service.
fn with_rules(rules: &str) -> Vec<Manifest> {
    let mut manifests = manifests(&Lab::with_one_lane());
    let rules: Vec<VirtualServiceHttp> = serde_yaml::from_str(rules).expect("rules");
    let http = route(&mut manifests, "httpserver-service2-mesh").spec.http.as_mut().unwrap();
    http.splice(0..0, rules);
    manifests
}

const CONDITIONS: &str = "
- match:
  - {uri: {prefix: /api}, headers: {end-user: {exact: jason}}}
  - {uri: {exact: /login}, ignoreUriCase: true, method: {exact: POST}}
  redirect: {authority: example.org, scheme: https, uri: /elsewhere, redirectCode: 302}
- match: [{headers: {end-user: {}}, withoutHeaders: {cookie: {regex: '.*x.*'}}}]
  directResponse: {status: 503}
- match: [{queryParams: {v: {exact: '2'}}, sourceLabels: {app: web}, sourceNamespace: shop}]
  delegate: {name: other}
- match: [{port: 81}]
  directResponse: {status: 418}
- match: [{gateways: [httpserver-service1]}]
  directResponse: {status: 418}
- match: [{uri: {prefix: /v}, headers: {x-lane: {exact: v2}}}]
  route: [{destination: {host: httpserver-service3, subset: v1}}]
";

#[test]
fn conditions_are_kept_in_words() {
    let all = [
        "when path starts with /api and header end-user is jason, or path is /login in any case and method is POST: redirected to https://example.org/elsewhere (302)",
        "when header end-user is present and header cookie does not match .*x.*: answered by the proxy itself with 503",
        "when query parameter v is 2 and the caller has the label app=web and the caller is in the namespace shop: as VirtualService cloudnative/other decides",
    ];
    let manifests = with_rules(CONDITIONS);
    let without = [&all[..], &["else: v1"]].concat();
    check(&manifests, at("service2", Class::NoLane), &without);
    let inside =
        [&all[..], &["when path starts with /v: httpserver-service3 v1", "else: v2"]].concat();
    check(&manifests, at("service2", lane("v2")), &inside);
}

#[test]
fn conditions_on_the_lane_are_decided() {
    let manifests = with_rules(
        "
- match: [{headers: {x-lane: {regex: 'v[3-5]'}}}]
  directResponse: {status: 201}
- match: [{headers: {x-lane: {prefix: w}}, uri: {prefix: /}}]
  directResponse: {status: 202}
- match: [{withoutHeaders: {x-lane: {exact: v2}}, headers: {x-lane: {}}}]
  directResponse: {status: 203}
- match: [{withoutHeaders: {x-lane: {}}, uri: {exact: /none}}]
  directResponse: {status: 204}
",
    );
    let answers = |flow: &Flow<'_>| {
        ["v2", "v4", "v6", "w"].map(|name| at("service2", lane(name))(flow).join("; ")).into()
    };
    let by_proxy = "else: answered by the proxy itself with";
    let expected = [201, 203, 202].map(|status| format!("{by_proxy} {status}"));
    check(&manifests, answers, &["else: v2", &expected[0], &expected[1], &expected[2]]);
    let none = "when path is /none: answered by the proxy itself with 204";
    check(&manifests, at("service2", Class::NoLane), &[none, "else: v1"]);
}

#[test]
fn what_else_happens_is_told() {
    let manifests = with_rules(
        "
- fault: {delay: {fixedDelay: 5s, percentage: {value: 10}}, abort: {httpStatus: 503, percentage: {value: 100}}}
  timeout: 2s
  retries: {attempts: 3, perTryTimeout: 1s, retryOn: 5xx}
  rewrite: {uri: /new}
  mirror: {host: httpserver-service2, subset: v2}
  mirrorPercentage: {value: 12.5}
  headers: {request: {set: {x-lane: v2}, remove: [cookie]}, response: {add: {x-seen: 'yes'}}}
  route:
  - {destination: {host: httpserver-service2, subset: v1}, weight: 90}
  - {destination: {host: httpserver-service2, subset: v2}, weight: 10}
",
    );
    let expected = "else: 90 % v1, 10 % v2; delayed by 5s for 10 %; aborted with 503 for 100 %; timeout 2s; \
        3 retries on 5xx, each try 1s at most; rewritten to the path /new; mirrored to v2 for 12.5 %; \
        sets x-lane: v2; removes cookie; in the answer adds x-seen: yes";
    check(&manifests, at("service2", Class::NoLane), &[expected]);
}

#[test]
fn a_subset_is_what_its_pods_are() {
    let mut manifests = manifests(&Lab::with_one_lane());
    for manifest in &mut manifests {
        match &mut manifest.object {
            Object::DestinationRule(rule) if rule.spec.host == host("service2") => {
                let subset = &mut rule.spec.subsets.as_mut().unwrap()[0];
                subset.labels = Some([("version".to_owned(), "v2".to_owned())].into());
            }
            Object::Deployment(deployment)
                if deployment.metadata.name.as_deref() == Some("httpserver-service3-v2") =>
            {
                deployment.spec.as_mut().unwrap().replicas = Some(0);
            }
            _ => {}
        }
    }
    check(&manifests, at("service2", Class::NoLane), &["else: v1 (pods of v2)"]);
    check(&manifests, at("service3", lane("v2")), &["else: v2 (no pods)"]);
}

#[test]
fn a_host_without_a_route_is_any_version() {
    let mut manifests = manifests(&Lab::with_one_lane());
    manifests.retain(|manifest| !matches!(manifest.object, Object::VirtualService(_)));
    check(&manifests, at("service2", lane("v2")), &["else: any version"]);
    let full = |flow: &Flow<'_>| {
        let decisions = flow.at_host(&host("service2"), &Class::NoLane);
        decisions.iter().map(|one| one.answer.words_in_full(Some(&host("service2")))).collect()
    };
    check(&manifests, full, &["any version (v1 or v2)"]);
}

/// What the model says: a lane's own version where the lane has the service, the baseline elsewhere.
#[test]
fn every_topology_of_two_lanes_is_as_the_model_has_it() {
    for topology in 0..64_u32 {
        let mut lab = Lab::with_one_lane();
        let has = |lane: usize, service: usize| topology >> (lane * 3 + service) & 1 == 1;
        let lanes = ["v2", "v3"].iter().enumerate().map(|(index, name)| {
            let services = lab.services.iter().enumerate();
            let services = services.filter(|(service, _)| has(index, *service));
            Lane::new(name, services.map(|(_, service)| service.name.clone()))
        });
        lab.lanes = lanes.collect();
        let layers = layout::layers(&lab);
        for lane in &lab.lanes {
            let own = format!("{}{}", layout::LANE_LAYER_PREFIX, lane.name);
            let applied = layers.iter().filter(|layer| {
                layer.name == own || !layer.name.starts_with(layout::LANE_LAYER_PREFIX)
            });
            let manifests: Vec<Manifest> = applied.flat_map(layout::Layer::manifests).collect();
            let sequence: Vec<&Manifest> = manifests.iter().collect();
            let flow = Flow::of(&sequence);
            for service in &lab.services {
                compare(&lab, &flow, service, lane);
            }
        }
    }
}

#[track_caller]
fn compare(lab: &Lab, flow: &Flow<'_>, service: &Service, lane: &Lane) {
    let own = lane.services.contains(&service.name);
    let host = crate::host::service(&service.name, &lab.namespace);
    let classes = [
        (Class::NoLane, &lab.baseline),
        (Class::Lane(lane.name.clone()), if own { &lane.name } else { &lab.baseline }),
    ];
    for (class, version) in classes {
        let told = flow.at_host(&host, &class);
        assert_eq!(shown(&told, &host), [format!("else: {version}")], "{} {class}", service.name);
        let leaves = class != Class::NoLane && !own;
        assert_eq!(told[0].answer.leaves(&class), leaves);
        let rows = flow.tree(&flow.entrances()[0], std::slice::from_ref(&class));
        let row = rows.iter().find(|row| row.host == host).expect("a row");
        let cell = row.cells[0].as_ref().expect("a cell");
        assert_eq!((cell.words(&host), cell.is_fallback()), (version.clone(), leaves));
        assert!(matches!(told[0].answer, Answer::Shares(_)));
    }
}
