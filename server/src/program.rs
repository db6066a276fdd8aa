//! A configuration goes in, the exit code of the program comes out; between them it serves.

use std::process::ExitCode;

use tokio::{
    net::TcpListener,
    runtime,
    signal::unix::{SignalKind, signal},
};

use crate::{config::Config, error::ServerError, serve::run, telemetry};

/// The whole program after its command line: logs, runtime, listener, signals.
pub fn main_with(config: Config) -> ExitCode {
    telemetry::start();
    match serve_until_signal(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let hint = error.hint().map(|hint| format!("\n\nhint: {hint}")).unwrap_or_default();
            tracing::error!("{error}{hint}");
            ExitCode::FAILURE
        }
    }
}

fn serve_until_signal(config: Config) -> Result<(), ServerError> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Runtime)?;
    runtime.block_on(async move {
        // Before the log says "listening": who reads that may send a signal at once.
        let shutdown = signalled()?;
        let address = config.listen;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ServerError::Listen { address, source })?;
        run(listener, &config, shutdown).await
    })
}

/// Resolves at the first SIGINT or SIGTERM after this call, not only after the first poll.
fn signalled() -> Result<impl Future<Output = ()>, ServerError> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServerError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(ServerError::Signals)?;
    Ok(async move {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        };
        tracing::info!("{name}: no new connections, finishing what runs");
    })
}
