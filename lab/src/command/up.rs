//! `lab up`: starts the lab, in front of the terminal or behind it.

use crate::control::{self, Server};
use crate::disk;
use crate::embedded::{Embedded, Options, Signals, serve};
use crate::failure::{Failure, Fault, Result};
use crate::process;
use crate::state::StateFolder;
use crate::terminal;
use crate::wait;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

/// How long a lab may take to start behind the terminal; installing Envoy needs the network.
const START_PATIENCE: Duration = Duration::from_mins(10);
/// How long it may take to stop again.
const STOP_PATIENCE: Duration = Duration::from_mins(1);

/// Starts the lab, says what runs where, and serves until Ctrl-C.
pub(crate) async fn attached(state: StateFolder, options: Options) -> Result<ExitCode> {
    let _lock = state.lock()?;
    let (lab, server, mut signals) = start(&state, options).await?;
    super::status::summary(&lab.status());
    terminal::line("\nCtrl-C or `cargo lab down` stops everything.");
    serve(lab, server, &mut signals).await?;
    terminal::line("the lab is stopped");
    Ok(ExitCode::SUCCESS)
}

/// The lab behind the terminal: its output is a log, and its input the lock on the state folder, which it thereby holds.
pub(crate) async fn detached(state: StateFolder, options: Options) -> Result<ExitCode> {
    process::leave_session()?;
    let (lab, server, mut signals) = start(&state, options).await?;
    serve(lab, server, &mut signals).await?;
    Ok(ExitCode::SUCCESS)
}

/// Starts another process as the lab and returns when it serves.
pub(crate) async fn detach(state: StateFolder, options: Options) -> Result<ExitCode> {
    let lock = state.lock()?;
    let mut signals = Signals::listen()?;
    let [log, errors] = state.detached_logs();
    disk::remove(&log)?;
    disk::remove(&errors)?;
    let arguments = arguments(&state, &options);
    let mut child = process::spawn_detached(&arguments, lock, &log, &errors)?;
    let mut shown = 0;
    let outcome = wait::until(START_PATIENCE, async || {
        let ended = child.try_wait().ok().flatten();
        shown += show_from(&log, shown);
        if let Some(status) = ended {
            return Some(Err(status));
        }
        control::is_running(&state).await.then_some(Ok(()))
    });
    let outcome = tokio::select! {
        outcome = outcome => outcome,
        () = signals.next() => {
            process::stop(&mut child, STOP_PATIENCE).await;
            return Err(stopped());
        }
    };
    match outcome {
        Some(Ok(())) => {
            show_from(&log, shown);
            super::status::summary(&control::status(&state).await?);
            terminal::line("\n`cargo lab down` stops everything.");
            Ok(ExitCode::SUCCESS)
        }
        Some(Err(status)) => {
            terminal::error(&disk::tail(&errors, usize::MAX));
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            Ok(code.map_or(Fault::Lab.into(), ExitCode::from))
        }
        None => {
            child.kill().await.ok();
            Err(Failure::lab(
                format!("the lab did not start within {START_PATIENCE:?}"),
                format!("see {}", log.display()),
            ))
        }
    }
}

async fn start(state: &StateFolder, options: Options) -> Result<(Embedded, Server, Signals)> {
    let mut signals = Signals::listen()?;
    let lab = start_lab(state, options, &mut signals).await?;
    let server = Server::start(state)?;
    Ok((lab, server, signals))
}

/// Starts the lab in a state folder that is locked, and leaves the folder clean if that fails.
pub(super) async fn start_lab(
    state: &StateFolder,
    options: Options,
    signals: &mut Signals,
) -> Result<Embedded> {
    let lab = tokio::select! {
        lab = Embedded::start(state.clone(), options, &terminal::done) => lab,
        () = signals.next() => Err(stopped()),
    };
    if lab.is_err() {
        state.leave()?;
    }
    lab
}

fn stopped() -> Failure {
    Failure::input("stopped before it was up", "run `cargo lab up` again")
}

/// Prints what a log holds beyond `start` bytes, and returns how much that was.
fn show_from(log: &std::path::Path, start: usize) -> usize {
    let text = std::fs::read(log).unwrap_or_default();
    let new = String::from_utf8_lossy(text.get(start..).unwrap_or_default()).into_owned();
    // Whole lines only; the rest comes with the next look.
    let whole = new.rfind('\n').map_or(0, |end| end + 1);
    if whole > 0 {
        terminal::line(new[..whole].trim_end());
    }
    whole
}

fn arguments(state: &StateFolder, options: &Options) -> Vec<OsString> {
    let Options { manifests, with, https_port, http_port, traces, envoy, path: _ } = options;
    let flag = |name: &str, value: OsString| [name.into(), value];
    let state = flag("--state", state.root().into());
    let up = [OsString::from("up"), "--detached".into()];
    let manifests = flag("--manifests", manifests.into());
    let with = with.iter().flat_map(|layer| flag("--with", layer.into()));
    let https_port =
        https_port.iter().flat_map(|port| flag("--https-port", port.to_string().into()));
    let plain_port = http_port.iter().flat_map(|port| flag("--http-port", port.to_string().into()));
    let traces = traces.iter().flat_map(|traces| {
        let otlp = flag("--otlp-endpoint", traces.otlp.to_string().into());
        otlp.into_iter().chain(flag("--jaeger-url", traces.query.clone().into()))
    });
    let envoy = envoy.iter().flat_map(|file| flag("--envoy", file.into()));
    state
        .into_iter()
        .chain(up)
        .chain(manifests)
        .chain(with)
        .chain(https_port)
        .chain(plain_port)
        .chain(traces)
        .chain(envoy)
        .collect()
}
