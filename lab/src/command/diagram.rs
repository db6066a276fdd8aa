//! `lab diagram`: where requests go, drawn in characters, with the number of requests on each way.

use crate::cli::Output;
use crate::collector::calls::Count;
use crate::control;
use crate::diagram::{Diagram, text::text};
use crate::failure::{Failure, Result};
use crate::http;
use crate::state::StateFolder;
use crate::terminal;
use std::process::ExitCode;

pub(crate) async fn diagram(state: &StateFolder, output: Output) -> Result<ExitCode> {
    let status = control::status(state).await?;
    let diagrams = read(&status.page).await?;
    match output {
        Output::Json => terminal::json(&diagrams)?,
        Output::Text => {
            for diagram in &diagrams {
                show(diagram);
            }
            terminal::line(&terminal::dim(&format!("  {}", note(&diagrams, &status.page))));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The diagrams of the running lab, from its page.
async fn read(page: &str) -> Result<Vec<Diagram>> {
    let lost = |error: reqwest::Error| {
        Failure::lab(
            format!("the lab's page at {page} cannot be read: {error}"),
            "check that the lab runs: `cargo lab status`",
        )
    };
    let client = http::client(reqwest::Client::builder())?;
    let answer = client.get(format!("{page}api/diagram")).send().await.map_err(lost)?;
    answer.error_for_status().map_err(lost)?.json().await.map_err(lost)
}

fn show(diagram: &Diagram) {
    terminal::heading(&diagram.entrance);
    for line in text(diagram).lines() {
        terminal::line(format!("  {line}").trim_end());
    }
    for gap in &diagram.gaps {
        let lane = diagram.lanes[gap.lane].words();
        let service = &diagram.hops[gap.hop].service;
        terminal::line(&format!("  · {lane} has no {service} of its own: {}", gap.words));
    }
    for (way, words) in diagram.ways.iter().filter_map(|way| Some((way, way.words()?))) {
        let [from, to] = diagram.ends(way);
        let lane = diagram.lanes[way.lane].words();
        terminal::line(&format!("  {lane}: {from} → {to} {words}"));
    }
    let failed: u64 =
        diagram.ways.iter().filter_map(|way| way.count).map(|Count { failed, .. }| failed).sum();
    if failed > 0 {
        let hint = "`cargo lab traces` has the statuses";
        terminal::line(&format!("  {}, {hint}", terminal::bad("requests failed")));
    }
}

fn note(diagrams: &[Diagram], page: &str) -> String {
    let counted =
        diagrams.iter().flat_map(|diagram| &diagram.lanes).any(|lane| lane.count.is_some());
    if counted {
        format!("a number is how many requests took that way since the lab started; live at {page}")
    } else {
        "spans go to another Jaeger, so requests are counted there".to_owned()
    }
}
