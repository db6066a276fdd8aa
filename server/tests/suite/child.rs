//! Arguments and variables go in, a running server and the lines of its log come out.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::client::DEADLINE;

/// Killed when dropped, so that a failed test leaves nothing behind.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// The server with nothing inherited from the environment of the tests.
#[expect(clippy::disallowed_methods, reason = "the tests' only place that starts the program")]
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_httpserver"));
    command.env_clear().args(arguments);
    command
}

const DEFAULTS: [&str; 8] = [
    "--listen",
    "127.0.0.1:0",
    "--admin-listen",
    "127.0.0.1:0",
    "--delay-ms",
    "0",
    "--lame-duck-ms",
    "0",
];

#[expect(clippy::disallowed_methods, reason = "a program that starts the program")]
fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.env_clear().args(["-c", script]);
    command
}

impl Running {
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = program(&[&DEFAULTS, arguments].concat());
        command.envs(variables.iter().copied());
        Self::spawn(command)
    }

    /// `limits` is what `ulimit` of the shell takes, for example `-n 40`.
    pub(crate) fn start_within(limits: &str) -> Self {
        let mut command = shell(&format!("ulimit {limits}; exec \"$0\" \"$@\""));
        command.arg(program(&[]).get_program()).args(DEFAULTS);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let errors = lines_of(child.stderr.take().unwrap());
        let admin = address_in(&wait_for(&lines, "admin on http://"));
        let address = address_in(&wait_for(&lines, "listening on http://"));
        Self { child, lines, errors, address, admin }
    }

    /// The next line that contains `text`.
    #[track_caller]
    pub(crate) fn line(&self, text: &str) -> String {
        wait_for(&self.lines, text)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The log ends when the process does, which unlike `wait` can be awaited with a deadline.
    #[track_caller]
    pub(crate) fn exit(mut self) -> ExitStatus {
        self.line("stopped");
        assert_eq!(self.lines.recv_timeout(DEADLINE).ok(), None, "nothing is logged after the end");
        self.child.wait().unwrap()
    }
}

impl Running {
    /// Waits for the end, which is a failure.
    #[track_caller]
    pub(crate) fn ends_with(mut self, code: i32, error: &str) {
        wait_for(&self.errors, error);
        while self.lines.recv_timeout(DEADLINE).is_ok() {}
        assert_eq!(self.child.wait().unwrap().code(), Some(code));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Also out of a line of JSON.
fn address_in(line: &str) -> SocketAddr {
    let rest = line.split("http://").nth(1).unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
    });
    receiver
}

/// However many other lines come, the deadline is for all of them.
#[track_caller]
fn wait_for(lines: &Receiver<String>, text: &str) -> String {
    let end = Instant::now() + DEADLINE;
    loop {
        let line = lines.recv_timeout(end.saturating_duration_since(Instant::now()));
        let line = line.unwrap_or_else(|error| panic!("no line with `{text}`: {error}"));
        if line.contains(text) {
            return line;
        }
    }
}
