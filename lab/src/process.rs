//! Child processes: the only module that starts them. A child dies with its parent, and its output goes to a log.
//!
//! A parent-death signal must be asked for by the child itself, before it becomes another program. So each child starts
//! as this very program, asks for the signal ([`exec`]), and then replaces itself.

use crate::failure::{Failure, Result};
use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

/// The hidden subcommand of this program that a child starts as.
pub(crate) const EXEC: &str = "exec";
/// The hidden subcommand of this program that is the server of a pod.
pub(crate) const HTTPSERVER: &str = "httpserver";

/// A program to run.
#[derive(Clone, Debug)]
pub(crate) struct ProcessSpec {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// The whole environment: nothing is inherited.
    pub(crate) environment: Vec<(String, String)>,
    /// Where its output goes.
    pub(crate) log: PathBuf,
}

/// This program's own file.
pub(crate) fn this_program() -> Result<PathBuf> {
    std::env::current_exe().map_err(|error| {
        Failure::lab(format!("this program's file is not known: {error}"), "run it again")
    })
}

/// Starts a child that gets SIGKILL when the calling thread ends; call it from the main thread.
pub(crate) fn spawn(spec: &ProcessSpec) -> Result<Child> {
    let mut command = command(&this_program()?);
    command
        .arg(EXEC)
        .arg(std::process::id().to_string())
        .arg("--")
        .arg(&spec.program)
        .args(&spec.arguments);
    command.env_clear().envs(spec.environment.iter().map(|(name, value)| (name, value)));
    command
        .stdin(Stdio::null())
        .stdout(appended(&spec.log)?)
        .stderr(appended(&spec.log)?)
        .kill_on_drop(true);
    // Ctrl-C at the terminal is for the lab, which then stops its children in order.
    command.process_group(0);
    command.spawn().map_err(|error| failed(&spec.program, &error))
}

/// Starts a lab that goes on when this process ends, with its output in `log`. Its input is the locked file, so that it
/// holds the lock from its first moment to its last.
pub(crate) fn spawn_detached(
    arguments: &[OsString],
    lock: File,
    log: &Path,
    errors: &Path,
) -> Result<Child> {
    let program = this_program()?;
    let mut command = command(&program);
    command.args(arguments).stdin(lock).stdout(appended(log)?).stderr(appended(errors)?);
    command.spawn().map_err(|error| failed(&program, &error))
}

/// A log, opened for writing at its end.
fn appended(log: &Path) -> Result<File> {
    let file = File::options().create(true).append(true).open(log);
    file.map_err(|error| Failure::disk(log, &error))
}

/// Runs a program to its end and returns what it printed, output and errors together.
pub(crate) async fn output(
    program: &Path,
    arguments: &[&str],
) -> std::io::Result<(ExitStatus, String)> {
    let output =
        command(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await?;
    let text = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat();
    Ok((output.status, text))
}

/// Asks a child to stop and waits; after `grace` it is killed.
pub(crate) async fn stop(child: &mut Child, grace: Duration) {
    if let Some(pid) = child.id().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed()))
    {
        // A child that has just ended by itself is what we want anyway.
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
    }
    if tokio::time::timeout(grace, child.wait()).await.is_err() {
        child.kill().await.ok();
    }
}

/// What a child does first: asks to be killed when `parent` ends, then becomes `program`. Returns only on failure.
pub(crate) fn exec(parent: u32, program: &Path, arguments: &[OsString]) -> Result<Infallible> {
    die_with(parent)?;
    let mut command = std_command(program);
    Err(failed(program, &command.args(arguments).exec()))
}

#[cfg(target_os = "linux")]
fn die_with(parent: u32) -> Result<()> {
    let gone = || Failure::lab("the lab ended while it started a child", "start it again");
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|_| gone())?;
    // The parent may have ended before the signal was asked for.
    let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().cast_unsigned());
    if now == Some(parent) { Ok(()) } else { Err(gone()) }
}

/// Other systems have no such signal: there, a lab that is killed with SIGKILL leaves its children to `pkill`.
#[cfg(not(target_os = "linux"))]
fn die_with(_parent: u32) -> Result<()> {
    Ok(())
}

/// Leaves the terminal's session, so that closing the terminal does not end the lab.
pub(crate) fn leave_session() -> Result<()> {
    rustix::process::setsid().map(|_| ()).map_err(|error| {
        Failure::lab(
            format!("cannot leave the terminal's session: {error}"),
            "run without --detach",
        )
    })
}

fn failed(program: &Path, error: &std::io::Error) -> Failure {
    Failure::lab(
        format!("{} cannot be started: {error}", program.display()),
        "check that the file exists and may be run",
    )
}

#[expect(clippy::disallowed_methods, reason = "the module that starts processes")]
fn command(program: &Path) -> Command {
    Command::new(program)
}

#[expect(clippy::disallowed_methods, reason = "the module that starts processes")]
fn std_command(program: &Path) -> std::process::Command {
    std::process::Command::new(program)
}
