//! `lab status`: what runs where, and lines to paste.

use crate::cli::Output;
use crate::control::{self, PodStatus, Status};
use crate::failure::Result;
use crate::state::StateFolder;
use crate::terminal;
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use std::process::ExitCode;

pub(crate) async fn status(state: &StateFolder, output: Output) -> Result<ExitCode> {
    let status = control::status(state).await?;
    match output {
        Output::Json => terminal::json(&status)?,
        Output::Text => summary(&status),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what runs where, and how to send a request.
pub(crate) fn summary(status: &Status) {
    terminal::heading("What runs");
    let mut table = table(&[
        "POD", "VERSION", "LANE", "READY", "RESTARTS", "PID", "APP", "ADMIN", "INBOUND", "OUTBOUND",
    ]);
    for pod in &status.pods {
        table.add_row(row(pod));
    }
    terminal::line(&indented(&table));
    terminal::line(&format!("  layers   {}", status.layers.join(", ")));
    terminal::line(&format!(
        "  gateway  https 127.0.0.1:{}, http 127.0.0.1:{}",
        status.https_port, status.http_port
    ));
    terminal::line(&format!(
        "  envoy    admin http://{}, pid {}",
        status.envoy.admin, status.envoy.pid
    ));
    terminal::line(&format!("  traces   {}/api/v3/traces (Jaeger's query API v3)", status.traces));
    terminal::line(&format!("  page     {}", status.page));
    terminal::line(&terminal::dim(
        "  Embedded, sidecars speak plain HTTP to each other: mutual TLS and the limits of a pod are a cluster's.",
    ));
    if let Some(host) = status.hosts.first() {
        terminal::heading("Try it");
        terminal::line(&format!("  {}", curl(status, host, "")));
        terminal::line(&format!("  {}", curl(status, host, "-H 'x-lane: v2' ")));
    }
}

/// A line that sends a request of the tutorial, ready to paste.
fn curl(status: &Status, host: &str, header: &str) -> String {
    let port = status.https_port;
    let authority = quoted(&status.authority.display().to_string());
    format!(
        "curl --cacert {authority} --resolve {host}:{port}:127.0.0.1 {header}https://{host}:{port}/hello/service1"
    )
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn row(pod: &PodStatus) -> Vec<String> {
    let lane = if pod.lane.is_empty() { "-" } else { &pod.lane };
    let ready = if pod.ready { "yes".to_owned() } else { format!("no: {}", pod.reason) };
    let numbers = [pod.restarts, pod.pid].map(|number| number.to_string());
    let ports = [pod.app_port, pod.admin_port, pod.inbound_port, pod.outbound_port];
    let ports = ports.map(|port| port.to_string());
    [pod.name.clone(), pod.version.clone(), lane.to_owned(), ready]
        .into_iter()
        .chain(numbers)
        .chain(ports)
        .collect()
}

/// A table without lines, as kubectl prints them.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    table
}

pub(crate) fn indented(table: &Table) -> String {
    let lines: Vec<String> = table.trim_fmt().lines().map(|line| format!(" {line}")).collect();
    lines.join("\n")
}
