//! A pod → a running process: started, probed for readiness, restarted when it ends, stopped within its grace period.

use crate::envoy::PodPorts;
use crate::failure::Failure;
use crate::process::{self, HTTPSERVER, ProcessSpec};
use crate::state::StateFolder;
use crate::topology::{Pod, Readiness};
use crate::wait;
use std::path::Path;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The first and the longest wait before a process that ended is started again, as the kubelet's back-off goes.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_mins(1);

/// What happens to a pod.
#[derive(Debug)]
pub(crate) enum Event {
    Started {
        pid: u32,
    },
    Ready,
    NotReady {
        reason: String,
    },
    Ended {
        reason: String,
    },
    /// It could not even be started.
    Failed(Failure),
}

/// A pod's task. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Running {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    /// Asks the process to stop, and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.stop.take();
        (&mut self.task).await.ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The process that is the container of a pod: the server, which listens on the loopback interface and reaches other
/// services through its sidecar.
pub(crate) fn process(
    pod: &Pod,
    ports: PodPorts,
    program: &Path,
    state: &StateFolder,
) -> ProcessSpec {
    // The lab takes a pod out of Envoy's endpoints before it stops it: nothing is left to be a lame duck for.
    let stopping = [("LAME_DUCK_MS".to_owned(), "0".to_owned())];
    let network = [
        ("LISTEN".to_owned(), format!("127.0.0.1:{}", ports.app)),
        ("ADMIN_LISTEN".to_owned(), format!("127.0.0.1:{}", ports.admin)),
        ("http_proxy".to_owned(), format!("http://127.0.0.1:{}", ports.outbound)),
    ];
    ProcessSpec {
        program: program.to_owned(),
        arguments: std::iter::once(HTTPSERVER)
            .chain(pod.args.iter().map(String::as_str))
            .map(Into::into)
            .collect(),
        // The network comes last: whatever the manifest says of it is about the network of a cluster.
        environment: stopping.into_iter().chain(pod.env.iter().cloned()).chain(network).collect(),
        log: state.log(&pod.name),
    }
}

/// Starts a pod; `events` hears of everything, with the pod's name.
pub(crate) fn start(
    pod: &Pod,
    port: u16,
    process: ProcessSpec,
    events: mpsc::UnboundedSender<(String, Event)>,
) -> Running {
    let (stop, stopped) = oneshot::channel();
    let (name, grace) = (pod.name.clone(), pod.grace);
    let probe = Probe {
        readiness: pod.readiness.clone(),
        port,
        client: reqwest::Client::builder().no_proxy().build().ok(),
    };
    let tell = move |event| {
        // Nobody listens any more only when the lab itself ends.
        events.send((name.clone(), event)).ok();
    };
    let task = tokio::spawn(run(process, probe, grace, stopped, tell));
    Running { stop: Some(stop), task }
}

async fn run(
    process: ProcessSpec,
    probe: Probe,
    grace: Duration,
    mut stopped: oneshot::Receiver<()>,
    tell: impl Fn(Event),
) {
    let mut back_off = FIRST_BACK_OFF;
    loop {
        let mut child = match process::spawn(&process) {
            Ok(child) => child,
            Err(failure) => return tell(Event::Failed(failure)),
        };
        tell(Event::Started { pid: child.id().unwrap_or_default() });
        tokio::select! {
            status = child.wait() => {
                let reason = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                tell(Event::Ended { reason });
            }
            () = probe.watch(&tell) => {}
            _ = &mut stopped => return process::stop(&mut child, grace).await,
        }
        tokio::select! {
            () = wait::pause(back_off) => back_off = (back_off * 2).min(LONGEST_BACK_OFF),
            _ = &mut stopped => return,
        }
    }
}

struct Probe {
    readiness: Option<Readiness>,
    port: u16,
    client: Option<reqwest::Client>,
}

impl Probe {
    /// Reports every change between ready and not ready, for as long as it is polled.
    async fn watch(&self, tell: &impl Fn(Event)) {
        let Some(readiness) = &self.readiness else {
            tell(Event::Ready);
            return std::future::pending().await;
        };
        wait::pause(readiness.initial_delay).await;
        let mut ready = false;
        let (mut successes, mut failures) = (0, 0);
        loop {
            match self.ask(readiness).await {
                Ok(()) => (successes, failures) = (successes + 1, 0),
                Err(reason) => {
                    (successes, failures) = (0, failures + 1);
                    if ready && failures >= readiness.failure_threshold {
                        ready = false;
                        tell(Event::NotReady { reason });
                    }
                }
            }
            if !ready && successes >= readiness.success_threshold {
                ready = true;
                tell(Event::Ready);
            }
            // A starting pod is asked more often than the kubelet would: it changes nothing but how long people wait.
            wait::pause(if ready { readiness.period } else { wait::POLL }).await;
        }
    }

    async fn ask(&self, readiness: &Readiness) -> Result<(), String> {
        let client = self.client.as_ref().ok_or("no HTTP client")?;
        let url = format!("http://127.0.0.1:{}{}", self.port, readiness.path);
        let answer = client
            .get(url)
            .timeout(readiness.timeout)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        // The kubelet counts 200 to 399 as success.
        let status = answer.status();
        if status.is_success() || status.is_redirection() {
            Ok(())
        } else {
            Err(format!("answered {status}"))
        }
    }
}
