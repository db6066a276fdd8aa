//! Whole stories, as people read them, and what is refused.

use super::{changed, field, routed, text};
use crate::explain::{Mesh, Request};
use crate::layers::{Layers, applied};
use crate::tests::{committed, object, world};
use crate::topology::Topology;

/// The committed manifests with the lane v2.
fn lab() -> (Topology, Mesh) {
    let layers = ["canary-v2".to_owned()];
    let manifests = Layers::open(&committed()).unwrap().manifests(&applied(&layers)).unwrap();
    let topology = Topology::of(&manifests).unwrap();
    (topology, Mesh::read(&committed(), &layers).unwrap())
}

const URL: &str = "https://service1.cncamp.io/hello/service1";

#[test]
fn a_lane_is_told_hop_by_hop() {
    let text = text(&lab(), "GET", URL, &["x-lane: v2"]);
    assert_eq!(text, "\
GET https://service1.cncamp.io/hello/service1  (x-lane: v2)
gateway istio-ingressgateway.istio-system
  listener      0.0.0.0_8443, filter chain for service1.cncamp.io
  virtual host  service1.cncamp.io:443
  route         lane-v2: x-lane is v2
  cluster       outbound|80|v2|httpserver-service1.cloudnative.svc.cluster.local → httpserver-service1-v2 (1 pod)
  inbound       inbound|http|80, route default → inbound|8080||
  httpserver-service1, version v2, calls http://httpserver-service2/hello/service2
    sidecar of httpserver-service1-v2
      listener      httpserver-service1-v2-0>outbound
      virtual host  httpserver-service2.cloudnative.svc.cluster.local:80, domain httpserver-service2
      route         lane-v2: x-lane is v2
      cluster       outbound|80|v2|httpserver-service2.cloudnative.svc.cluster.local → httpserver-service2-v2 (1 pod)
      inbound       inbound|http|80, route default → inbound|8080||
      httpserver-service2, version v2, calls http://httpserver-service3/hello/service3
        sidecar of httpserver-service2-v2
          listener      httpserver-service2-v2-0>outbound
          virtual host  httpserver-service3.cloudnative.svc.cluster.local:80, domain httpserver-service3
          route         lane-v2: x-lane is v2
          cluster       outbound|80|v2|httpserver-service3.cloudnative.svc.cluster.local → httpserver-service3-v2 (1 pod)
          inbound       inbound|http|80, route default → inbound|8080||
          httpserver-service3, version v2, answers 200 with the headers that it received
seen: service1/v2 → service2/v2 → service3/v2");
}

#[test]
fn an_unknown_lane_falls_back_and_every_hop_says_why() {
    let text = text(&lab(), "GET", URL, &["x-lane: v9", "accept: application/json"]);
    assert_eq!(field(&text, "not"), ["lane-v2: x-lane is v9, not v2"; 3]);
    assert_eq!(field(&text, "route"), ["baseline: takes every request"; 3]);
    assert!(text.contains("httpserver-service1-v1 (2 pods)"), "{text}");
    assert!(text.ends_with("seen: service1/v1 → service2/v1 → service3/v1"), "{text}");
}

#[test]
fn a_foreign_host_ends_with_404() {
    let text = text(&lab(), "GET", URL, &["Host: foreign.example.com"]);
    assert_eq!(
        text,
        "\
GET https://service1.cncamp.io/hello/service1  (host: foreign.example.com)
gateway istio-ingressgateway.istio-system
  listener      0.0.0.0_8443, filter chain for service1.cncamp.io
  end           404 no virtual host for `foreign.example.com`
seen: no virtual host for `foreign.example.com`  (404)"
    );
}

#[test]
fn plain_http_is_redirected() {
    let text = text(&lab(), "GET", "http://service1.cncamp.io/a/../b?c=d", &[]);
    assert_eq!(
        text,
        "\
GET http://service1.cncamp.io/a/../b?c=d
gateway istio-ingressgateway.istio-system
  listener      0.0.0.0_8080
  virtual host  service1.cncamp.io:80
  route         (no name): takes every request
  end           301 redirect to https://service1.cncamp.io:443/b?c=d
seen: redirect to https://service1.cncamp.io:443/b?c=d  (301)"
    );
}

#[test]
fn another_server_name_is_reset() {
    let text = text(&lab(), "HEAD", "https://other.example.com", &[]);
    assert_eq!(
        text,
        "\
HEAD https://other.example.com
gateway istio-ingressgateway.istio-system
  listener      0.0.0.0_8443
  end           connection reset: no filter chain for this server name (SNI): `other.example.com`
seen: connection reset: no filter chain for this server name (SNI): `other.example.com`"
    );
}

#[test]
fn other_paths_end_at_the_first_server() {
    for (path, words) in [
        ("/hello/rust", "answers 200 with a greeting"),
        ("/healthz", "answers 200 that it is well"),
        ("/nothing", "answers 404 to paths that it does not know"),
        ("/hello/service1/", "answers 404 to paths that it does not know"),
        ("/hello/service3", "answers 200 with the headers that it received"),
    ] {
        let url = format!("https://service1.cncamp.io{path}");
        let text = text(&lab(), "POST", &url, &["x-lane: v2"]);
        assert!(
            text.contains(&format!("  httpserver-service1, version v2, {words}\nseen: ")),
            "{text}"
        );
    }
}

#[test]
fn an_unknown_cluster_is_nc_and_one_without_pods_is_uh() {
    let gone = changed(&routed(), |snapshot| {
        snapshot.clusters.retain(|name, _| !name.contains("two.lab"));
    });
    let text_of_gone = text(&gone, "GET", "https://example.com/", &[]);
    assert_eq!(
        field(&text_of_gone, "cluster"),
        ["outbound|80||two.lab.svc.cluster.local → 503 NC: there is no such cluster"]
    );
    assert!(text_of_gone.ends_with("seen: NC: there is no such cluster  (503)"), "{text_of_gone}");
    let yaml = routed().replace(
        "{selector: {matchLabels: {app: two, version: v1}}",
        "{replicas: 0, selector: {matchLabels: {app: two, version: v1}}",
    );
    let empty = text(&changed(&yaml, |_| ()), "GET", "https://example.com/", &[]);
    assert!(empty.ends_with("seen: UH: the cluster has no pods  (503)"), "{empty}");
}

#[test]
fn a_hop_that_fails_fails_the_hop_above_it() {
    // Nothing of this lab is called `httpserver-service2`, so the sidecar answers 502.
    let text = text(&changed(&routed(), |_| ()), "GET", "https://example.com/hello/service1", &[]);
    assert!(
        text.contains("end           502 the route answers by itself (direct response)"),
        "{text}"
    );
    assert!(
        text.ends_with("seen: service1 → the route answers by itself (direct response)  (502)"),
        "{text}"
    );
}

#[test]
fn shares_are_told_one_branch_after_the_other() {
    let routes = "[{name: split, route: [\
        {destination: {host: two, subset: v1}, weight: 75}, \
        {destination: {host: one}, weight: 25, headers: {request: {set: {x-lane: v2}, remove: [x-old]}}}]}]";
    let spec = format!("{{gateways: [edge], hosts: [example.com], http: {routes}}}");
    let second = "lab/one-v2";
    let yaml = world()
        + &crate::tests::deployment(second, "{app: one, version: v2}")
        + &object("VirtualService", "lab/rules", &spec);
    let text = text(&changed(&yaml, |_| ()), "GET", "https://example.com/hello/rust", &[]);
    assert_eq!(
        text,
        "\
GET https://example.com/hello/rust
gateway istio-ingressgateway.istio-system
  listener      0.0.0.0_8443, filter chain for example.com
  virtual host  example.com:443
  route         split: takes every request
  cluster       75% outbound|80|v1|two.lab.svc.cluster.local → two-v1 (1 pod)
  inbound       inbound|http|81, route default → inbound|8080||
  two, answers 200 with a greeting
  cluster       25% outbound|80||one.lab.svc.cluster.local → one-v1 (1 pod), one-v2 (1 pod)
  headers       without x-old, x-lane: v2
  of these      50% one-v1 (1 pod)
  inbound       inbound|http|80, route default → inbound|8080||
  one, answers 200 with a greeting
  of these      50% one-v2 (1 pod)
  inbound       inbound|http|80, route default → inbound|8080||
  one, answers 200 with a greeting
seen: 75% two
      25% one"
    );
}

#[test]
fn what_cannot_be_asked_about_is_refused_with_a_hint() {
    let refused = |method: &str, url: &str, headers: &[&str]| {
        let headers: Vec<String> = headers.iter().map(ToString::to_string).collect();
        let failure = Request::new(method, url, &headers).map(|_| ()).unwrap_err().to_string();
        assert!(failure.contains("\n  hint: "), "{failure}");
        failure
    };
    for (url, words) in [
        ("service1.cncamp.io", "it must begin with `http://` or `https://`"),
        ("ftp://a", "it must begin with `http://` or `https://`"),
        ("https://", "`` is not a host with or without a port"),
        ("https://a:b/", "`a:b` is not a host with or without a port"),
        ("https://user@a/", "`user@a` is not a host with or without a port"),
        ("https://a/b c", "` ` must be written as an escape, such as %20"),
    ] {
        let found = refused("GET", url, &[]);
        assert!(
            found.contains(&format!("error: `{url}` is no URL that explain can follow: {words}")),
            "{found}"
        );
    }
    for (headers, words) in [
        (&["x-lane"][..], "the header `x-lane` has no colon"),
        (&["x lane: v2"], "the header `x lane: v2` has no valid name"),
        (&["a: ü"], "the header `a: ü` has a value that is not visible ASCII"),
        (&["connection: close"], "changes how proxies treat the request"),
        (&["cookie: a=1", "cookie: b=2"], "the header `cookie` is given twice"),
    ] {
        let found = refused("GET", URL, headers);
        assert!(found.contains(words), "{found}");
    }
    assert!(refused("BREW", URL, &[]).contains("`BREW` is no method that explain knows"));
}

#[test]
fn headers_that_proxies_write_are_not_guessed() {
    let rules =
        "[{match: [{headers: {x-request-id: {prefix: a}}}], route: [{destination: {host: two}}]}]";
    let spec = format!("{{gateways: [edge], hosts: [example.com], http: {rules}}}");
    let (_, mesh) = changed(&(world() + &object("VirtualService", "lab/rules", &spec)), |_| ());
    let request = Request::new("GET", "https://example.com/", &[]).unwrap();
    let failure = mesh.explain(&request).map(|_| ()).unwrap_err().to_string();
    assert!(
        failure.contains("a route looks at `x-request-id`, which the gateway draws at random"),
        "{failure}"
    );
}
