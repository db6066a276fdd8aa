//! `lab verify`: the claims as a table, and the exit code.

use super::status::{indented, table};
use crate::cli::Output;
use crate::control;
use crate::failure::Result;
use crate::state::StateFolder;
use crate::target::Target;
use crate::terminal;
use crate::verify::{self, Report};
use std::process::ExitCode;

pub(crate) async fn verify(state: &StateFolder, output: Output) -> Result<ExitCode> {
    let target = Target::embedded(&control::status(state).await?)?;
    let report = verify::verify(&target).await?;
    match output {
        Output::Json => terminal::json(&report)?,
        Output::Text => show(&report),
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the claims and what was seen.
pub(crate) fn show(report: &Report) {
    let mut table = table(&["", "CLAIM", "SEEN"]);
    for outcome in &report.outcomes {
        let mark = if outcome.passed { "✓" } else { "✗" };
        table.add_row([mark, &outcome.sentence, &outcome.evidence]);
    }
    for line in indented(&table).lines() {
        let line =
            line.replacen('✓', &terminal::good("✓"), 1).replacen('✗', &terminal::bad("✗"), 1);
        terminal::line(&line);
    }
    let passed = report.outcomes.iter().filter(|outcome| outcome.passed).count();
    terminal::line(&format!("  {passed} of {} claims hold", report.outcomes.len()));
}
