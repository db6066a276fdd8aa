//! `lab traces`: the latest traces, or one of them as a waterfall.

use super::status::{indented, table};
use crate::cli::Output;
use crate::control;
use crate::failure::{Failure, Result};
use crate::jaeger::Client;
use crate::state::StateFolder;
use crate::target::gateway_service;
use crate::terminal;
use crate::trace::Trace;
use crate::waterfall::{milliseconds, waterfall};
use std::process::ExitCode;

/// How many traces are listed, and among how many an abbreviated id is looked for.
const LISTED: usize = 20;
const SEARCHED: usize = 2_000;
/// The digits of an id that is not abbreviated.
const WHOLE: usize = 32;

pub(crate) async fn traces(
    state: &StateFolder,
    id: Option<&str>,
    output: Output,
) -> Result<ExitCode> {
    let client = Client::new(&control::status(state).await?.traces)?;
    match id {
        None => {
            let traces = client.latest(&gateway_service(), LISTED).await?;
            match output {
                Output::Json => terminal::json(&traces)?,
                Output::Text => list(&traces),
            }
        }
        Some(id) => {
            let trace = named(&client, &id.to_lowercase()).await?.ok_or_else(|| {
                Failure::input(
                    format!("there is no trace `{id}`"),
                    "`cargo lab traces` lists the latest ones",
                )
            })?;
            match output {
                Output::Json => terminal::json(&trace)?,
                Output::Text => terminal::line(waterfall(&trace, terminal::columns()).trim_end()),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The trace of this id, or the latest one whose id begins so.
async fn named(client: &Client, id: &str) -> Result<Option<Trace>> {
    if id.len() == WHOLE && id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return client.trace(id).await;
    }
    let known = client.latest(&gateway_service(), SEARCHED).await?;
    Ok(known.into_iter().find(|trace| trace.id.starts_with(id)))
}

fn list(traces: &[Trace]) {
    if traces.is_empty() {
        terminal::line("no traces yet: send a request, or run `cargo lab verify`");
        return;
    }
    let mut table = table(&["TRACE", "LANE", "SPANS", "DURATION", "STATUS", "REQUEST"]);
    for trace in traces {
        let lane = Some(trace.tag("lane")).filter(|lane| !lane.is_empty()).unwrap_or("-");
        let count = trace.spans.len().to_string();
        table.add_row([
            trace.id.clone(),
            lane.to_owned(),
            count,
            milliseconds(trace.duration()),
            trace.tag("http.status_code").to_owned(),
            trace.tag("http.url").to_owned(),
        ]);
    }
    terminal::line(&indented(&table));
    terminal::line(&terminal::dim(
        "  `cargo lab traces ID` shows one; the beginning of an id will do",
    ));
}
