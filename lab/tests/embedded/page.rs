//! The page of the running lab, and `lab diagram`: exactly the requests that were sent, on the ways that they took.

use crate::harness::{Lab, out, until};
use crate::manifests::Copy;
use crate::request::{Client, runtime};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the page answers at a path: status, headers and text.
struct Answered {
    status: u16,
    headers: BTreeMap<String, String>,
    text: String,
}

fn page(lab: &Lab) -> String {
    lab.status()["page"].as_str().unwrap().to_owned()
}

fn get_as(host: Option<&str>, url: &str) -> Answered {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    runtime().block_on(async {
        let request = http.get(url);
        let request = match host {
            Some(host) => request.header("host", host),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let headers = answer.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()));
        Answered {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            text: answer.text().await.unwrap(),
        }
    })
}

fn get(url: &str) -> Answered {
    get_as(None, url)
}

/// Sends requests of each lane, so many as are asked for; whether they are answered well does not matter.
fn send(lab: &Lab, requests: &[(&str, usize)]) {
    let client = Client::of(lab);
    runtime().block_on(async {
        for (lane, number) in requests {
            for _ in 0..*number {
                client.ask(lane).await.ok();
            }
        }
    });
}

/// Each way of the only diagram: lane, from, to, requests and those that failed.
fn ways(lab: &Lab) -> Vec<String> {
    let diagrams: Value = serde_json::from_str(&lab.ok(&["diagram", "--output", "json"])).unwrap();
    let [diagram] = diagrams.as_array().unwrap().as_slice() else { panic!("one: {diagrams}") };
    let at = |list: &str, index: &Value| {
        diagram[list][usize::try_from(index.as_u64().unwrap()).unwrap()].clone()
    };
    let place = |index: &Value| {
        let place = at("places", index);
        let service = at("hops", &place["hop"])["service"].as_str().unwrap().to_owned();
        format!("{service}/{}", place["name"].as_str().unwrap()).replace("httpserver-", "")
    };
    let ways = diagram["ways"].as_array().unwrap().iter().map(|way| {
        let lane = at("lanes", &way["lane"])["name"].as_str().unwrap().to_owned();
        let from = if way["from"].is_null() { "gateway".into() } else { place(&way["from"]) };
        let to = place(&way["to"]);
        let count = &way["count"];
        format!("{lane}: {from} → {to}: {}, {}", count["requests"], count["failed"])
    });
    ways.collect()
}

#[test]
fn every_way_has_exactly_the_requests_that_took_it_on_the_page_and_in_the_terminal() {
    let copy = Copy::with_fallback();
    let lab = Lab::up_with(copy.path(), &["--with", "canary-v2"]);
    send(&lab, &[("", 5), ("v2", 7), ("no-such-lane", 2)]);
    let expected = [
        ": gateway → service1/v1: 7, 0",
        "v2: gateway → service1/v2: 7, 0",
        ": service1/v1 → service2/v1: 7, 0",
        "v2: service1/v2 → service2/v1: 7, 0",
        ": service2/v1 → service3/v1: 7, 0",
        "v2: service2/v1 → service3/v2: 7, 0",
    ];
    until("every span is counted", || (ways(&lab) == expected).then_some(()));
    send(&lab, &[("v2", 1)]);
    let expected = expected
        .map(|way| if way.starts_with("v2") { way.replace(": 7", ": 8") } else { way.to_owned() });
    until("one more is counted", || (ways(&lab) == expected).then_some(()));

    let picture = lab.ok(&["diagram"]);
    let lines: Vec<&str> = picture.lines().map(str::trim).collect();
    let numbers = |line: &&&str, number: &str| line.matches(number).count() == 3;
    assert!(
        lines.iter().any(|line| line.starts_with("baseline") && numbers(&line, " 7 ")),
        "{picture}"
    );
    assert!(lines.iter().any(|line| line.starts_with("v2") && numbers(&line, " 8 ")), "{picture}");
    let fallback = "· v2 has no httpserver-service2 of its own: falls back to v1";
    assert!(lines.contains(&fallback), "{picture}");

    let html = get(&page(&lab)).text;
    for way in [
        "baseline: gateway → httpserver-service1 v1: 7",
        "v2: httpserver-service1 v2 → httpserver-service2 v1: 8",
        "v2: httpserver-service2 v1 → httpserver-service3 v2: 8",
    ] {
        assert!(html.contains(&format!("<title>{way}</title>")), "{way}: {html}");
    }
    assert!(html.contains("falls back to v1"), "{html}");
}

