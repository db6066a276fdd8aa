//! How a lab starts and ends: in front of the terminal, behind it, by force.

use crate::harness::{Lab, envoy, folder, kill, lab, out, processes_of, run, until};
use crate::manifests::Copy;
use crate::request::{Client, Hops, runtime};
use rustix::process::Signal;
use serde_json::Value;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

fn is_free(port: &Value) -> bool {
    let port = u16::try_from(port.as_u64().unwrap()).unwrap();
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[test]
fn a_killed_lab_leaves_no_server_and_no_envoy() {
    let mut lab = Lab::up();
    assert_eq!(lab.processes().len(), 7, "six servers and one Envoy");
    lab.signal(Signal::KILL);
    assert!(!lab.ended().success());
    until("all children are gone", || lab.processes().is_empty().then_some(()));
}

#[test]
fn a_lab_starts_again_where_one_was_killed() {
    let mut lab = Lab::up();
    lab.signal(Signal::KILL);
    lab.ended();
    let down = lab.run(&["down"]);
    assert!(down.status.success(), "{}", down.stderr);
    assert_eq!(down.stdout.trim(), "no lab is running");
    let ran =
        lab.run(&["up", "--detach", "--envoy", envoy(), "--manifests", out().to_str().unwrap()]);
    assert!(ran.status.success(), "{}{}", ran.stdout, ran.stderr);
    lab.ok(&["verify"]);
    lab.ok(&["down"]);
}

#[test]
fn ctrl_c_and_sigterm_stop_everything_and_leave_no_process_port_or_file() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut lab = Lab::up();
        let status = lab.status();
        lab.signal(signal);
        assert!(lab.ended().success(), "{}", lab.stderr());
        assert_eq!(lab.processes(), [0u32; 0]);
        assert!(is_free(&status["https_port"]) && is_free(&status["http_port"]));
        assert!(!lab.path().join("control.sock").exists());
        assert!(!lab.path().join("run").exists());
        assert!(lab.stdout().contains("the lab is stopped"), "{}", lab.stdout());
    }
}

#[test]
fn a_lab_behind_the_terminal_runs_until_down() {
    let folder = folder();
    let manifests = out();
    let up = ["up", "--detach", "--envoy", envoy(), "--manifests", manifests.to_str().unwrap()];
    let ran = run(lab(folder.path()).args(up));
    assert!(ran.status.success(), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("6 pods ready"), "it shows the steps: {}", ran.stdout);
    let unenforced = "not enforced here, only on a cluster: AuthorizationPolicy (4), PeerAuthentication (1), PodDisruptionBudget (3)";
    assert!(ran.stdout.contains(unenforced), "it says what it does not do: {}", ran.stdout);
    assert!(ran.stdout.contains("curl --cacert"), "it says how to go on: {}", ran.stdout);
    let second = run(lab(folder.path()).args(up));
    assert_eq!(second.status.code(), Some(1));
    assert!(second.stderr.contains("a lab is already running"), "{}", second.stderr);
    let down = run(lab(folder.path()).arg("down"));
    assert!(down.status.success(), "{}", down.stderr);
    assert!(down.stdout.contains("6 pods stopped"), "it shows the steps: {}", down.stdout);
    assert!(down.stdout.contains("the lab is stopped"), "{}", down.stdout);
    assert_eq!(processes_of(folder.path()), [0u32; 0]);
    let status = run(lab(folder.path()).arg("status"));
    assert_eq!(status.status.code(), Some(1));
    assert!(
        status.stderr.contains("no lab is running") && status.stderr.contains("hint: "),
        "{}",
        status.stderr
    );
}

#[test]
fn a_lab_that_fails_behind_the_terminal_says_why_in_front_of_it() {
    let folder = folder();
    let ran = run(lab(folder.path()).args([
        "up",
        "--detach",
        "--envoy",
        envoy(),
        "--manifests",
        "/no/such/folder",
    ]));
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stdout);
    assert!(ran.stderr.starts_with("error: there is no folder /no/such/folder"), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert!(!folder.path().join("run").exists());
}

#[test]
fn of_two_labs_that_start_at_once_in_one_folder_one_runs_and_the_other_says_so() {
    let folder = folder();
    let manifests = out();
    let up = || {
        let arguments =
            ["up", "--detach", "--envoy", envoy(), "--manifests", manifests.to_str().unwrap()];
        run(lab(folder.path()).args(arguments))
    };
    let both = std::thread::scope(|scope| {
        let other = scope.spawn(up);
        [up(), other.join().unwrap()]
    });
    let [won, lost] = if both[0].status.success() {
        both
    } else {
        let [one, other] = both;
        [other, one]
    };
    assert!(won.status.success(), "{}{}", won.stdout, won.stderr);
    assert_eq!(lost.status.code(), Some(1), "{}{}", lost.stdout, lost.stderr);
    assert!(lost.stderr.contains("a lab is already running"), "{}", lost.stderr);
    let down = run(lab(folder.path()).arg("down"));
    assert!(down.status.success(), "{}", down.stderr);
    assert_eq!(processes_of(folder.path()), [0u32; 0]);
}

