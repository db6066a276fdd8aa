//! `lab explain`: what happens to a request, told from the manifests alone.

use crate::cli::Output;
use crate::explain::{Mesh, Request};
use crate::failure::Result;
use crate::terminal;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn explain(
    manifests: &Path,
    layers: &[String],
    request: &Request,
    output: Output,
) -> Result<ExitCode> {
    let explanation = Mesh::read(manifests, layers)?.explain(request)?;
    match output {
        Output::Json => terminal::json(&explanation)?,
        Output::Text => terminal::line(&explanation.to_string()),
    }
    Ok(ExitCode::SUCCESS)
}