#[test]
fn a_way_tells_of_the_requests_that_failed_on_it() {
    let lab = Lab::up_with(&out(), &["--with", "canary-v2"]);
    let sick = lab
        .pods()
        .into_iter()
        .find(|pod| pod["app"] == "httpserver-service3" && pod["version"] == "v2");
    let admin = sick.unwrap()["admin_port"].as_u64().unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let faults = http.put(format!("http://127.0.0.1:{admin}/faults")).body(r#"{"sick": true}"#);
    let put = runtime().block_on(faults.send()).unwrap();
    assert!(put.status().is_success());
    send(&lab, &[("", 2), ("v2", 3)]);
    let expected = [
        ": gateway → service1/v1: 2, 0",
        "v2: gateway → service1/v2: 3, 3",
        ": service1/v1 → service2/v1: 2, 0",
        "v2: service1/v2 → service2/v2: 3, 3",
        ": service2/v1 → service3/v1: 2, 0",
        "v2: service2/v2 → service3/v2: 3, 3",
    ];
    until("every span is counted", || (ways(&lab) == expected).then_some(()));
    assert!(lab.ok(&["diagram"]).contains("3, 3 failed"));
    assert!(get(&page(&lab)).text.contains("3 failed</tspan>"));
}

#[test]
fn the_page_follows_layers_that_come_and_go() {
    let lab = Lab::up();
    send(&lab, &[("v2", 2)]);
    until("the lane that nobody has is in the baseline", || {
        (ways(&lab)[0] == ": gateway → service1/v1: 2, 0").then_some(())
    });
    assert_eq!(ways(&lab).len(), 3);
    lab.ok(&["apply", "canary-v2"]);
    send(&lab, &[("v2", 4)]);
    until("the lane has a row of its own", || {
        let ways = ways(&lab);
        let both = [": gateway → service1/v1: 2, 0", "v2: gateway → service1/v2: 4, 0"];
        (ways.len() == 6 && both.iter().all(|way| ways.contains(&(*way).to_owned()))).then_some(())
    });
    let html = get(&page(&lab)).text;
    assert!(
        html.contains("<li>canary-v2</li>") && html.contains("httpserver-service1-v2"),
        "{html}"
    );
    lab.ok(&["remove", "canary-v2"]);
    assert_eq!(ways(&lab).len(), 3);
    assert!(!get(&page(&lab)).text.contains("httpserver-service1-v2"));
}

#[test]
fn a_trace_is_listed_with_a_link_to_its_waterfall() {
    let lab = Lab::up();
    let page = page(&lab);
    assert!(get(&page).text.contains("None yet."));
    send(&lab, &[("v2", 1)]);
    let html = until("the trace is whole", || {
        let traces: Value = serde_json::from_str(&lab.ok(&["traces", "--output", "json"])).ok()?;
        let trace = traces.as_array()?.first()?;
        let whole = trace["spans"].as_array()?.len() == 7;
        whole.then(|| trace["id"].as_str().unwrap().to_owned())
    });
    let link = format!("traces/{html}");
    assert!(get(&page).text.contains(&format!(r#"<a href="/{link}">"#)));
    let waterfall = get(&format!("{page}{link}"));
    assert_eq!(waterfall.status, 200);
    assert_eq!(waterfall.text.matches("class=\"bar ").count(), 7, "{}", waterfall.text);
    for words in ["httpserver-service3", "<dd>7</dd>", "<dd>200</dd>", "lane v2"] {
        assert!(waterfall.text.contains(words), "{words}: {}", waterfall.text);
    }
}

#[test]
fn what_is_not_there_is_404_with_a_hint_and_every_answer_has_the_headers() {
    let lab = Lab::up();
    let page = page(&lab);
    let unknown = get(&format!("{page}traces/<b>ff"));
    assert_eq!(unknown.status, 404);
    assert!(unknown.text.contains("There is no trace &#60;b&#62;ff"), "{}", unknown.text);
    assert!(unknown.text.contains("the command cargo lab traces list"), "{}", unknown.text);
    let nowhere = get(&format!("{page}nowhere"));
    assert_eq!(nowhere.status, 404);
    assert!(nowhere.text.contains("There is no such page"), "{}", nowhere.text);
    let foreign = get_as(Some("evil.example.com"), &page);
    assert_eq!(foreign.status, 421, "another name for this machine reads nothing");
    assert!(!foreign.text.contains("httpserver-service1"), "{}", foreign.text);
    for host in ["localhost:1", "127.0.0.1", "[::1]:80"] {
        assert_eq!(get_as(Some(host), &page).status, 200, "{host}");
    }
    for answer in [unknown, nowhere, foreign, get(&page), get(&format!("{page}api/diagram"))] {
        let policy = &answer.headers["content-security-policy"];
        assert!(
            policy.starts_with("default-src 'none';") && !policy.contains("script"),
            "{policy}"
        );
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[test]
fn with_a_jaeger_of_ones_own_the_page_leads_there() {
    let jaeger = Lab::up();
    let query = jaeger.status()["traces"].as_str().unwrap().to_owned();
    let otlp = query.trim_end_matches("/jaeger").to_owned();
    let lab = Lab::up_with(&out(), &["--otlp-endpoint", &otlp, "--jaeger-url", &query]);
    send(&lab, &[("", 1)]);
    let html = get(&page(&lab)).text;
    assert!(html.contains("Spans go to another Jaeger, so requests are counted there."), "{html}");
    assert!(html.contains(&format!(r#"<a href="{query}">"#)), "{html}");
    let trace = get(&format!("{}traces/abc", page(&lab)));
    assert_eq!(trace.status, 404);
    assert!(trace.text.contains(&format!(r#"<a href="{query}/trace/abc">"#)), "{}", trace.text);
    assert!(lab.ok(&["diagram"]).contains("spans go to another Jaeger"));
    assert_eq!(ways(&lab)[0], ": gateway → service1/v1: null, null");
}

#[test]
fn up_and_status_print_the_page() {
    let lab = Lab::up();
    let line = format!("page     {}", page(&lab));
    assert!(lab.stdout().contains(&line), "{}", lab.stdout());
    assert!(lab.ok(&["status"]).contains(&line));
}
