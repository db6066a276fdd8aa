//! From the command line to a running lab.

use super::{Cast, Embedded, Show, Shown, Tell, count};
use crate::address::Ports;
use crate::admin::Admin;
use crate::certificate;
use crate::collector::Collector;
use crate::disk::{self, Access};
use crate::endpoint::Endpoint;
use crate::envoy::{self, Addresses, bootstrap};
use crate::failure::{Failure, Result};
use crate::install;
use crate::layers::{self, Layers};
use crate::process::{self, ProcessSpec};
use crate::release::Release;
use crate::state::StateFolder;
use crate::topology::Topology;
use crate::wait;
use crate::worker::Worker;
use crate::xds::Files;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::process::Child;

/// How long Envoy may take until it serves.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// What the user asked for.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) manifests: PathBuf,
    /// Layers on top of the ground.
    pub(crate) with: Vec<String>,
    pub(crate) https_port: Option<u16>,
    pub(crate) http_port: Option<u16>,
    /// Where spans go and are read from, in place of the lab's own collector.
    pub(crate) traces: Option<Traces>,
    pub(crate) envoy: Option<PathBuf>,
    /// Where programs are looked for.
    pub(crate) path: Option<String>,
}

/// A Jaeger, or whatever takes OTLP over HTTP and answers Jaeger's query API.
#[derive(Clone, Debug)]
pub(crate) struct Traces {
    pub(crate) otlp: Endpoint,
    /// The base of the query API, such as `http://127.0.0.1:16686/jaeger`.
    pub(crate) query: String,
}

impl Embedded {
    /// Starts a lab. When this fails or is dropped half-way, nothing of it stays.
    pub(crate) async fn start(
        state: StateFolder,
        options: Options,
        tell: Tell<'_>,
    ) -> Result<Self> {
        let started = Instant::now();
        let applied = layers::applied(&options.with);
        let layers = Layers::open(&options.manifests)?;
        let manifests = layers.manifests(&applied)?;
        let topology = Topology::of(&manifests).map_err(|found| Failure::violations(&found))?;
        tell(
            &format!(
                "{} read from {} ({})",
                count(manifests.len(), "object"),
                layers.root().display(),
                applied.join(", ")
            ),
            started.elapsed(),
        );
        if let Some(line) = unenforced(&topology) {
            tell(&line, Duration::ZERO);
        }

        state.clear()?;
        let mut ports = Ports::new();
        let https = ports.asked_or_free(options.https_port, "--https-port")?;
        let http = ports.asked_or_free(options.http_port, "--http-port")?;

        let started = Instant::now();
        let program =
            install::envoy(&state, options.envoy.as_deref(), options.path.as_deref()).await?;
        tell(&format!("Envoy is {}", program.display()), started.elapsed());

        let started = Instant::now();
        let certificates = certificate::certificates(&state, &topology)?;
        tell(&format!("certificates are in {}", state.tls().display()), started.elapsed());

        let (collector, endpoint, traces) = if let Some(Traces { otlp, query }) = options.traces {
            (None, otlp, query)
        } else {
            let collector = Collector::start().await?;
            let (port, query) = (collector.port, collector.query_url());
            (Some(collector), Endpoint::loopback(port), query)
        };
        let started = Instant::now();
        let mut cast = Cast::new(process::this_program()?);
        let pods = cast.start(&topology.pods, &mut ports, &state)?;
        cast.ready(&pods, &state).await?;
        tell(&format!("{} ready", count(pods.len(), "pod")), started.elapsed());

        let started = Instant::now();
        let addresses = Addresses {
            https,
            http,
            collector: endpoint.clone(),
            pods: cast.ports(),
            credentials: certificates.credentials.clone(),
            routes: state.routes(),
            logs: state.logs(),
        };
        let worker = ports.free()?;
        let mut files = Files::new(state.clone());
        let confirmed =
            files.prepare(envoy::snapshot(&topology, &addresses, &cast.ready_pods()))?;
        let (mut envoy, admin_address) =
            start_envoy(&program, &files, &endpoint, worker, &state).await?;
        let admin = Admin::new(&admin_address)?;
        serving(&mut envoy, &admin, &state).await?;
        confirmed(&admin).await?;
        let worker = Worker::new(worker)?;
        worker.caught_up().await?;
        tell(
            &format!(
                "Envoy serves {} and {}",
                count(topology.gateways.len(), "gateway"),
                count(pods.len(), "sidecar")
            ),
            started.elapsed(),
        );
        let spans = collector.as_ref().map(|collector| collector.spans.clone());
        let show = Show::start(Shown::of(&manifests, &topology), spans).await?;
        let lab = Self {
            state,
            layers,
            applied,
            release: Release::default(),
            topology,
            addresses,
            ports,
            published: cast.ready_pods(),
            cast,
            files,
            admin,
            admin_address,
            worker,
            envoy,
            envoy_program: program,
            certificates,
            _collector: collector,
            traces,
            show,
        };
        lab.publish();
        Ok(lab)
    }
}

