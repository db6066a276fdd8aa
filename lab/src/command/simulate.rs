//! `lab canary simulate`: how often the analysis of canaries errs, and how many requests it takes.

use super::status::{indented, table};
use crate::analysis::Criteria;
use crate::analysis::simulation::{Row, Simulation, simulate as run};
use crate::cli::Output;
use crate::failure::Result;
use crate::terminal;
use std::process::ExitCode;

/// What the user asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Releases of each kind
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    releases: u32,
    /// The same seed gives the same releases
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Requests of all users between two looks
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    requests: u64,
    /// The percentages of users that the lane gets, one after the other
    #[arg(long, value_delimiter = ',', default_value = "5,25,50,100")]
    steps: Vec<u8>,
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Prints a row for each kind of release. No lab need run.
pub(crate) fn simulate(options: Options) -> Result<ExitCode> {
    let Options { releases, seed, requests, steps, output } = options;
    let simulation = Simulation { steps, criteria: Criteria::default(), releases, requests, seed };
    let rows = run(&simulation)?;
    match output {
        Output::Json => terminal::json(&rows)?,
        Output::Text => show(&simulation, &rows),
    }
    Ok(ExitCode::SUCCESS)
}

fn show(simulation: &Simulation, rows: &[Row]) {
    let Simulation { steps, criteria, releases, requests, seed } = simulation;
    let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
    terminal::line(&format!(
        "  {releases} releases of each kind, seed {seed}; steps of {} %, up to {} looks each, {requests} requests between two",
        steps.join(", "),
        criteria.looks
    ));
    let mut table =
        table(&["RELEASE", "TOLERATED", "PROMOTED", "ABORTED", "HELD", "IN LANE", "REQUESTS"]);
    for row in rows {
        let tolerated = match (row.good, row.bad) {
            (true, true) => "just so",
            (true, false) => "yes",
            _ => "no",
        };
        let ends = [row.promoted, row.aborted, row.held].map(|count| count.to_string());
        let medians = [row.lane_requests, row.requests].map(|count| count.to_string());
        let cells = [row.kind.clone(), tolerated.to_owned()];
        table.add_row(cells.into_iter().chain(ends).chain(medians).collect::<Vec<_>>());
    }
    terminal::line(&indented(&table));
    terminal::line(&format!(
        "  tolerated are {} points more failures and {} points more slow requests; a release that is ABORTED though its lane\n  is no worse, or PROMOTED though it is no better, is an error, with a probability of at most {} each;\n  IN LANE and REQUESTS are medians until the end",
        criteria.errors * 100.0,
        criteria.slow * 100.0,
        criteria.error
    ));
}
