//! `lab canary`: the steps of a release, and how far it has come.

use super::status::{indented, table};
use super::{auto, counters, simulate};
use crate::cli::Output;
use crate::control::{Request, Status, call, status as lab_status};
use crate::failure::Result;
use crate::release::ReleaseStatus;
use crate::state::StateFolder;
use crate::terminal;
use manifests::release::Step;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Canary {
    /// Deploy a lane, for those who ask for it
    Start {
        /// Such as v2, whose layer is canary-v2
        lane: String,
    },
    /// Draw a share of all users into a lane, in percent; 0 draws nobody
    Weight {
        #[arg(value_name = "PERCENT")]
        percent: u32,
        /// [default: the one that is drawn, or the only one that is live]
        #[arg(long)]
        lane: Option<String>,
    },
    /// Make a lane the baseline, and let the old baseline go
    Promote {
        /// [default: the one that is drawn, or the only one that is live]
        #[arg(long)]
        lane: Option<String>,
    },
    /// Take a lane away, at once
    Abort {
        /// [default: the one that is drawn, or the only one that is live]
        #[arg(long)]
        lane: Option<String>,
    },
    /// Raise the share step by step as far as error rate and latency allow; promote the lane, hold, or abort
    Auto(auto::Options),
    /// Show what Envoy has counted of a lane's services, beside the baseline's
    Counters(counters::Options),
    /// Show how often the analysis of `auto` errs, with simulated releases; no lab need run
    Simulate(simulate::Options),
    /// Show the lanes, the share that was asked for beside the one that is seen, and the last steps
    Status {
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
}

pub(crate) async fn canary(state: &StateFolder, canary: Canary) -> Result<ExitCode> {
    let step = match canary {
        Canary::Start { lane } => Step::Start { lane },
        Canary::Weight { percent, lane } => Step::Weight { lane, percent },
        Canary::Promote { lane } => Step::Promote { lane },
        Canary::Abort { lane } => Step::Abort { lane },
        Canary::Auto(options) => return auto::auto(state, options).await,
        Canary::Counters(options) => return counters::counters(state, options).await,
        Canary::Simulate(options) => return simulate::simulate(options),
        Canary::Status { output } => return status(state, output).await,
    };
    call(state, &Request::Canary { step }).await?;
    show(&lab_status(state).await?);
    Ok(ExitCode::SUCCESS)
}

async fn status(state: &StateFolder, output: Output) -> Result<ExitCode> {
    let status = lab_status(state).await?;
    match output {
        Output::Json => terminal::json(&status.release)?,
        Output::Text => {
            show(&status);
            for line in status.release.iter().flat_map(steps) {
                terminal::line(&line);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for the baseline, then one for each live lane.
fn show(status: &Status) {
    let Some(release) = &status.release else {
        terminal::line("no release is under way; `cargo lab canary start LANE` begins one");
        return;
    };
    let mut table = table(&["LANE", "SERVICES", "PODS READY", "WANTED", "SEEN"]);
    for lane in std::iter::once("").chain(release.state.lanes.iter().map(String::as_str)) {
        table.add_row(row(status, release, lane));
    }
    terminal::line(&indented(&table));
    if let Some(lane) = release.state.promoted.last() {
        terminal::line(&format!("  lane `{lane}` was promoted: it is the baseline"));
    }
}

fn row(status: &Status, release: &ReleaseStatus, lane: &str) -> Vec<String> {
    let pods: Vec<_> = status.pods.iter().filter(|pod| pod.lane == lane).collect();
    let mut services: Vec<String> =
        pods.iter().map(|pod| format!("{} {}", pod.app, pod.version)).collect();
    services.dedup();
    let ready = pods.iter().filter(|pod| pod.ready).count();
    let (wanted, seen) = release.shares(lane);
    let name = if lane.is_empty() { "baseline" } else { lane };
    let ready = format!("{ready} of {}", pods.len());
    vec![name.to_owned(), services.join(", "), ready, wanted, seen]
}

/// The last steps, with the time of day that they were taken at.
fn steps(release: &ReleaseStatus) -> Vec<String> {
    let line = |taken: &crate::release::Taken| {
        let at = UNIX_EPOCH + Duration::from_secs(taken.at);
        let at = humantime::format_rfc3339_seconds(at);
        format!("  {at}  {:<28} {} ms", taken.step, taken.milliseconds)
    };
    let objects = format!("  the objects in force: {}", release.objects.display());
    let heading = "  Last steps".to_owned();
    std::iter::once(heading).chain(release.steps.iter().map(line)).chain([objects]).collect()
}
