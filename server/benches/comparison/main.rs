//! httpserver against a raw hyper server with the same behaviour: each on one core, the load from the other, in turns.
//! Prints medians and ratios. Only the ratios mean something: both sides share whatever else the machine does.

#![expect(clippy::cast_precision_loss, reason = "figures for people to read")]

mod half_open;
mod load;
mod parity;
mod process;
mod report;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Parser;

use self::{
    process::{Server, command, pin},
    report::{Cell, Measured, Rows},
};

#[derive(Parser)]
struct Options {
    /// How often each case is measured with each server
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How long each measurement takes, after half a second to warm up
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How often each server is started to time its start
    #[arg(long, default_value_t = 40)]
    starts: usize,
    /// How many connections send half a head and then nothing
    #[arg(long, default_value_t = 2000)]
    half_open: usize,
    /// Another build to measure instead of this one, for example the static one
    #[arg(long, env = "HTTPSERVER_BENCH_PROGRAM")]
    program: Option<PathBuf>,
    /// What to measure against, instead of raw hyper
    #[arg(long)]
    against: Option<PathBuf>,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Health,
    Metrics,
    Chain,
}

impl Case {
    const ALL: [Self; 3] = [Self::Health, Self::Metrics, Self::Chain];

    fn path(self) -> &'static str {
        match self {
            Self::Health => "/healthz",
            Self::Metrics => "/metrics",
            Self::Chain => "/hello/service1",
        }
    }

    /// The least part of the other server's requests per second that we accept.
    fn goal(self) -> f64 {
        match self {
            Self::Health | Self::Chain => 0.90,
            Self::Metrics => 0.95,
        }
    }
}

/// A program, and the flags that only it has.
struct Contestant {
    program: PathBuf,
    flags: Vec<String>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let ours = options.program.clone().unwrap_or_else(|| env!("CARGO_BIN_EXE_httpserver").into());
    let ours = Contestant { program: ours, flags: flags_of_httpserver() };
    let theirs = match &options.against {
        Some(program) => Contestant { program: program.clone(), flags: flags_of_httpserver() },
        None => Contestant { program: build_raw_hyper()?, flags: Vec::new() },
    };
    let other = match &options.against {
        Some(program) => program.display().to_string(),
        None => "raw hyper".to_owned(),
    };
    let both = [&ours, &theirs];
    pin(process::LOAD_CORE)?;
    let (first, second) = (chain(&ours)?, chain(&theirs)?);
    parity::check(first[0].address, second[0].address)?;
    drop((first, second));

    let mut rows = Rows::default();
    for round in 0..options.rounds {
        report::round(round + 1, options.rounds);
        for case in Case::ALL {
            let mut cells = [None, None];
            // Whoever is first in one round is second in the next.
            for turn in 0..2 {
                let which = (round + turn) % 2;
                cells[which] = Some(measure(both[which], case, &options)?);
            }
            if let [Some(ours), Some(theirs)] = cells {
                rows.add(case.path(), case.goal(), ours, theirs);
            }
        }
    }
    rows.print(&other);
    report::starts(&times_to_start(both, options.starts)?, &other);
    report::sizes(both.map(|contestant| size(&contestant.program)), &other);
    report::half_open(&[half_open(&ours, &options)?, half_open(&theirs, &options)?], &other);
    Ok(())
}

/// Without a delay; metrics and access log as they are.
fn flags_of_httpserver() -> Vec<String> {
    ["--delay-ms=0", "--admin-listen=off"].map(str::to_owned).to_vec()
}

fn measure(contestant: &Contestant, case: Case, options: &Options) -> Result<Cell> {
    let servers = match case {
        Case::Health | Case::Metrics => vec![start(contestant, &[])?],
        Case::Chain => chain(contestant)?,
    };
    let address = servers[0].address;
    load::run(address, case.path(), options.connections, Duration::from_millis(500))?;
    let before = usage(&servers)?.cpu;
    let time = Duration::from_secs_f64(options.seconds);
    let load = load::run(address, case.path(), options.connections, time)?;
    let after = usage(&servers)?;
    let requests = load.latency.len() as f64;
    let cpu = after.cpu.saturating_sub(before).as_secs_f64();
    Ok(Cell {
        requests: Measured(requests / load.took.as_secs_f64()),
        p50: Measured(load.latency.value_at_quantile(0.5) as f64 / 1e6),
        p99: Measured(load.latency.value_at_quantile(0.99) as f64 / 1e6),
        cpu: Measured(cpu * 1e6 / requests),
        peak: Measured(after.peak as f64 / servers.len() as f64 / 1e6),
        busy: Measured(cpu / load.took.as_secs_f64()),
    })
}

fn start(contestant: &Contestant, arguments: &[String]) -> Result<Server> {
    Server::start(&contestant.program, &[&contestant.flags, arguments].concat())
}

/// Each calls the next; the first one is what clients ask.
fn chain(contestant: &Contestant) -> Result<Vec<Server>> {
    let third = start(contestant, &[])?;
    let to_third = format!("--service3-url=http://{}", third.address);
    let second = start(contestant, std::slice::from_ref(&to_third))?;
    let to_second = format!("--service2-url=http://{}", second.address);
    let first = start(contestant, &[to_second, to_third])?;
    Ok(vec![first, second, third])
}

/// Of all of them together.
fn usage(servers: &[Server]) -> Result<process::Usage> {
    let mut sum = process::Usage { cpu: Duration::ZERO, peak: 0 };
    for server in servers {
        let usage = server.usage()?;
        sum = process::Usage { cpu: sum.cpu + usage.cpu, peak: sum.peak + usage.peak };
    }
    Ok(sum)
}

fn half_open(contestant: &Contestant, options: &Options) -> Result<half_open::HalfOpen> {
    half_open::run(&start(contestant, &[])?, options.half_open)
}

/// From the start of the process to its first answer, in milliseconds.
fn times_to_start(both: [&Contestant; 2], times: usize) -> Result<[Vec<f64>; 2]> {
    let mut found = [Vec::new(), Vec::new()];
    for time in 0..times * 2 {
        let which = time % 2;
        let begin = Instant::now();
        let server = start(both[which], &[])?;
        found[which].push(begin.elapsed().as_secs_f64() * 1e3);
        drop(server);
    }
    Ok(found)
}

fn size(program: &Path) -> f64 {
    std::fs::metadata(program).map_or(0.0, |file| file.len() as f64 / 1e6)
}

/// cargo knows where it puts a program; ask it.
fn build_raw_hyper() -> Result<PathBuf> {
    let output = command(Path::new(env!("CARGO")))
        .args(["build", "--profile=bench", "--package=httpserver", "--bench=raw_hyper"])
        .arg("--message-format=json")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "raw_hyper does not compile");
    let messages = str::from_utf8(&output.stdout)?.lines();
    let executable = messages
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "raw_hyper")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    executable.context("cargo names no executable of raw_hyper")
}
