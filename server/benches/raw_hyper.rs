//! The limit that `comparison` measures against: the same behaviour by hand on hyper's HTTP/1.1, without poem and
//! without any layer of ours. Answers alike to the header, counts the same, logs by the same means, and calls the next
//! hop by reqwest.

use std::{
    convert::Infallible,
    error::Error,
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use clap::Parser;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderMap, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntGauge, Opts, Registry, TextEncoder,
    core::{Collector, Desc},
    exponential_buckets,
    process_collector::ProcessCollector,
    proto::MetricFamily,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
};
#[derive(Parser)]
struct Options {
    #[arg(long)]
    listen: Option<SocketAddr>,
    #[arg(long, default_value = "http://httpserver-service2")]
    service2_url: String,
    #[arg(long, default_value = "http://httpserver-service3")]
    service3_url: String,
    #[arg(long, default_value = "")]
    pod_version: String,
    #[command(flatten)]
    log: httpserver::Log,
    /// Given by `cargo bench`, which has nothing to measure here
    #[arg(long, hide = true)]
    bench: bool,
}

struct State {
    client: reqwest::Client,
    second: reqwest::Url,
    third: reqwest::Url,
    version: HeaderValue,
    registry: Registry,
    execution: Histogram,
    active: IntGauge,
    duration: HistogramVec,
}

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let options = Options::parse();
    let Some(address) = options.listen else { return Ok(()) };
    httpserver::start_log(&options.log);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(address, Arc::new(state(&options)?)))
}

async fn serve(address: SocketAddr, state: Arc<State>) -> Result<(), Failure> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener: TcpListener = socket.listen(4096)?;
    let room = Arc::new(Semaphore::new(4096));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .max_buf_size(65536);
    loop {
        let permit = Arc::clone(&room).acquire_owned().await?;
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => accepted?,
            _ = terminate.recv() => return Ok(()),
        };
        stream.set_nodelay(true)?;
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(Arc::clone(&state), peer.ip(), request));
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            let _permit = permit;
            // A client that hangs up is no news.
            let _ = pin!(connection).await;
        });
    }
}

async fn answer(
    state: Arc<State>,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let start = Instant::now();
    let (mut parts, _body) = request.into_parts();
    state.active.inc();
    let path = parts.uri.path();
    let (route, status, kind, body) = match path {
        "/healthz" => ("/healthz", StatusCode::OK, TEXT, Bytes::from_static(b"Status OK!")),
        "/metrics" => {
            let text = TextEncoder::new().encode_to_string(&state.registry.gather());
            let text = text.unwrap_or_default();
            ("/metrics", StatusCode::OK, prometheus::TEXT_FORMAT, text.into())
        }
        "/hello/service1" => {
            let _timer = state.execution.start_timer();
            let (status, body) =
                call(&state, "Hello, Service1!\n", &state.second, &parts.headers).await;
            ("/hello/service1", status, TEXT, body)
        }
        "/hello/service2" => {
            let _timer = state.execution.start_timer();
            let (status, body) =
                call(&state, "Hello, Service2!\n", &state.third, &parts.headers).await;
            ("/hello/service2", status, TEXT, body)
        }
        "/hello/service3" => {
            let _timer = state.execution.start_timer();
            let mut body = b"Hello, Service3!\n".to_vec();
            for (name, value) in &parts.headers {
                body.extend_from_slice(name.as_str().as_bytes());
                body.extend_from_slice(b": ");
                body.extend_from_slice(value.as_bytes());
                body.push(b'\n');
            }
            ("/hello/service3", StatusCode::OK, TEXT, body.into())
        }
        _ => ("", StatusCode::NOT_FOUND, TEXT, Bytes::from_static(b"not found")),
    };
    state.active.dec();
    let took = start.elapsed();
    let labels = [parts.method.as_str(), route, status.as_str()];
    state.duration.with_label_values(&labels).observe(took.as_secs_f64());
    tracing::info!(
        target: "access",
        client = %client(&parts.headers, peer),
        status = status.as_u16(),
        method = %parts.method,
        path = %parts.uri.path(),
        lane = text_of(&parts.headers, "x-lane"),
        trace_id = text_of(&parts.headers, "traceparent").and_then(|parent| parent.split('-').nth(1)),
        duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3,
    );
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    end_to_end(&mut parts.headers);
    *response.headers_mut() = parts.headers;
    response.headers_mut().append(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if !state.version.is_empty() {
        response.headers_mut().append("version", state.version.clone());
    }
    Ok(response)
}

const TEXT: &str = "text/plain; charset=utf-8";

async fn call(
    state: &State,
    greeting: &str,
    url: &reqwest::Url,
    headers: &HeaderMap,
) -> (StatusCode, Bytes) {
    let mut body = greeting.as_bytes().to_vec();
    let mut headers = headers.clone();
    end_to_end(&mut headers);
    let received = async {
        let response = state.client.get(url.clone()).headers(headers).send().await?;
        let (version, status) = (response.version(), response.status());
        let headers = response.headers().clone();
        Ok::<_, reqwest::Error>((version, status, headers, response.bytes().await?))
    };
    let (version, status, headers, received) = match received.await {
        Ok(received) => received,
        Err(error) => return (StatusCode::BAD_GATEWAY, error.to_string().into()),
    };
    let mut head = format!("{version:?} {status}\r\n");
    for (name, value) in &headers {
        if ![header::TRANSFER_ENCODING, header::CONTENT_LENGTH].contains(name) {
            let _ = write!(head, "{name}: {}\r\n", value.to_str().unwrap_or_default());
        }
    }
    let _ = write!(head, "content-length: {}\r\n\r\n", received.len());
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&received);
    let status = if status.is_server_error() { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
    (status, body.into())
}

const DROPPED: [HeaderName; 15] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_RANGE,
    header::EXPECT,
    header::HOST,
];

