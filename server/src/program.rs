//! A configuration goes in, the exit code of the program comes out; between them it serves.

use std::{error::Error, net::SocketAddr, process::ExitCode};

use clap::error::{ContextKind, ErrorKind};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::TcpListener,
    runtime,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    admin::AdminListen,
    config::Config,
    edge,
    error::ServerError,
    serve::{Listeners, Stop, run},
    telemetry,
};

/// The whole program after its command line: logs, runtime, listeners, signals.
pub fn main_with(config: Config) -> ExitCode {
    telemetry::start(&config.log);
    match serve_until_signal(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let hint = error.hint().map(|hint| format!("\n\nhint: {hint}")).unwrap_or_default();
            tracing::error!("{error}{hint}");
            ExitCode::FAILURE
        }
    }
}

/// Tells why a command line is not accepted, in one line if it is about a value; the code to exit with is 2.
#[expect(clippy::print_stderr, reason = "there is no log yet")]
pub fn refuse(error: &clap::Error) -> ExitCode {
    let context = |kind| error.get(kind).map(ToString::to_string);
    let (flag, value) = (context(ContextKind::InvalidArg), context(ContextKind::InvalidValue));
    match (error.kind(), flag, value, error.source()) {
        (ErrorKind::ValueValidation, Some(flag), Some(value), Some(reason)) => {
            eprintln!("error: invalid value {value:?} for '{flag}': {reason}");
        }
        // If nobody reads it, the code still says it.
        _ => error.print().unwrap_or_default(),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn serve_until_signal(config: Config) -> Result<(), ServerError> {
    raise_open_files();
    // One thread: a pod is given one processor, and a second thread would only cost (hand-overs, a larger heap).
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Runtime)?;
    runtime.block_on(async move {
        // Before the log says "listening": who reads that may send a signal at once.
        let stop = signalled()?;
        let public = listen(config.listen)?;
        let admin = match config.admin_listen {
            AdminListen::Off => None,
            AdminListen::At(address) => Some(listen(address)?),
        };
        run(Listeners { public, admin }, &config, stop).await
    })
}

fn listen(address: SocketAddr) -> Result<TcpListener, ServerError> {
    edge::bind(address).map_err(|source| ServerError::Listen { address, source })
}

/// As many open files, and so connections, as the system lets this process have without asking.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!("the limit of open files stays as it is: {error}");
    }
}

/// The first SIGINT or SIGTERM after this call, not only after the first poll, asks to stop; the second one, at once.
fn signalled() -> Result<watch::Receiver<Stop>, ServerError> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServerError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(ServerError::Signals)?;
    let (sender, receiver) = watch::channel(Stop::NotYet);
    tokio::spawn(async move {
        for stop in [Stop::Gracefully, Stop::AtOnce] {
            let name = tokio::select! {
                _ = interrupt.recv() => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
            };
            let what =
                if stop == Stop::AtOnce { "again: stopping at once" } else { "received: draining" };
            tracing::info!("{name} {what}");
            // Nobody listens any more only when the server has ended.
            let _ = sender.send(stop);
        }
        // Kept, so that the last wish stands.
        sender.closed().await;
    });
    Ok(receiver)
}
