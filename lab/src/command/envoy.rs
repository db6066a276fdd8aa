//! `lab envoy`: which Envoy the lab runs.

use crate::failure::Result;
use crate::install;
use crate::state::StateFolder;
use crate::terminal;
use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) async fn envoy(
    state: &StateFolder,
    asked: Option<PathBuf>,
    path: Option<String>,
) -> Result<ExitCode> {
    let program = install::envoy(state, asked.as_deref(), path.as_deref()).await?;
    terminal::line(&program.display().to_string());
    Ok(ExitCode::SUCCESS)
}