/// What holds on a cluster and not here, in one line.
fn unenforced(topology: &Topology) -> Option<String> {
    let kinds: Vec<String> =
        topology.unenforced.iter().map(|(kind, number)| format!("{kind} ({number})")).collect();
    (!kinds.is_empty())
        .then(|| format!("not enforced here, only on a cluster: {}", kinds.join(", ")))
}

/// Starts Envoy and returns the address of its admin interface. Spans go to `collector`; the worker answers by itself on its port.
async fn start_envoy(
    program: &Path,
    files: &Files,
    collector: &Endpoint,
    worker: u16,
    state: &StateFolder,
) -> Result<(Child, String)> {
    let configuration = state.run().join("bootstrap.json");
    let content =
        bootstrap::bootstrap(&files.listeners(), &files.clusters(), collector, worker).to_string();
    disk::replace(&configuration, content.as_bytes(), Access::Everyone)?;
    let admin = state.run().join("admin-address");
    let mut envoy = process::spawn(&ProcessSpec {
        program: program.to_owned(),
        arguments: arguments(&configuration, &admin),
        environment: Vec::new(),
        log: state.log("envoy"),
    })?;
    let address = wait::until(START_PATIENCE, async || {
        let address = std::fs::read_to_string(&admin).ok().filter(|address| !address.is_empty());
        address.map(Ok).or_else(|| ended(&mut envoy).then_some(Err(())))
    });
    match address.await {
        Some(Ok(address)) => Ok((envoy, address.trim().to_owned())),
        Some(Err(())) | None => Err(not_started(state)),
    }
}

fn arguments(configuration: &Path, admin: &Path) -> Vec<std::ffi::OsString> {
    let fixed = [
        "--disable-hot-restart",
        // An unknown field in a file must be refused, not warned about.
        "--reject-unknown-dynamic-fields",
        // One worker: breakers and load balancers then count exactly.
        "--concurrency",
        "1",
        "--log-level",
        "warning",
        "--component-log-level",
        "tracing:critical",
        "--drain-time-s",
        "2",
        "--drain-strategy",
        "immediate",
        "--file-flush-interval-msec",
        "200",
    ];
    let files = [("--config-path", configuration), ("--admin-address-path", admin)];
    let files =
        files.into_iter().flat_map(|(flag, path)| [flag.into(), path.as_os_str().to_owned()]);
    files.chain(fixed.map(Into::into)).collect()
}

async fn serving(envoy: &mut Child, admin: &Admin, state: &StateFolder) -> Result<()> {
    let serving = wait::until(START_PATIENCE, async || {
        if ended(envoy) { Some(false) } else { admin.is_ready().await.then_some(true) }
    });
    if serving.await == Some(true) { Ok(()) } else { Err(not_started(state)) }
}

fn ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

fn not_started(state: &StateFolder) -> Failure {
    Failure::lab("Envoy did not start", "its own words are above").with_log(&state.log("envoy"))
}
