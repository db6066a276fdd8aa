//! A real Chromium without a window, told what to do by the protocol of its developer tools over two pipes: no port, no library.
//!
//! Source: `--remote-debugging-pipe` in Chromium's `content/public/common/content_switches.cc`: messages of JSON, each with
//! a zero byte behind it, come in at descriptor 3 and go out at descriptor 4.

use crate::harness::{folder, program, run, until};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// How long an answer may take; long, because the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a page is looked at with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) width: u32,
    /// `light` or `dark`, as the system prefers.
    pub(crate) scheme: &'static str,
}

pub(crate) struct Browser {
    child: Child,
    input: File,
    messages: Receiver<Value>,
    calls: u64,
    /// Of the only tab; empty until there is one.
    session: String,
    profile: TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = folder();
        let [input, output] = ["in", "out"].map(|name| {
            let pipe = profile.path().join(name);
            assert!(run(program("mkfifo").arg(&pipe)).status.success());
            pipe
        });
        let flags = "--headless=new --no-sandbox --disable-gpu --no-first-run --hide-scrollbars --remote-debugging-pipe";
        let script = format!("exec chromium {flags} --user-data-dir=\"$0\" 3<\"$1\" 4>\"$2\"");
        // The lab's own way to start a child that dies with this process.
        let mut command = program(env!("CARGO_BIN_EXE_lab"));
        command.arg("exec").arg(std::process::id().to_string()).args(["--", "sh", "-c", &script]);
        command.args([profile.path(), &input, &output]);
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap();
        let input = File::options().write(true).open(input).unwrap();
        let messages = messages(File::open(output).unwrap());
        let mut browser =
            Self { child, input, messages, calls: 0, session: String::new(), profile };
        let tab = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": tab["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", &attach);
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        browser.call("Page.enable", &json!({}));
        browser
    }

    /// Opens a page and waits until it is loaded.
    pub(crate) fn open(&mut self, url: &str, look: Look) {
        let metrics = json!({
            "width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": look.width < 600
        });
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
        let scheme = json!({"name": "prefers-color-scheme", "value": look.scheme});
        self.call("Emulation.setEmulatedMedia", &json!({"features": [scheme]}));
        self.send("Page.navigate", &json!({"url": url}));
        self.loaded();
    }

    /// Waits for the next load of a page.
    pub(crate) fn loaded(&mut self) {
        while self.message()["method"] != "Page.loadEventFired" {}
    }

    /// The value of an expression of JavaScript in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let evaluate = json!({"expression": expression, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", &evaluate);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        let id = self.send(method, parameters);
        loop {
            let mut message = self.message();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    fn send(&mut self, method: &str, parameters: &Value) -> u64 {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": parameters});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.input.write_all(format!("{message}\0").as_bytes()).unwrap();
        self.calls
    }

    fn message(&self) -> Value {
        self.messages.recv_timeout(PATIENCE).expect("chromium on PATH answers")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.input.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0").ok();
        let profile = self.profile.path().to_owned();
        // A panic within a panic would hide the first one.
        if std::thread::panicking() {
            self.child.kill().ok();
            self.child.wait().ok();
            return;
        }
        until("the browser ends", || self.child.try_wait().unwrap());
        until("all its processes have ended", || (!is_used(&profile)).then_some(()));
    }
}

/// The messages of the browser, until it ends.
fn messages(output: File) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for message in BufReader::new(output).split(0).map_while(Result::ok) {
            let message = serde_json::from_slice(&message).unwrap();
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Whether any process was started with this folder.
fn is_used(folder: &Path) -> bool {
    let folder = folder.to_str().unwrap();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let mut lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).contains(folder))
}