fn end_to_end(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .into_iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
        .collect();
    for name in DROPPED.iter().chain(&named) {
        headers.remove(name);
    }
}

fn client(headers: &HeaderMap, peer: IpAddr) -> String {
    let named =
        ["x-real-ip", "x-forwarded-for"].into_iter().find_map(|name| text_of(headers, name));
    let first = named.and_then(|value| value.split(',').next());
    first.map_or_else(|| peer.to_string(), |first| first.trim().to_owned())
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn state(options: &Options) -> Result<State, Failure> {
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(15))
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let registry = Registry::new();
    let execution =
        HistogramOpts::new("httpserver_execution_latency_seconds", "Time spent on a hello")
            .buckets(exponential_buckets(0.001, 2.0, 15)?);
    let execution = HistogramVec::new(execution, &["step"])?;
    registry.register(Box::new(execution.clone()))?;
    let duration = HistogramOpts::new("http_server_request_duration_seconds", "Time to the answer")
        .buckets(vec![
            0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
        ])
        .const_label("version", &options.pod_version)
        .const_label("lane", "");
    let labels = ["http_request_method", "http_route", "http_response_status_code"];
    let duration = HistogramVec::new(duration, &labels)?;
    registry.register(Box::new(duration.clone()))?;
    let active = Opts::new("http_server_active_requests", "Requests that are being answered")
        .const_label("version", &options.pod_version)
        .const_label("lane", "");
    let active = IntGauge::with_opts(active)?;
    registry.register(Box::new(active.clone()))?;
    let build = Opts::new("httpserver_build_info", "Which program this is; always 1")
        .const_label("version", env!("CARGO_PKG_VERSION"))
        .const_label("arch", std::env::consts::ARCH)
        .const_label("os", std::env::consts::OS);
    let build = IntGauge::with_opts(build)?;
    build.set(1);
    registry.register(Box::new(build))?;
    registry.register(Box::new(Process(ProcessCollector::for_self(), Mutex::default())))?;
    Ok(State {
        client,
        second: format!("{}/hello/service2", options.service2_url).parse()?,
        third: format!("{}/hello/service3", options.service3_url).parse()?,
        version: options.pod_version.parse()?,
        registry,
        execution: execution.get_metric_with_label_values(&["total"])?,
        active,
        duration,
    })
}

struct Process(ProcessCollector, Mutex<Option<(Instant, Vec<MetricFamily>)>>);

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        self.0.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Ok(mut seen) = self.1.lock() else { return Vec::new() };
        match &*seen {
            Some((at, families)) if at.elapsed() < Duration::from_secs(1) => families.clone(),
            _ => seen.insert((Instant::now(), self.0.collect())).1.clone(),
        }
    }
}
