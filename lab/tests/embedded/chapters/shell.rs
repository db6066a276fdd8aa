//! A shell in a folder of its own that holds `out` and, later, `.lab`: the repository as a reader of a chapter has it.

use crate::harness::{envoy, folder, lab, out, program, run};
use crate::manifests::copy_folder;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;

/// The ports that the chapters name.
const NAMED: [&str; 2] = ["8443", "8080"];

/// Says in the output that a block has ended, and which command of it failed first.
const END: &str = "-----8<-----";

pub(super) struct Shell {
    folder: TempDir,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    ports: [u16; 2],
}

/// What a block of commands printed, and the command of it that failed, if any.
pub(super) struct Ran {
    pub(super) output: String,
    pub(super) failed: String,
}

impl Shell {
    pub(super) fn new() -> Self {
        let folder = folder();
        copy_folder(&out(), &folder.path().join("out"));
        let mut command = program("bash");
        command.args(["--noprofile", "--norc"]).current_dir(folder.path());
        command
            .env("LAB_ENVOY", envoy())
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env_remove("LAB_STATE");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut shell = Self {
            folder,
            child,
            input,
            output: BufReader::new(output),
            ports: [free_port(), free_port()],
        };
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let mut start =
            "exec 2>&1\nset -E\ntrap 'failed=${failed:-$BASH_COMMAND}' ERR\n".to_owned();
        write!(
            start,
            "cargo() {{\n  local program=$1\n  shift\n  case $program in\n    lab) '{lab}' \"$@\" ;;\n    \
             gen) '{cargo}' run --quiet --manifest-path '{workspace}' --package gen -- \"$@\" ;;\n    \
             *) false ;;\n  esac\n}}",
            lab = env!("CARGO_BIN_EXE_lab"),
            cargo = env!("CARGO"),
            workspace = workspace.display(),
        )
        .unwrap();
        shell.run(&start);
        shell
    }

    /// Runs commands in the same shell as those before, with free ports in place of those that they name.
    pub(super) fn run(&mut self, commands: &str) -> Ran {
        let commands =
            NAMED.iter().zip(self.ports).fold(commands.to_owned(), |text, (named, port)| {
                text.replace(named, &port.to_string())
            });
        // Not in a subshell, so that what a block defines is there in the next one.
        let block =
            format!("failed=\n{{\n{commands}\n}} < /dev/null\necho; echo \"{END}$failed\"\n");
        self.input.write_all(block.as_bytes()).unwrap();
        let mut output = String::new();
        loop {
            let start = output.len();
            let read = self.output.read_line(&mut output).unwrap();
            assert!(read > 0, "the shell ended: {output}");
            if let Some(failed) = output[start..].strip_prefix(END) {
                let failed = failed.trim().to_owned();
                // And the end of line ahead of it.
                output.truncate(start - 1);
                return Ran { output, failed };
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        run(lab(&self.folder.path().join(".lab")).arg("down"));
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Below those that the system and the lab hand out by themselves, so that nobody takes it while the lab is started anew.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % 2_500).unwrap();
    loop {
        let port = 10_000 + 4 * process + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
