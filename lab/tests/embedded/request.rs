//! Requests through the gateway, as a client sends them.

use crate::harness::{Lab, program, run};
use httpserver::answer::Answer;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub(crate) const HOST: &str = "service1.cncamp.io";

/// A client of one lab's gateway.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
}

/// The versions that answered, hop by hop, or what went wrong.
pub(crate) type Hops = Result<Vec<String>, String>;

impl Client {
    pub(crate) fn of(lab: &Lab) -> Self {
        let status = lab.status();
        let port = u16::try_from(status["https_port"].as_u64().unwrap()).unwrap();
        let authority = fs::read(status["authority"].as_str().unwrap()).unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(reqwest::Certificate::from_pem_bundle(&authority).unwrap())
            .resolve(HOST, SocketAddr::from(([127, 0, 0, 1], port)));
        Self { http: http.build().unwrap(), url: format!("https://{HOST}:{port}/hello/service1") }
    }

    /// The answer of the whole chain to a request of `lane`; an empty one is none.
    pub(crate) async fn ask(&self, lane: &str) -> Result<Answer, String> {
        let mut request = self.http.get(&self.url);
        if !lane.is_empty() {
            request = request.header("x-lane", lane);
        }
        Self::answer(request).await
    }

    async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, String> {
        let request = request.header("accept", "application/json");
        let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| format!("{error:?}"))?;
        if !status.is_success() {
            return Err(format!("{status}: {text}"));
        }
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    }

    pub(crate) async fn hops(&self, lane: &str) -> Hops {
        Ok(versions(&self.ask(lane).await?))
    }

    /// The hops of a request with a header and a query, such as `?lane=v3`.
    pub(crate) async fn hops_with(&self, header: Option<(&str, &str)>, query: &str) -> Hops {
        let request = self.http.get(format!("{}{query}", self.url));
        let request =
            header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        Ok(versions(&Self::answer(request).await?))
    }

    /// Sends a request of each user, 32 at a time, to the first service alone; whether version v2 answered.
    pub(crate) async fn visit(&self, users: &mut [User]) -> Vec<bool> {
        let url = self.url.replace("/hello/service1", "/hello/rust");
        let slots = Semaphore::new(32);
        let visits = users.iter_mut().map(async |user| {
            let _slot = slots.acquire().await.unwrap();
            let request = self.http.get(&url);
            let request = user
                .cookie
                .iter()
                .fold(request, |request, cookie| request.header("cookie", cookie));
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_success(), "{answer:?}");
            let header = |name: &str| {
                answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
            };
            if let Some(cookie) = header("set-cookie") {
                user.cookie = cookie.split(';').next().map(ToOwned::to_owned);
            }
            header("version").unwrap() == "v2"
        });
        futures_util::future::join_all(visits).await
    }

    /// Sends requests, 32 at a time, one lane after the other, until at least `least` are answered and `enough` says so.
    pub(crate) async fn load(
        &self,
        lanes: &[&'static str],
        least: usize,
        enough: Arc<AtomicBool>,
    ) -> Vec<(&'static str, Hops)> {
        let slots = Arc::new(Semaphore::new(32));
        let mut tasks = JoinSet::new();
        for (sent, lane) in lanes.iter().copied().cycle().enumerate() {
            if sent >= least && enough.load(Ordering::SeqCst) {
                break;
            }
            let slot = slots.clone().acquire_owned().await.unwrap();
            let client = self.clone();
            tasks.spawn(async move {
                let hops = client.hops(lane).await;
                drop(slot);
                (lane, hops)
            });
        }
        tasks.join_all().await
    }
}

/// A user of a browser, which keeps a cookie.
#[derive(Clone, Debug, Default)]
pub(crate) struct User {
    cookie: Option<String>,
}

fn versions(answer: &Answer) -> Vec<String> {
    flat(answer).into_iter().map(|hop| hop.version.clone().unwrap_or_default()).collect()
}

/// Every hop of an answer.
pub(crate) fn flat(answer: &Answer) -> Vec<&Answer> {
    std::iter::successors(Some(answer), |answer| answer.next.as_deref()).collect()
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The lines that the lab printed for pasting.
fn printed(lab: &Lab) -> Vec<String> {
    lab.stdout()
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("curl "))
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn the_printed_curl_lines_work_when_pasted_with_both_versions_of_http() {
    let lab = Lab::up_with(&crate::harness::out(), &["--with", "canary-v2"]);
    let lines = printed(&lab);
    assert_eq!(lines.len(), 2, "a line for v1 and one for lane v2: {lines:?}");
    for (line, version) in lines.iter().zip(["v1", "v2"]) {
        for (flag, protocol) in [("--http1.1", "HTTP/1.1 200"), ("--http2", "HTTP/2 200")] {
            let pasted = format!("{line} --silent --show-error --include {flag}");
            let ran = run(program("sh").args(["-c", &pasted]));
            assert!(ran.status.success(), "{pasted}: {}", ran.stderr);
            assert!(ran.stdout.starts_with(protocol), "{protocol}: {}", ran.stdout);
            let versions: Vec<&str> =
                ran.stdout.lines().filter_map(|line| line.strip_prefix("version: ")).collect();
            assert_eq!(versions, [version; 3], "each of three hops says who it is: {}", ran.stdout);
            for service in ["Service1", "Service2", "Service3"] {
                assert!(
                    ran.stdout.contains(&format!("Hello, {service}!")),
                    "{service}: {}",
                    ran.stdout
                );
            }
        }
    }
}

#[test]
fn a_request_carries_its_headers_to_the_last_service() {
    let lab = Lab::up();
    let answer = runtime().block_on(Client::of(&lab).ask("v2")).unwrap();
    let hops = flat(&answer);
    let headers =
        hops.last().unwrap().headers.as_ref().expect("the last hop shows what it received");
    assert_eq!(headers["x-lane"], ["v2"]);
    assert_eq!(headers["x-forwarded-proto"], ["https"]);
    assert_eq!(headers["host"], ["httpserver-service3"]);
    let [traceparent] = headers["traceparent"].as_slice() else {
        panic!("one traceparent: {headers:?}")
    };
    assert_eq!(traceparent.split('-').count(), 4, "{traceparent}");
    assert!(
        !headers.contains_key("x-envoy-decorator-operation"),
        "the sidecar keeps it to itself: {headers:?}"
    );
    assert!(!headers.contains_key("proxy-connection"), "it ends at the sidecar: {headers:?}");
}
