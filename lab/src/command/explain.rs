//! `lab explain`: what happens to a request, told from the manifests alone.

use crate::cli::Output;
use crate::control::{Status, status};
use crate::explain::{Mesh, Request};
use crate::failure::Result;
use crate::layers::Plan;
use crate::state::StateFolder;
use crate::terminal;
use std::path::Path;
use std::process::ExitCode;

/// Told from files, which nobody need run.
pub(crate) fn explain(
    manifests: &Path,
    layers: &[String],
    request: &Request,
    output: Output,
) -> Result<ExitCode> {
    show(&Mesh::read(manifests, layers)?, request, output)
}

/// Told from what is in force in the running lab.
pub(crate) async fn explain_live(
    state: &StateFolder,
    request: &Request,
    output: Output,
) -> Result<ExitCode> {
    let Status { manifests, layers, release, .. } = status(state).await?;
    let release = release.map(|release| release.state).unwrap_or_default();
    show(&Mesh::planned(&manifests, &Plan { layers, release })?, request, output)
}

fn show(mesh: &Mesh, request: &Request, output: Output) -> Result<ExitCode> {
    let explanation = mesh.explain(request)?;
    match output {
        Output::Json => terminal::json(&explanation)?,
        Output::Text => terminal::line(&explanation.to_string()),
    }
    Ok(ExitCode::SUCCESS)
}
