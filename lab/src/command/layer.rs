//! `lab apply` and `lab remove`: a layer comes or goes while requests run.

use crate::control::{Request, call};
use crate::failure::Result;
use crate::state::StateFolder;
use crate::terminal;
use std::process::ExitCode;

pub(crate) async fn apply(state: &StateFolder, layer: String) -> Result<ExitCode> {
    call(state, &Request::Apply { layer: layer.clone() }).await?;
    terminal::line(&format!("layer `{layer}` is applied"));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn remove(state: &StateFolder, layer: String) -> Result<ExitCode> {
    call(state, &Request::Remove { layer: layer.clone() }).await?;
    terminal::line(&format!("layer `{layer}` is removed"));
    Ok(ExitCode::SUCCESS)
}