/// A lab whose services take their time, in milliseconds each.
fn slow(delay: u32) -> Lab {
    let copy = Copy::of_out();
    for service in ["service1", "service2", "service3"] {
        let file = format!("v1/workloads/httpserver-{service}.yaml");
        copy.replace(&file, "value: 1..20", &format!("value: {delay}..{delay}"));
    }
    Lab::up_with(copy.path(), &[])
}

/// Does something to a lab while it answers a request, and returns the answer.
fn while_it_answers(lab: &Lab, act: impl FnOnce()) -> Hops {
    let client = Client::of(lab);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| runtime().block_on(client.hops("")));
        let admin = lab.status()["envoy"]["admin"].as_str().unwrap().to_owned();
        let active = async || {
            let url = format!("http://{admin}/stats?filter=inbound.*rq_active");
            reqwest::get(url).await.unwrap().text().await.unwrap()
        };
        until("the request is on its way", || {
            let statistics = runtime().block_on(active());
            statistics.lines().any(|line| line.ends_with(": 1")).then_some(())
        });
        act();
        asking.join().unwrap()
    })
}

#[test]
fn requests_that_run_when_the_lab_is_stopped_are_answered() {
    let mut lab = slow(400);
    let answer = while_it_answers(&lab, || lab.signal(Signal::TERM));
    assert_eq!(answer.unwrap(), ["v1", "v1", "v1"]);
    assert!(lab.ended().success());
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_requests_that_run() {
    // Longer than the lab would wait for the request to end.
    let mut lab = slow(14_000);
    let answer = while_it_answers(&lab, || {
        lab.signal(Signal::INT);
        // The entrance is closed first, so that is when the first signal has been heard.
        let port = lab.stdout();
        let port = port.split("https 127.0.0.1:").nth(1).unwrap().split(',').next().unwrap();
        let port: u16 = port.parse().unwrap();
        until("the entrance is closed", || TcpListener::bind(("127.0.0.1", port)).ok());
        lab.signal(Signal::INT);
    });
    assert!(answer.is_err(), "the request is cut: {answer:?}");
    lab.ended();
    // Killed all at once, and each needs a moment to die.
    until("all children are gone", || lab.processes().is_empty().then_some(()));
    assert!(!lab.path().join("run").exists());
}

#[test]
fn two_labs_run_beside_each_other() {
    let (one, other) = (Lab::up(), Lab::up());
    one.ok(&["verify"]);
    other.ok(&["verify"]);
    assert_ne!(one.status()["https_port"], other.status()["https_port"]);
}

#[test]
fn private_keys_are_for_their_owner_alone_and_certificates_are_kept() {
    let mut lab = Lab::up();
    let file = |name: &str| lab.path().join("tls").join(name);
    let mode = |name: &str| std::fs::metadata(file(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("cncamp-credential/tls.key"), 0o600);
    assert_eq!(mode("cncamp-credential/tls.crt"), 0o644);
    assert_eq!(mode("../control.sock"), 0o600);
    let certificate = std::fs::read(file("cncamp-credential/tls.crt")).unwrap();
    lab.signal(Signal::TERM);
    lab.ended();
    let manifests = out();
    let ran = lab.run(&[
        "up",
        "--detach",
        "--envoy",
        envoy(),
        "--manifests",
        manifests.to_str().unwrap(),
    ]);
    assert!(ran.status.success(), "{}", ran.stderr);
    assert_eq!(
        std::fs::read(lab.path().join("tls/cncamp-credential/tls.crt")).unwrap(),
        certificate
    );
    lab.ok(&["down"]);
}

#[test]
fn a_lab_whose_envoy_ends_stops_and_says_why() {
    let mut lab = Lab::up();
    let envoy = u32::try_from(lab.status()["envoy"]["pid"].as_u64().unwrap()).unwrap();
    kill(envoy, Signal::KILL);
    assert_eq!(lab.ended().code(), Some(2));
    assert!(lab.stderr().contains("Envoy ended: signal: 9"), "{}", lab.stderr());
    assert_eq!(lab.processes(), [0u32; 0]);
}
