//! Two states → what is said about their difference, to the letter.

use crate::change::changes;
use crate::layout;
use crate::model::{Call, Lab, Lane, Service};
use crate::object::{Manifest, Object};
use k8s_openapi::api::apps::v1::Deployment;
use kcr_networking_istio_io::v1::virtualservices::VirtualService;

type Layers = Vec<(String, Vec<Manifest>)>;

fn state(lab: &Lab) -> Layers {
    layout::layers(lab).iter().map(|layer| (layer.name.clone(), layer.manifests())).collect()
}

#[track_caller]
fn check(old: &Layers, new: &Layers, expected: &str) {
    assert_eq!(changes(old, new).to_string(), expected);
}

#[track_caller]
fn check_sentences(old: &Layers, new: &Layers, expected: &[&str]) {
    assert_eq!(changes(old, new).sentences, expected);
}

fn without(lab: &Lab, lane: usize, service: usize) -> Lab {
    let mut lab = lab.clone();
    lab.lanes[lane].services.remove(service);
    lab
}

fn routes<'a>(
    state: &'a mut Layers,
    layers: &[&str],
    names: &[&str],
) -> Vec<&'a mut VirtualService> {
    let chosen = state.iter_mut().filter(|(layer, _)| layers.contains(&layer.as_str()));
    let found = chosen.flat_map(|(_, manifests)| manifests).filter_map(|manifest| {
        match &mut manifest.object {
            Object::VirtualService(route) => Some(route.as_mut()),
            _ => None,
        }
    });
    found
        .filter(|route| names.contains(&route.metadata.name.as_deref().unwrap_or_default()))
        .collect()
}

/// The demo, with another rule in place of each last one, which is the baseline's, in these VirtualServices.
fn with_baseline(layers: &[&str], names: &[&str], change: &str) -> Layers {
    let change: serde_yaml::Mapping = serde_yaml::from_str(change).expect("fields");
    let mut state = state(&Lab::with_one_lane());
    for route in routes(&mut state, layers, names) {
        let rule = route.spec.http.as_mut().unwrap().last_mut().unwrap();
        let mut value = serde_yaml::to_value(&*rule).unwrap();
        value.as_mapping_mut().unwrap().extend(change.clone());
        *rule = serde_yaml::from_value(value).expect("a rule");
    }
    state
}

fn deployment<'a>(state: &'a mut Layers, name: &str) -> &'a mut Deployment {
    let all = state.iter_mut().flat_map(|(_, manifests)| manifests);
    let mut found = all.filter_map(|manifest| match &mut manifest.object {
        Object::Deployment(deployment) => Some(deployment.as_mut()),
        _ => None,
    });
    found.find(|found| found.metadata.name.as_deref() == Some(name)).expect("a Deployment")
}

const BOTH: &[&str] = &["v1", "canary-v2"];
const SPLIT: &str = "
route:
- {destination: {host: httpserver-service1, subset: v1}, weight: 90}
- {destination: {host: httpserver-service1, subset: v2}, weight: 10}
";

fn demo() -> Layers {
    state(&Lab::with_one_lane())
}

#[test]
fn nothing() {
    check(
        &demo(),
        &demo(),
        "For a request\n  nothing changes for a request\n\nObjects\n  nothing changes\n",
    );
    assert!(changes(&demo(), &demo()).is_empty());
}

