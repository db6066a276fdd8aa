//! `lab load`: a load's options → a table for each lane, the bound on leaks, and the exit code.

use super::status::{indented, table};
use crate::cli::Output;
use crate::control;
use crate::failure::Result;
use crate::load::{self, Entry, LaneReport, Load, Progress, Report, Turn, UNKNOWN};
use crate::state::StateFolder;
use crate::target::Target;
use crate::terminal;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;

/// What the user asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many requests to send
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests: u64,
    /// How many run at a time
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    at_once: u16,
    /// A lane that requests take turns in, and how they get into it: by header, query, cookie, or draw; may be given several
    /// times [default: by header each that is deployed, and one that is not; and whoever a release draws]
    #[arg(long = "lane", value_name = "LANE[:ENTRY]", value_parser = turn)]
    turns: Vec<Turn>,
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(crate) async fn load(state: &StateFolder, options: Options) -> Result<ExitCode> {
    let target = Target::embedded(&control::status(state).await?)?;
    let Options { requests, at_once, mut turns, output } = options;
    if turns.is_empty() {
        let lanes = target.lanes().into_iter().chain([UNKNOWN.to_owned()]);
        turns = lanes.map(|lane| Turn { lane, entry: Entry::Header }).collect();
        let drawn = target.draw.iter().map(|draw| draw.lane.clone());
        turns.extend(drawn.map(|lane| Turn { lane, entry: Entry::Draw }));
    }
    // Some without a lane are always among them: they must not get into one.
    turns.insert(0, Turn::none());
    let bar = progress(requests);
    let load = Load { requests, at_once: at_once.into(), turns };
    let report = load::run(&target, &load, |Progress { answered, failed, leaked }| {
        bar.set_position(answered);
        bar.set_message(format!("{failed} failed, {leaked} left their lane"));
    });
    let report = report.await?;
    bar.finish_and_clear();
    match output {
        Output::Json => terminal::json(&report)?,
        Output::Text => show(&report),
    }
    let fine = report.failed == 0 && report.leaked == 0;
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `v2`, `v2:query`
fn turn(text: &str) -> std::result::Result<Turn, String> {
    let (lane, entry) = match text.split_once(':') {
        Some((lane, entry)) => (lane, Entry::from_str(entry, false)?),
        None => (text, Entry::Header),
    };
    let plain = |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
    if lane.is_empty() || !lane.chars().all(plain) {
        return Err(format!("`{}` is no name of a lane, such as v2", lane.escape_debug()));
    }
    Ok(Turn { lane: lane.to_owned(), entry })
}

/// On standard error, and only if that is a terminal.
fn progress(requests: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("  {wide_bar} {human_pos} of {human_len}, {per_sec}, {msg}");
    let bar = ProgressBar::new(requests);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn show(report: &Report) {
    let Report { requests, failed, leaked, leak_bound, at_once, seconds, .. } = report;
    let rate = report.lanes.iter().map(|lane| lane.requests).sum::<u64>();
    terminal::line(&format!(
        "  {requests} requests, {at_once} at a time, in {seconds:.1} s: {:.0} a second",
        per_second(rate, *seconds)
    ));
    let mut table = table(&[
        "LANE",
        "REQUESTS",
        "FAILED",
        "LEFT IT",
        "HOPS IN LANE",
        "P50 MS",
        "P90 MS",
        "P99 MS",
        "MAX MS",
    ]);
    for lane in &report.lanes {
        table.add_row(row(lane));
    }
    terminal::line(&indented(&table));
    for (words, count) in &report.failures {
        terminal::line(&format!("  {} {count} times: {words}", terminal::bad("✗")));
    }
    if let Some(leak) = &report.first_leak {
        terminal::line(&format!("  {} the first that left its lane: {leak}", terminal::bad("✗")));
    }
    let mark = if *leaked == 0 { terminal::good("✓") } else { terminal::bad("✗") };
    terminal::line(&format!(
        "  {mark} {leaked} of {} answers left their lane: with 95 % confidence, fewer than {:.4} % do",
        requests - failed,
        leak_bound * 100.0
    ));
}

fn row(lane: &LaneReport) -> Vec<String> {
    let name = if lane.lane.is_empty() { "none" } else { &lane.lane };
    let by = if lane.entry == "header" { String::new() } else { format!(" by {}", lane.entry) };
    let mut row = vec![format!("{name}{by}")];
    row.extend([lane.requests, lane.failed, lane.leaked].map(|count| count.to_string()));
    row.push(format!("{} of {}", lane.hops_in_lane, lane.hops));
    row.extend([lane.p50, lane.p90, lane.p99, lane.longest].map(|time| format!("{time:.1}")));
    row
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds.max(f64::EPSILON)
}
