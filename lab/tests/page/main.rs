//! The lab's page in a real browser: what it shows, in light and in dark, on a desk and on a phone.
//!
//! `cargo test -p lab --test page -- --ignored`, with Chromium installed.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]
#![expect(clippy::print_stderr, reason = "logs of a lab that failed")]

mod browser;
#[expect(dead_code, reason = "helpers of the end-to-end tests")]
#[path = "../embedded/harness.rs"]
mod harness;
#[expect(dead_code, reason = "helpers of the end-to-end tests")]
#[path = "../embedded/manifests.rs"]
mod manifests;

use browser::{Browser, Look};
use harness::{Lab, until};
use manifests::Copy;
use serde_json::{Value, json};

const DESK: Look = Look { width: 1280, scheme: "light" };
const DARK: Look = Look { width: 1280, scheme: "dark" };
const PHONE: Look = Look { width: 390, scheme: "light" };

/// A lab whose lane v2 falls back at service2, after 20 requests of the baseline and 10 of the lane.
struct Stage {
    // Before the copy, which it reads.
    lab: Lab,
    _copy: Copy,
    page: String,
}

impl Stage {
    fn set() -> Self {
        let copy = Copy::with_fallback();
        let lab = Lab::up_with(copy.path(), &["--with", "canary-v2"]);
        let page = lab.status()["page"].as_str().unwrap().to_owned();
        let stage = Self { lab, _copy: copy, page };
        stage.send(30);
        until("every request is counted", || (stage.counted() == 90).then_some(()));
        stage
    }

    /// A third each: without a lane, in lane v2, in a lane that nobody has.
    fn send(&self, requests: u32) {
        self.lab.ok(&["load", "--requests", &requests.to_string()]);
    }

    /// The requests of all ways together.
    fn counted(&self) -> u64 {
        let diagrams: Value =
            serde_json::from_str(&self.lab.ok(&["diagram", "--output", "json"])).unwrap();
        let ways = diagrams[0]["ways"].as_array().unwrap();
        ways.iter().map(|way| way["count"]["requests"].as_u64().unwrap()).sum()
    }
}