#[test]
fn a_lane_that_loses_a_service() {
    check(
        &demo(),
        &state(&without(&Lab::with_one_lane(), 0, 1)),
        "For a request
  lane v2: httpserver-service2 now falls back to v1 (was v2)

Objects
  canary-v2
    changed DestinationRule cloudnative/httpserver-service2 (out/canary-v2/routes/destination-rules.yaml)
      spec.subsets[v2]: {\"labels\":{\"version\":\"v2\"},\"name\":\"v2\"} → (none)
    changed VirtualService cloudnative/httpserver-service2-mesh (out/canary-v2/routes/virtual-services.yaml)
      spec.http[lane-v2]: {\"match\":[{\"headers\":{\"x-lane\":{\"exact\":\"v2\"}}}],\"name\":\"lane-v2\",\"route\":[{\"destination\":{\"host\":\"httpserver-service2.cloudnative.svc.cluster.local\",\"port\":{\"number\":80},\"subset\":\"v2\"}}]} → (none)
    removed Deployment cloudnative/httpserver-service2-v2 (out/canary-v2/workloads/httpserver-service2.yaml)
",
    );
}

#[test]
fn a_lane_that_gets_a_service_back() {
    check_sentences(
        &state(&without(&Lab::with_one_lane(), 0, 1)),
        &demo(),
        &["lane v2: httpserver-service2 is in its lane again: v2 (was v1)"],
    );
}

#[test]
fn the_entrance_and_its_service_are_said_once() {
    check_sentences(
        &demo(),
        &state(&without(&Lab::with_one_lane(), 0, 0)),
        &["lane v2: httpserver-service1 now falls back to v1 (was v2)"],
    );
}

#[test]
fn a_lane_without_pods() {
    let mut new = demo();
    deployment(&mut new, "httpserver-service3-v2").spec.as_mut().unwrap().replicas = Some(0);
    check(
        &demo(),
        &new,
        "For a request
  lane v2: httpserver-service3 is answered by v2 (no pods) (was v2)

Objects
  canary-v2
    changed Deployment cloudnative/httpserver-service3-v2 (out/canary-v2/workloads/httpserver-service3.yaml)
      spec.replicas: 1 → 0
",
    );
}

#[test]
fn a_canary_by_weight() {
    let names = ["httpserver-service1", "httpserver-service1-mesh"];
    check(
        &demo(),
        &with_baseline(&["canary-v2"], &names, SPLIT),
        "For a request
  with canary-v2 applied, requests without a lane: httpserver-service1 is answered by 90 % v1, 10 % v2 (was v1)

Objects
  canary-v2
    changed VirtualService cloudnative/httpserver-service1 (out/canary-v2/routes/virtual-services.yaml)
      spec.http[baseline].route[0].destination.host: \"httpserver-service1.cloudnative.svc.cluster.local\" → \"httpserver-service1\"
      spec.http[baseline].route[0].destination.port: {\"number\":80} → (none)
      spec.http[baseline].route[0].weight: (none) → 90
      spec.http[baseline].route[1]: (none) → {\"destination\":{\"host\":\"httpserver-service1\",\"subset\":\"v2\"},\"weight\":10}
    changed VirtualService cloudnative/httpserver-service1-mesh (out/canary-v2/routes/virtual-services.yaml)
      spec.http[baseline].route[0].destination.host: \"httpserver-service1.cloudnative.svc.cluster.local\" → \"httpserver-service1\"
      spec.http[baseline].route[0].destination.port: {\"number\":80} → (none)
      spec.http[baseline].route[0].weight: (none) → 90
      spec.http[baseline].route[1]: (none) → {\"destination\":{\"host\":\"httpserver-service1\",\"subset\":\"v2\"},\"weight\":10}
",
    );
}

#[test]
fn a_split_at_the_entrance_or_inside_alone() {
    let change = |name| with_baseline(&["canary-v2"], &[name], SPLIT);
    let prefix = "with canary-v2 applied, requests without a lane:";
    check_sentences(
        &demo(),
        &change("httpserver-service1"),
        &[&format!(
            "{prefix} https://service1.cncamp.io is answered by 90 % httpserver-service1 v1, 10 % httpserver-service1 v2 (was httpserver-service1 v1)"
        )],
    );
    check_sentences(
        &demo(),
        &change("httpserver-service1-mesh"),
        &[&format!(
            "{prefix} httpserver-service1 inside of the mesh is answered by 90 % v1, 10 % v2 (was v1)"
        )],
    );
}

#[test]
fn what_is_true_of_all_requests_is_said_once() {
    let delay = "fault: {delay: {fixedDelay: 5s, percentage: {value: 10}}}";
    let name = ["httpserver-service2-mesh"];
    let mut new = with_baseline(BOTH, &name, delay);
    check_sentences(
        &demo(),
        &new,
        &["requests without a lane: httpserver-service2: requests are now delayed by 5s for 10 %"],
    );
    for route in routes(&mut new, BOTH, &name) {
        let rules = route.spec.http.as_mut().unwrap();
        let fault = rules.last().unwrap().fault.clone();
        for rule in rules {
            rule.fault.clone_from(&fault);
        }
    }
    let sentence = "httpserver-service2: requests are now delayed by 5s for 10 %";
    check_sentences(&demo(), &new, &[sentence]);
    let gone = "httpserver-service2: requests are no longer delayed by 5s for 10 %";
    check_sentences(&new, &demo(), &[gone]);
    let ground = with_baseline(&["v1"], &name, delay);
    check_sentences(&demo(), &ground, &[&format!("unless canary-v2 is applied, {sentence}")]);
    let longer =
        with_baseline(&["v1"], &name, "fault: {delay: {fixedDelay: 9s, percentage: {value: 10}}}");
    check_sentences(
        &ground,
        &longer,
        &[
            "unless canary-v2 is applied, httpserver-service2: requests are now delayed by 9s for 10 % (was: delayed by 5s for 10 %)",
        ],
    );
}

#[test]
fn other_extras() {
    let change = "
timeout: 2s
retries: {attempts: 3}
mirror: {host: httpserver-service3, subset: v1}
headers: {request: {set: {x-lane: v2}}}
rewrite: {uri: /new}
fault: {abort: {httpStatus: 503, percentage: {value: 100}}}
";
    let of = "requests without a lane: httpserver-service3:";
    let lines = [
        "requests are now aborted with 503 for 100 %",
        "requests now have timeout 2s",
        "requests now have 3 retries",
        "requests are now rewritten to the path /new",
        "requests are now mirrored to v1",
        "its route now sets x-lane: v2",
    ];
    let expected = lines.map(|line| format!("{of} {line}"));
    let new = with_baseline(BOTH, &["httpserver-service3-mesh"], change);
    check_sentences(&demo(), &new, &expected.each_ref().map(String::as_str));
}

#[test]
fn a_condition_comes_and_goes() {
    let mut new = demo();
    for route in routes(&mut new, BOTH, &["httpserver-service2-mesh"]) {
        let rule = "{match: [{uri: {prefix: /api}}], redirect: {authority: example.org}}";
        let rule = serde_yaml::from_str(rule).unwrap();
        route.spec.http.as_mut().unwrap().insert(0, rule);
    }
    let subject = "httpserver-service2, when path starts with /api:";
    let lines = |of: &str, change: &str| format!("{of}: {subject} now {change}");
    let come = ["v1", "v2"].map(|was| format!("redirected to example.org (was {was})"));
    check_sentences(
        &demo(),
        &new,
        &[&lines("requests without a lane", &come[0]), &lines("lane v2", &come[1])],
    );
    let gone = ["v1", "v2"].map(|now| format!("{now} (was redirected to example.org)"));
    check_sentences(
        &new,
        &demo(),
        &[&lines("requests without a lane", &gone[0]), &lines("lane v2", &gone[1])],
    );
}

#[test]
fn conditions_change_their_order() {
    let rules = "[{match: [{uri: {prefix: /a}}], directResponse: {status: 200}},
        {match: [{method: {exact: GET}}], directResponse: {status: 201}}]";
    let with = |turned: usize| {
        let mut state = demo();
        for route in routes(&mut state, BOTH, &["httpserver-service2-mesh"]) {
            let mut rules: Vec<_> = serde_yaml::from_str(rules).unwrap();
            rules.rotate_left(turned);
            route.spec.http.as_mut().unwrap().splice(0..0, rules);
        }
        state
    };
    check_sentences(
        &with(0),
        &with(1),
        &[
            "httpserver-service2 asks its conditions in another order: method is GET, then path starts with /a",
        ],
    );
}

#[test]
fn an_answer_without_a_service() {
    let mut new = demo();
    for route in routes(&mut new, BOTH, &["httpserver-service3-mesh"]) {
        route.spec.http.as_mut().unwrap().pop();
    }
    check_sentences(
        &demo(),
        &new,
        &["requests without a lane: httpserver-service3: now 404, no rule matches (was v1)"],
    );
}

#[test]
fn a_lane_comes() {
    let mut lab = Lab::with_one_lane();
    lab.lanes.push(Lane::new("v4", ["httpserver-service1", "httpserver-service3"]));
    check_sentences(
        &demo(),
        &state(&lab),
        &[
            "lane v4 is new: httpserver-service1 and httpserver-service3 in v4, httpserver-service2 falls back to v1",
        ],
    );
}

#[test]
fn a_lane_goes() {
    let mut lab = Lab::with_one_lane();
    lab.lanes.clear();
    check(
        &demo(),
        &state(&lab),
        "For a request
  lane v2 is gone: its requests are answered by v1

Objects
  canary-v2
    removed Deployment cloudnative/httpserver-service1-v2 (out/canary-v2/workloads/httpserver-service1.yaml)
    removed Deployment cloudnative/httpserver-service2-v2 (out/canary-v2/workloads/httpserver-service2.yaml)
    removed Deployment cloudnative/httpserver-service3-v2 (out/canary-v2/workloads/httpserver-service3.yaml)
    removed DestinationRule cloudnative/httpserver-service1 (out/canary-v2/routes/destination-rules.yaml)
    removed DestinationRule cloudnative/httpserver-service2 (out/canary-v2/routes/destination-rules.yaml)
    removed DestinationRule cloudnative/httpserver-service3 (out/canary-v2/routes/destination-rules.yaml)
    removed VirtualService cloudnative/httpserver-service1 (out/canary-v2/routes/virtual-services.yaml)
    removed VirtualService cloudnative/httpserver-service1-mesh (out/canary-v2/routes/virtual-services.yaml)
    removed VirtualService cloudnative/httpserver-service2-mesh (out/canary-v2/routes/virtual-services.yaml)
    removed VirtualService cloudnative/httpserver-service3-mesh (out/canary-v2/routes/virtual-services.yaml)
",
    );
}

#[test]
fn a_lane_is_renamed_and_another_baseline_comes() {
    let mut lab = Lab::with_one_lane();
    lab.lanes[0].name = "v4".into();
    lab.baseline = "v3".into();
    check_sentences(
        &demo(),
        &state(&lab),
        &[
            "requests without a lane: httpserver-service1 is answered by v3 (was v1)",
            "requests without a lane: httpserver-service2 is answered by v3 (was v1)",
            "requests without a lane: httpserver-service3 is answered by v3 (was v1)",
            "lane v2 is gone: its requests are answered by v3",
            "lane v4 is new: httpserver-service1, httpserver-service2 and httpserver-service3 in v4",
        ],
    );
}

#[test]
fn a_host_is_published_under_another_name() {
    let mut lab = Lab::with_one_lane();
    lab.public.host = "shop.cncamp.io".into();
    check_sentences(
        &demo(),
        &state(&lab),
        &[
            "https://service1.cncamp.io is no longer published",
            "https://shop.cncamp.io is published: it leads to httpserver-service1",
        ],
    );
}

#[test]
fn another_service_is_the_entrance() {
    let mut lab = Lab::with_one_lane();
    lab.services.rotate_left(1);
    check_sentences(
        &demo(),
        &state(&lab),
        &[
            "requests without a lane: https://service1.cncamp.io is answered by httpserver-service2 v1 (was httpserver-service1 v1)",
            "lane v2: https://service1.cncamp.io is answered by httpserver-service2 v2 (was httpserver-service1 v2)",
        ],
    );
}

fn with_a_fourth() -> Lab {
    let mut lab = Lab::with_one_lane();
    let name = "httpserver-service4";
    lab.services.push(Service { name: name.into(), replicas: 1, calls: vec![] });
    lab.services[1].calls.push(Call { variable: "SERVICE4_URL".into(), service: name.into() });
    lab
}

#[test]
fn a_service_comes_and_goes_with_its_call() {
    check_sentences(
        &demo(),
        &state(&with_a_fourth()),
        &[
            "httpserver-service4 is new: v1",
            "httpserver-service2 now calls httpserver-service4 as well",
        ],
    );
    check_sentences(
        &state(&with_a_fourth()),
        &demo(),
        &["httpserver-service4 is gone", "httpserver-service2 no longer calls httpserver-service4"],
    );
}

#[test]
fn one_version_calls_another_service() {
    let (old, mut new) = (demo(), demo());
    let pod = deployment(&mut new, "httpserver-service3-v2").spec.as_mut().unwrap();
    let container = &mut pod.template.spec.as_mut().unwrap().containers[0];
    let variable = "{name: SERVICE2_URL, value: 'http://httpserver-service2'}";
    container.env.as_mut().unwrap().push(serde_yaml::from_str(variable).unwrap());
    check(
        &old,
        &new,
        "For a request
  httpserver-service3 in v2 now calls httpserver-service2

Objects
  canary-v2
    changed Deployment cloudnative/httpserver-service3-v2 (out/canary-v2/workloads/httpserver-service3.yaml)
      spec.template.spec.containers[httpserver].env[SERVICE2_URL]: (none) → {\"name\":\"SERVICE2_URL\",\"value\":\"http://httpserver-service2\"}
",
    );
    check_sentences(&new, &old, &["httpserver-service3 in v2 no longer calls httpserver-service2"]);
}

#[test]
fn a_service_without_a_route_gets_other_pods() {
    let bare = |replicas: i32| {
        let mut state = demo();
        for (_, manifests) in &mut state {
            manifests.retain(|manifest| {
                manifest.object.metadata().name.as_deref() != Some("httpserver-service2-mesh")
            });
        }
        deployment(&mut state, "httpserver-service2-v2").spec.as_mut().unwrap().replicas =
            Some(replicas);
        state
    };
    check_sentences(
        &bare(0),
        &bare(1),
        &[
            "with canary-v2 applied, httpserver-service2 is answered by any version (v1 or v2) (was any version (v1))",
        ],
    );
}

#[test]
fn replicas_change_nothing() {
    let mut lab = Lab::with_one_lane();
    lab.lanes[0].replicas = 2;
    lab.lanes[0].services.truncate(1);
    let mut more = lab.clone();
    more.lanes[0].replicas = 3;
    check(
        &state(&lab),
        &state(&more),
        "For a request
  nothing changes for a request

Objects
  canary-v2
    changed Deployment cloudnative/httpserver-service1-v2 (out/canary-v2/workloads/httpserver-service1.yaml)
      spec.replicas: 2 → 3
",
    );
}

#[test]
fn what_is_no_way_may_matter_all_the_same() {
    let mut lab = Lab::with_one_lane();
    lab.lanes[0].services.truncate(1);
    let old = state(&lab);
    let mut new = old.clone();
    let (_, base) = &mut new[1];
    for manifest in base {
        manifest.file = manifest.file.replace("namespace", "space");
        if let Object::AuthorizationPolicy(policy) = &mut manifest.object
            && policy.metadata.name.as_deref() == Some("httpserver-service3")
        {
            policy.metadata.labels = Some([("example.org/team".into(), "a".into())].into());
            policy.spec.rules = None;
        }
    }
    check(
        &old,
        &new,
        "For a request
  every request goes where it went; what else it may notice stands in the objects below

Objects
  base
    changed Namespace cloudnative (out/base/space.yaml)
      (file): out/base/namespace.yaml → out/base/space.yaml
    changed AuthorizationPolicy cloudnative/httpserver-service3 (out/base/authorization-policies.yaml)
      metadata.labels: (none) → {\"example.org/team\":\"a\"}
      spec.rules: [{\"from\":[{\"source\":{\"principals\":[\"cluster.local/ns/cloudnative/sa/httpserver-service2\"]}}],\"to\":[{\"operation\":{\"ports\":[\"8080\"]}}]}] → (none)
",
    );
}

#[test]
fn plain_http_no_longer_redirects() {
    let mut new = demo();
    for (_, manifests) in &mut new {
        for manifest in manifests.iter_mut().filter(|found| found.file.contains("/v1/")) {
            if let Object::Gateway(gateway) = &mut manifest.object {
                gateway.spec.servers.as_mut().unwrap()[1].tls = None;
            }
        }
    }
    check(
        &demo(),
        &new,
        "For a request
  requests without a lane: http://service1.cncamp.io is answered by httpserver-service1 v1 (was redirected to HTTPS)
  lane v2: http://service1.cncamp.io is answered by httpserver-service1 v2 (was redirected to HTTPS)

Objects
  v1
    changed Gateway cloudnative/httpserver-service1 (out/v1/routes/gateway.yaml)
      spec.servers[1].tls: {\"httpsRedirect\":true} → (none)
",
    );
}

#[test]
fn fields_have_paths_that_can_be_read() {
    let object = |yaml: &str| -> Layers {
        let object = Object::ConfigMap(Box::new(serde_yaml::from_str(yaml).expect("a ConfigMap")));
        vec![("base".into(), vec![Manifest { file: "out/base/x.yaml".into(), object }])]
    };
    check(
        &object("{metadata: {name: x, labels: {example.org/team: a, app: b}}, data: {one: '1'}}"),
        &object(
            "{metadata: {name: x, labels: {example.org/team: c}}, data: {one: '1', two.yaml: '2'}}",
        ),
        "For a request
  every request goes where it went; what else it may notice stands in the objects below

Objects
  base
    changed ConfigMap x (out/base/x.yaml)
      data[\"two.yaml\"]: (none) → \"2\"
      metadata.labels.app: \"b\" → (none)
      metadata.labels[\"example.org/team\"]: \"a\" → \"c\"
",
    );
}

#[test]
fn what_a_secret_holds_is_not_shown() {
    let secret = |value: &str| -> Layers {
        let yaml = format!("{{metadata: {{name: x}}, stringData: {{key: {value}}}}}");
        let object = Object::Secret(Box::new(serde_yaml::from_str(&yaml).expect("a Secret")));
        vec![("base".into(), vec![Manifest { file: "out/base/x.yaml".into(), object }])]
    };
    let text = changes(&secret("open"), &secret("sesame")).to_string();
    assert!(text.contains("stringData.key: (hidden) → (hidden)"), "{text}");
}

#[test]
fn rules_change_their_order() {
    let mut new = demo();
    for route in routes(&mut new, &["canary-v2"], &["httpserver-service2-mesh"]) {
        route.spec.http.as_mut().unwrap().reverse();
    }
    check(
        &demo(),
        &new,
        "For a request
  lane v2: httpserver-service2 now falls back to v1 (was v2)

Objects
  canary-v2
    changed VirtualService cloudnative/httpserver-service2-mesh (out/canary-v2/routes/virtual-services.yaml)
      spec.http (order): lane-v2, baseline → baseline, lane-v2
",
    );
}

#[test]
fn a_split_ends_with_its_layer() {
    let mut lab = Lab::with_one_lane();
    lab.lanes.clear();
    let names = ["httpserver-service1", "httpserver-service1-mesh"];
    check_sentences(
        &with_baseline(&["canary-v2"], &names, SPLIT),
        &state(&lab),
        &[
            "where canary-v2 was applied, requests without a lane: httpserver-service1 is answered by v1 (was 90 % v1, 10 % v2)",
            "lane v2 is gone: its requests are answered by v1",
        ],
    );
}

#[test]
fn two_lanes_and_a_fallback_that_changes() {
    let mut lab = Lab::with_one_lane();
    lab.lanes.push(Lane::new("v3", ["httpserver-service3"]));
    let old = state(&lab);
    lab.lanes[1].services.insert(0, "httpserver-service2".into());
    lab.lanes[0].services.remove(2);
    check_sentences(
        &old,
        &state(&lab),
        &[
            "lane v2: httpserver-service3 now falls back to v1 (was v2)",
            "lane v3: httpserver-service2 is in its lane again: v3 (was v1)",
        ],
    );
}
