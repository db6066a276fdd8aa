//! `lab canary counters`: what Envoy has counted of a lane's services, in the lane and at the baseline.

use super::status::{indented, table};
use crate::admin::Admin;
use crate::analysis::Reading;
use crate::analysis::counters::{Readings, read};
use crate::cli::Output;
use crate::control;
use crate::failure::{Failure, Result};
use crate::state::StateFolder;
use crate::terminal;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// [default: the one that is drawn, or the only one that is live]
    #[arg(long)]
    lane: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(crate) async fn counters(state: &StateFolder, options: Options) -> Result<ExitCode> {
    let status = control::status(state).await?;
    let none =
        || Failure::input("no release is under way", "`cargo lab canary start LANE` begins one");
    let release = status.release.as_ref().ok_or_else(none)?;
    let lane = release.state.meant(options.lane.as_deref(), &[])?;
    let services = release.counterparts.get(&lane).cloned().unwrap_or_default();
    let readings = read(&Admin::new(&status.envoy.admin)?, &services).await?;
    match options.output {
        Output::Json => terminal::json(&readings)?,
        Output::Text => show(&readings, &lane),
    }
    Ok(ExitCode::SUCCESS)
}

fn show(readings: &[Readings], lane: &str) {
    let mut table = table(&["SERVICE", "LANE", "REQUESTS", "FAILED", "FORGOTTEN", "TIMED"]);
    for service in readings {
        for (side, reading) in [(lane, &service.lane), ("baseline", &service.baseline)] {
            let Reading { completed, classes, latency } = reading;
            let counts = [*completed, classes[4], reading.forgotten(), latency.total()];
            let names = [service.host.clone(), side.to_owned()];
            let counts = counts.map(|count| count.to_string());
            table.add_row(names.into_iter().chain(counts).collect::<Vec<_>>());
        }
    }
    terminal::line(&indented(&table));
}
