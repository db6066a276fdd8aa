//! Commands to a lab that runs: one request a connection, in a line of JSON over the Unix socket of its state folder;
//! the answer is a line for each step as it is done, and a last one.

use crate::disk;
use crate::failure::{Failure, Fault, Result};
use crate::release::ReleaseStatus;
use crate::state::StateFolder;
use crate::terminal;
use manifests::release::Step;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    Status,
    Apply {
        layer: String,
    },
    Remove {
        layer: String,
    },
    /// A step of a release.
    Canary {
        step: Step,
    },
    Down,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    Step { text: String, milliseconds: u64 },
    Status(Box<Status>),
    Done,
    Failed { message: String, evidence: String, hint: String, input: bool },
}

/// What runs where.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Status {
    /// The process of the lab itself.
    pub(crate) pid: u32,
    pub(crate) manifests: PathBuf,
    pub(crate) layers: Vec<String>,
    /// Nothing, if no step of a release was ever taken.
    pub(crate) release: Option<ReleaseStatus>,
    /// The public hosts, by HTTPS.
    pub(crate) hosts: Vec<String>,
    pub(crate) https_port: u16,
    pub(crate) http_port: u16,
    /// The authority that clients must trust.
    pub(crate) authority: PathBuf,
    /// The base of the query API of the traces.
    pub(crate) traces: String,
    /// The URL of the page that shows the lab.
    pub(crate) page: String,
    pub(crate) envoy: EnvoyStatus,
    pub(crate) pods: Vec<PodStatus>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct EnvoyStatus {
    pub(crate) pid: u32,
    pub(crate) program: PathBuf,
    pub(crate) admin: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PodStatus {
    pub(crate) name: String,
    pub(crate) app: String,
    pub(crate) version: String,
    /// Empty for the baseline.
    pub(crate) lane: String,
    pub(crate) ready: bool,
    /// Why it is not ready; empty if it is.
    pub(crate) reason: String,
    pub(crate) restarts: u32,
    pub(crate) pid: u32,
    pub(crate) app_port: u16,
    pub(crate) admin_port: u16,
    pub(crate) inbound_port: u16,
    pub(crate) outbound_port: u16,
}

/// A request and where its replies go.
pub(crate) type Call = (Request, mpsc::UnboundedSender<Reply>);

/// The listening side.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) calls: mpsc::UnboundedReceiver<Call>,
    task: JoinHandle<()>,
    /// Closes when the last connection has been answered.
    answering: mpsc::Receiver<()>,
}

/// How long a client may take to read the last replies of a lab that ends.
const FLUSH_PATIENCE: Duration = Duration::from_secs(1);

impl Server {
    pub(crate) fn start(state: &StateFolder) -> Result<Self> {
        let path = state.socket();
        let listener = UnixListener::bind(&path).map_err(|error| Failure::disk(&path, &error))?;
        // Whoever may write to it commands the lab.
        disk::make_private(&path)?;
        let (sender, calls) = mpsc::unbounded_channel();
        let (busy, answering) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, busy) = (sender.clone(), busy.clone());
                tokio::spawn(async move {
                    answer(stream, sender).await;
                    drop(busy);
                });
            }
        });
        Ok(Self { calls, task, answering })
    }

    /// Takes no more calls and waits until the last replies are written.
    pub(crate) async fn finish(mut self) {
        self.task.abort();
        tokio::time::timeout(FLUSH_PATIENCE, self.answering.recv()).await.ok();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(stream: UnixStream, calls: mpsc::UnboundedSender<Call>) {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    if BufReader::new(reader).read_line(&mut line).await.is_err() {
        return;
    }
    let (sender, mut replies) = mpsc::unbounded_channel();
    match serde_json::from_str(&line) {
        // The lab is ending if nobody takes the call; the closed connection says so.
        Ok(request) => drop(calls.send((request, sender))),
        Err(error) => {
            let failure = Failure::input(
                format!("not a request: {error}"),
                "use the same version of the lab on both sides",
            );
            drop(sender.send(Reply::from(failure)));
        }
    }
    while let Some(reply) = replies.recv().await {
        let Ok(line) = serde_json::to_string(&reply) else { return };
        if writer.write_all(format!("{line}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        let Failure { message, evidence, hint, fault } = failure;
        Self::Failed { message, evidence, hint, input: fault == Fault::Input }
    }
}

/// Whether a lab runs from this state folder and answers.
pub(crate) async fn is_running(state: &StateFolder) -> bool {
    UnixStream::connect(state.socket()).await.is_ok()
}

/// Sends a request to the running lab, prints its steps, and returns its status if that was asked for.
pub(crate) async fn call(state: &StateFolder, request: &Request) -> Result<Option<Status>> {
    let lost = |error: std::io::Error| {
        Failure::lab(format!("the lab does not answer: {error}"), "run `cargo lab up`")
    };
    let stream = UnixStream::connect(state.socket()).await.map_err(|_| not_running())?;
    let (reader, mut writer) = stream.into_split();
    let line = serde_json::to_string(request)
        .map_err(|error| Failure::lab(error.to_string(), "run it again"))?;
    writer.write_all(format!("{line}\n").as_bytes()).await.map_err(lost)?;
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await.map_err(lost)? {
        let reply = serde_json::from_str(&line).map_err(|error| {
            Failure::lab(
                format!("not a reply: {error}"),
                "use the same version of the lab on both sides",
            )
        })?;
        match reply {
            Reply::Step { text, milliseconds } => {
                terminal::done(&text, Duration::from_millis(milliseconds));
            }
            Reply::Status(status) => return Ok(Some(*status)),
            Reply::Done => return Ok(None),
            Reply::Failed { message, evidence, hint, input } => {
                let failure =
                    if input { Failure::input(message, hint) } else { Failure::lab(message, hint) };
                return Err(failure.with_evidence(evidence));
            }
        }
    }
    Err(Failure::lab("the lab ended before it answered", "see its logs in the state folder"))
}

/// The status of the running lab.
pub(crate) async fn status(state: &StateFolder) -> Result<Status> {
    call(state, &Request::Status).await?.ok_or_else(not_running)
}

pub(crate) fn not_running() -> Failure {
    Failure::input("no lab is running", "start one with `cargo lab up`")
}