/// The texts of what `selector` finds and what can be seen of it, in the order of the page.
fn texts(browser: &mut Browser, selector: &str) -> Vec<String> {
    let expression = format!(
        "[...document.querySelectorAll({})].filter(one => one.checkVisibility() && \
         one.getBoundingClientRect().width > 0).map(one => one.textContent.trim().replace(/\\s+/g, ' '))",
        json!(selector)
    );
    let found = browser.value(&expression);
    found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// How light a colour of what `selector` finds first is, from 0 to 1, by the luminance of the Web Content Accessibility
/// Guidelines.
fn luminance(browser: &mut Browser, selector: &str, property: &str) -> f64 {
    let colour = format!(
        "getComputedStyle(document.querySelector({}))[{}]",
        json!(selector),
        json!(property)
    );
    let colour = browser.value(&colour);
    let colour = colour.as_str().unwrap();
    let numbers = colour.trim_start_matches("rgb(").trim_end_matches(')').split(", ");
    let linear = numbers.map(|number| {
        let part = number.parse::<f64>().unwrap_or_else(|_| panic!("no colour: {colour}")) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    linear.zip([0.2126, 0.7152, 0.0722]).map(|(part, weight)| part * weight).sum()
}

/// Text on a card is as easy to read as the guidelines ask for.
fn is_readable(browser: &mut Browser) {
    let card = luminance(browser, ".card", "backgroundColor");
    for selector in ["body", ".quiet", ".note", "td a", ".good"] {
        let text = luminance(browser, selector, "color");
        let contrast = (card.max(text) + 0.05) / (card.min(text) + 0.05);
        assert!(contrast >= 4.5, "{selector}: {contrast}");
    }
}

/// What is wider than the page, beside what scrolls in a container of its own.
fn overflow(browser: &mut Browser, width: u32) -> Value {
    browser.value(&format!(
        "[document.documentElement.scrollWidth, ...[...document.querySelectorAll('body *')] \
         .filter(one => !one.closest('.diagram') && one.getBoundingClientRect().right > {width} + 0.5) \
         .map(one => one.outerHTML)]"
    ))
}

#[test]
#[ignore = "needs Chromium on PATH: apt-get install chromium"]
fn the_picture_shows_lanes_hops_and_exact_numbers_in_light_and_in_dark() {
    let stage = Stage::set();
    let mut browser = Browser::start();
    for look in [DESK, DARK] {
        browser.open(&format!("{}?refresh=off", stage.page), look);
        assert_eq!(texts(&mut browser, ".figures dd"), ["30", "0", "1", "9 of 9"], "{look:?}");
        assert_eq!(texts(&mut browser, ".band .lane"), ["baseline", "v2"]);
        let heads =
            ["httpserver-service1", "httpserver-service2", "httpserver-service3", "gateway"];
        assert_eq!(texts(&mut browser, ".head"), heads);
        assert_eq!(texts(&mut browser, ".place .version"), ["v1", "v2", "v1", "v1", "v2"]);
        assert_eq!(texts(&mut browser, ".gap text"), ["falls back to v1"]);
        assert_eq!(texts(&mut browser, ".number text"), ["20", "10", "20", "10", "20", "10"]);
        assert_eq!(texts(&mut browser, "#pods ~ table tbody tr").len(), 9);
        assert_eq!(texts(&mut browser, "#traces ~ table tbody tr").len(), 20);
        let paper = luminance(&mut browser, "body", "backgroundColor");
        assert!(
            if look.scheme == "dark" { paper < 0.02 } else { paper > 0.9 },
            "{look:?}: {paper}"
        );
        is_readable(&mut browser);
        assert_eq!(overflow(&mut browser, look.width), json!([look.width]), "{look:?}");
    }
}

#[test]
#[ignore = "needs Chromium on PATH: apt-get install chromium"]
fn on_a_phone_only_the_picture_scrolls() {
    let stage = Stage::set();
    let mut browser = Browser::start();
    browser.open(&format!("{}?refresh=off", stage.page), PHONE);
    assert_eq!(overflow(&mut browser, PHONE.width), json!([PHONE.width]));
    let scrolls = "(d => d.scrollWidth > d.clientWidth && getComputedStyle(d).overflowX)(document.querySelector('.diagram'))";
    assert_eq!(browser.value(scrolls), "auto");
    // What is at the right end can be reached.
    let reached = browser.value(
        "(d => { d.scrollLeft = d.scrollWidth; \
         const places = [...d.querySelectorAll('.place')].map(one => one.getBoundingClientRect().right); \
         return Math.max(...places) <= innerWidth && window.scrollX === 0 })(document.querySelector('.diagram'))",
    );
    assert_eq!(reached, true);
    assert_eq!(texts(&mut browser, ".number text"), ["20", "10", "20", "10", "20", "10"]);
    let trace = texts(&mut browser, "#traces ~ table tbody tr:first-child td").join(" ");
    assert!(trace.ends_with(" 200"), "{trace}");
}

#[test]
#[ignore = "needs Chromium on PATH: apt-get install chromium"]
fn a_trace_in_the_list_leads_to_its_waterfall() {
    let stage = Stage::set();
    let mut browser = Browser::start();
    for look in [DESK, DARK, PHONE] {
        browser.open(&format!("{}?refresh=off", stage.page), look);
        let link = browser.value("document.querySelector('#traces ~ table a').href");
        browser.open(link.as_str().unwrap(), look);
        let services = texts(&mut browser, ".waterfall li strong");
        assert_eq!(services.first().unwrap(), "istio-ingressgateway");
        assert_eq!(services.last().unwrap(), "httpserver-service3");
        // As wide as they are long: the first one is the longest, and each begins where or after the one before does.
        let bars = browser.value(
            "[...document.querySelectorAll('.waterfall rect')].map(one => { \
             const box = one.getBoundingClientRect(); return [box.left, box.width] })",
        );
        let bars: Vec<(f64, f64)> = serde_json::from_value(bars).unwrap();
        assert_eq!(bars.len(), 7);
        assert!(bars.iter().all(|(_, width)| *width >= 1.0 && *width <= bars[0].1), "{bars:?}");
        assert!(bars.is_sorted_by(|one, other| one.0 <= other.0 + 0.5), "{bars:?}");
        assert_eq!(overflow(&mut browser, look.width), json!([look.width]), "{look:?}");
    }
}

#[test]
#[ignore = "needs Chromium on PATH: apt-get install chromium"]
fn the_page_loads_itself_again_until_it_is_paused() {
    let stage = Stage::set();
    let mut browser = Browser::start();
    browser.open(&stage.page, DESK);
    assert_eq!(texts(&mut browser, ".figures dd")[0], "30");
    stage.send(3);
    until("all three are counted", || (stage.counted() == 99).then_some(()));
    browser.loaded();
    assert_eq!(texts(&mut browser, ".figures dd")[0], "33");
    browser.value("document.querySelector('.top nav a').click()");
    browser.loaded();
    assert_eq!(texts(&mut browser, ".top nav"), ["Does not refresh Resume"]);
    assert_eq!(browser.value("document.querySelector('meta[http-equiv=refresh]')"), Value::Null);
}
