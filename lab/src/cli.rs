//! The command line: what can be asked for, and which function answers. The only reader of the environment.

use crate::command;
use crate::command::canary::Canary;
use crate::control;
use crate::embedded::{Options, Traces};
use crate::endpoint::Endpoint;
use crate::explain::Request;
use crate::failure::{Failure, Result};
use crate::process;
use crate::state::StateFolder;
use crate::terminal;
use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// An Istio lab without a cluster: the rendered manifests, local processes of the real server, a real Envoy.
#[derive(Debug, Parser)]
#[command(name = "lab", version, propagate_version = true)]
pub struct Arguments {
    /// The folder that the lab keeps everything in
    #[arg(long, global = true, default_value = ".lab", env = "LAB_STATE")]
    state: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the lab, and stop it with Ctrl-C
    Up(Up),
    /// Stop the lab
    Down,
    /// Add a layer of the manifests while the lab runs
    Apply {
        /// A folder of the manifests, such as canary-v2
        layer: String,
    },
    /// Take a layer away while the lab runs
    Remove {
        /// A folder of the manifests, such as canary-v2
        layer: String,
    },
    /// Release a lane step by step: for those who ask, for a share of all users, for everybody
    #[command(subcommand)]
    Canary(Canary),
    /// Show what runs where
    Status {
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Check the claims of the lab from outside, through the gateway
    Verify {
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Send many requests in mixed lanes, and check every hop of every answer
    Load(command::load::Options),
    /// List the latest traces, or show one
    Traces {
        /// The trace's id, or the beginning of it
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        id: Option<String>,
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Draw where requests go, lane by lane and hop by hop, with the number of requests on each way
    Diagram {
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Tell the whole story: up, verify, a canary lane, a trace of each lane, down
    Demo(Start),
    /// Tell what happens to a request, from the manifests alone: nothing is sent, no lab need run
    Explain(Explain),
    /// Print the path of the Envoy that the lab runs, and install it if need be
    Envoy(Programs),
    /// The server of a pod
    #[command(name = process::HTTPSERVER, hide = true, args_override_self = true)]
    Httpserver(Box<httpserver::Config>),
    /// Become another program that ends when the lab ends
    #[command(name = process::EXEC, hide = true)]
    Exec {
        parent: u32,
        program: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

#[derive(Debug, clap::Args)]
struct Up {
    #[command(flatten)]
    start: Start,
    /// Return when the lab serves, and leave it running
    #[arg(long)]
    detach: bool,
    /// This is the lab that `--detach` leaves running
    #[arg(long, hide = true, conflicts_with = "detach")]
    detached: bool,
}

#[derive(Debug, clap::Args)]
struct Start {
    /// The folder of the rendered manifests
    #[arg(long, default_value = "out")]
    manifests: PathBuf,
    /// A layer to apply on top of base and v1; may be given several times
    #[arg(long, value_name = "LAYER")]
    with: Vec<String>,
    /// The port on 127.0.0.1 for HTTPS [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    https_port: Option<u16>,
    /// The port on 127.0.0.1 for plain HTTP [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    http_port: Option<u16>,
    /// Send spans there in OTLP over HTTP, in place of the lab's own collector
    #[arg(long, value_name = "URL", requires = "jaeger_url")]
    otlp_endpoint: Option<Endpoint>,
    /// Read traces from the query API of this Jaeger, such as `http://127.0.0.1:16686/jaeger`
    #[arg(long, value_name = "URL", requires = "otlp_endpoint", value_parser = base_url)]
    jaeger_url: Option<String>,
    #[command(flatten)]
    programs: Programs,
}

/// A URL that paths can be added to.
fn base_url(text: &str) -> std::result::Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|error| error.to_string())?;
    let is_base = ["http", "https"].contains(&url.scheme()) && url.query().is_none();
    if is_base {
        Ok(text.to_owned())
    } else {
        Err("it is not a URL of http without a query".into())
    }
}

#[derive(Debug, clap::Args)]
struct Explain {
    /// Such as `https://service1.cncamp.io/hello/service1`; any port stands for the gateway's own
    url: String,
    /// A header of the request; may be given several times
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    #[arg(short = 'X', long, default_value = "GET")]
    method: String,
    /// A layer on top of base and v1; may be given several times
    #[arg(long, value_name = "LAYER")]
    layer: Vec<String>,
    /// The folder of the rendered manifests
    #[arg(long, default_value = "out")]
    manifests: PathBuf,
    /// Take what is in force in the running lab, its release too
    #[arg(long, conflicts_with_all = ["layer", "manifests"])]
    live: bool,
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, clap::Args)]
struct Programs {
    /// The Envoy to run [default: the one on PATH if its version fits, else one that is installed]
    #[arg(long, value_name = "FILE", env = "LAB_ENVOY")]
    envoy: Option<PathBuf>,
    #[arg(long, env = "PATH", hide = true)]
    path: Option<String>,
}

/// The form of what a command prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

impl Arguments {
    /// Runs the command to its end. Exit code 0: done, and every claim held; 1: the input is wrong or a claim failed; 2:
    /// the lab or its machine failed.
    pub fn run(self) -> ExitCode {
        match self.command {
            // These two are other programs under this one's roof, with a runtime of their own or none.
            Command::Httpserver(config) => httpserver::main_with(*config),
            Command::Exec { parent, program, arguments } => {
                report(process::exec(parent, &program, &arguments).map(|never| match never {}))
            }
            command => {
                // One thread: a child dies when the thread that started it ends, so that must be the main one.
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let result = runtime
                    .map_err(|error| Failure::lab(format!("no runtime: {error}"), "run it again"))
                    .and_then(|runtime| runtime.block_on(dispatch(command, self.state)));
                report(result)
            }
        }
    }
}

fn report(result: Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|failure| {
        terminal::error(&failure.to_string());
        failure.exit_code()
    })
}

async fn dispatch(command: Command, state: PathBuf) -> Result<ExitCode> {
    match command {
        Command::Up(up) => {
            let state = StateFolder::create(&state)?;
            match up {
                Up { start, detach: true, .. } => command::up::detach(state, start.into()).await,
                Up { start, detached: true, .. } => {
                    command::up::detached(state, start.into()).await
                }
                Up { start, .. } => command::up::attached(state, start.into()).await,
            }
        }
        Command::Demo(start) => {
            command::demo::demo(StateFolder::create(&state)?, start.into()).await
        }
        Command::Explain(Explain { url, header, method, layer, manifests, live, output }) => {
            let request = Request::new(&method, &url, &header)?;
            match live.then(|| StateFolder::open(&state)).transpose()?.flatten() {
                Some(state) => command::explain::explain_live(&state, &request, output).await,
                None if live => Err(control::not_running()),
                None => command::explain::explain(&manifests, &layer, &request, output),
            }
        }
        Command::Canary(Canary::Simulate(options)) => command::simulate::simulate(options),
        Command::Envoy(Programs { envoy, path }) => {
            command::envoy::envoy(&StateFolder::create(&state)?, envoy, path).await
        }
        command => match StateFolder::open(&state)? {
            Some(state) => ask(command, &state).await,
            None if matches!(command, Command::Down) => command::down::nothing(),
            None => Err(control::not_running()),
        },
    }
}

/// The commands to a lab that runs.
async fn ask(command: Command, state: &StateFolder) -> Result<ExitCode> {
    match command {
        Command::Down => command::down::down(state).await,
        Command::Apply { layer } => command::layer::apply(state, layer).await,
        Command::Remove { layer } => command::layer::remove(state, layer).await,
        Command::Canary(canary) => command::canary::canary(state, canary).await,
        Command::Status { output } => command::status::status(state, output).await,
        Command::Verify { output } => command::verify::verify(state, output).await,
        Command::Load(options) => command::load::load(state, options).await,
        Command::Diagram { output } => command::diagram::diagram(state, output).await,
        Command::Traces { id, output } => {
            command::traces::traces(state, id.as_deref(), output).await
        }
        Command::Up(_)
        | Command::Demo(_)
        | Command::Explain(_)
        | Command::Envoy(_)
        | Command::Httpserver(_)
        | Command::Exec { .. } => {
            unreachable!("these do not ask a running lab")
        }
    }
}

impl From<Start> for Options {
    fn from(start: Start) -> Self {
        let Start { manifests, with, https_port, http_port, otlp_endpoint, jaeger_url, programs } =
            start;
        let Programs { envoy, path } = programs;
        let traces = otlp_endpoint.zip(jaeger_url).map(|(otlp, query)| Traces { otlp, query });
        Self { manifests, with, https_port, http_port, traces, envoy, path }
    }
}
