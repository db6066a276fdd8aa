//! A lab of its own for each test: started in a fresh folder, stopped when it goes out of scope, whatever happens.

use serde_json::Value;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take that a test waits for; long, because the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A lab that runs.
#[derive(Debug)]
pub(crate) struct Lab {
    folder: TempDir,
    child: Child,
}

/// A folder for a lab, in which it is started by hand.
pub(crate) fn folder() -> TempDir {
    // Short: the path of a Unix socket has little room.
    tempfile::Builder::new().prefix("lab").tempdir_in("/tmp").unwrap()
}

/// The manifests as they are committed.
pub(crate) fn out() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../out").canonicalize().unwrap()
}

/// Envoy, installed once for all tests by the program under test.
pub(crate) fn envoy() -> &'static str {
    static ENVOY: OnceLock<String> = OnceLock::new();
    ENVOY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab");
        let ran = run(lab(&folder).arg("envoy"));
        assert!(ran.status.success(), "no Envoy: {}", ran.stderr);
        ran.stdout.lines().last().unwrap().trim().to_owned()
    })
}

/// `lab --state FOLDER`, ready for a command.
pub(crate) fn lab(folder: &Path) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_lab"));
    command.arg("--state").arg(folder).stdin(Stdio::null());
    command
}

#[expect(clippy::disallowed_methods, reason = "the tests' one place that starts programs")]
pub(crate) fn program(path: impl AsRef<OsStr>) -> Command {
    Command::new(path)
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Looks at `condition` again and again until it gives a value.
pub(crate) fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    eventually(|| condition().ok_or_else(|| format!("never happened: {what}")))
}

/// Tries again and again until it succeeds; when it never does, the last error is the report.
#[expect(clippy::disallowed_methods, reason = "the tests' one place that waits")]
pub(crate) fn eventually<T>(mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Lab {
    /// Starts the committed manifests.
    pub(crate) fn up() -> Self {
        Self::up_with(&out(), &[])
    }

    pub(crate) fn up_with(manifests: &Path, arguments: &[&str]) -> Self {
        let folder = folder();
        let mut command = program(env!("CARGO_BIN_EXE_lab"));
        // As a child of its own kind, so that a test that is killed leaves nothing behind.
        command
            .arg("exec")
            .arg(std::process::id().to_string())
            .arg("--")
            .arg(env!("CARGO_BIN_EXE_lab"));
        command
            .arg("--state")
            .arg(folder.path())
            .args(["up", "--envoy", envoy(), "--manifests"])
            .arg(manifests);
        let (output, errors) = (folder.path().join("stdout"), folder.path().join("stderr"));
        command.args(arguments).stdin(Stdio::null());
        command.stdout(File::create(output).unwrap()).stderr(File::create(errors).unwrap());
        let child = command.spawn().unwrap();
        let mut lab = Self { folder, child };
        until("the lab is up", || {
            let ended = lab.child.try_wait().unwrap();
            assert!(ended.is_none(), "the lab ended: {}", lab.stderr());
            lab.stdout().contains("Ctrl-C").then_some(())
        });
        lab
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stdout(&self) -> String {
        fs::read_to_string(self.path().join("stdout")).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.path().join("stderr")).unwrap()
    }

    /// Runs a command against this lab.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run(lab(self.path()).args(arguments))
    }

    /// Runs a command that must succeed, and returns what it printed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert!(ran.status.success(), "{arguments:?} failed: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.ok(&["status", "--output", "json"])).unwrap()
    }

    pub(crate) fn pods(&self) -> Vec<Value> {
        self.status()["pods"].as_array().unwrap().clone()
    }

    /// Sends a signal to the lab itself.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        kill(self.pid(), signal);
    }

    /// Waits for the end of the lab.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        until("the lab ends", || self.child.try_wait().unwrap())
    }

    /// The processes that belong to this lab: its Envoy and its servers, by the logs that they write to.
    pub(crate) fn processes(&self) -> Vec<u32> {
        processes_of(self.path())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            report(&self.path().join("stderr"));
            report(&self.path().join("logs/envoy.log"));
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn report(path: &Path) {
    eprintln!("----- {}\n{}", path.display(), fs::read_to_string(path).unwrap_or_default());
}

pub(crate) fn kill(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// All processes whose standard output is a file below `folder`; the dead that nobody has buried yet have none.
pub(crate) fn processes_of(folder: &Path) -> Vec<u32> {
    let folder = folder.canonicalize().unwrap();
    let logs = folder.join("logs");
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        fs::read_link(format!("/proc/{pid}/fd/1")).is_ok_and(|file| file.starts_with(&logs))
    })
    .collect()
}
