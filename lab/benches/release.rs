//! What a release costs its users, measured in one run: who is drawn, who sees mixed versions, what a change of routes
//! loses, how long an abort takes. Figures of a busy machine: compare those of one run with each other.

#![expect(clippy::unwrap_used, reason = "a benchmark: a panic is the report")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]
#![expect(dead_code, unused_imports, reason = "the tests' helpers, of which this needs a part")]

#[path = "../tests/embedded/harness.rs"]
mod harness;
#[path = "../tests/embedded/manifests.rs"]
mod manifests;
#[path = "../tests/embedded/request.rs"]
mod request;

use harness::{Lab, out};
use manifests::Copy;
use request::{Client, User, runtime};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const USERS: usize = 10_000;
const REQUESTS: usize = 10_000;
const CHANGES: usize = 100;
const ABORTS: usize = 20;

fn main() {
    // Whatever `cargo bench` passes on is of no use here.
    draw();
    mixed();
    changes();
    aborts();
}

fn percent(part: usize, all: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
    let share = part as f64 / all as f64;
    100.0 * share
}

fn draw() {
    println!(
        "{USERS} users with a cookie, one request after each change of the weight, then one more"
    );
    println!(
        "{:>7} {:>9} {:>22} {:>9} {:>12}",
        "weight", "in lane", "99.9 % of all draws", "moved", "taken out"
    );
    let lab = Lab::up();
    let client = Client::of(&lab);
    lab.ok(&["canary", "start", "v2"]);
    let mut users = vec![User::default(); USERS];
    let mut before = vec![false; USERS];
    for weight in [10_u32, 50, 90] {
        lab.ok(&["canary", "weight", &weight.to_string()]);
        let drawn = runtime().block_on(client.visit(&mut users));
        let again = runtime().block_on(client.visit(&mut users));
        let count = |of: &dyn Fn(usize) -> bool| (0..USERS).filter(|user| of(*user)).count();
        let inside = count(&|user| drawn[user]);
        let moved = count(&|user| drawn[user] != again[user]);
        let taken_out = count(&|user| before[user] && !drawn[user]);
        let share = f64::from(weight * 4096 / 100) / 4096.0;
        #[expect(clippy::cast_precision_loss, reason = "10,000 is below 2^53")]
        let slack = 3.29 * (share * (1.0 - share) / USERS as f64).sqrt();
        let interval =
            format!("{:.2} to {:.2} %", 100.0 * (share - slack), 100.0 * (share + slack));
        println!(
            "{weight:>5} % {:>7.2} % {interval:>22} {moved:>9} {taken_out:>12}",
            percent(inside, USERS)
        );
        before = drawn;
    }
}

/// Every hop draws for itself, as weights in each VirtualService do; and the gateway draws once, for all hops.
fn mixed() {
    println!("\n10 % of {REQUESTS} requests without a cookie: how many see several versions");
    let independent = Copy::of_out();
    let path = "canary-v2/routes/virtual-services.yaml";
    independent.write(path, &weighted(&independent.read(path)));
    let lab = Lab::up_with(independent.path(), &["--with", "canary-v2"]);
    println!("{:>34}: {:.2} % (by arithmetic 27.00 %)", "each hop draws for itself", mixing(&lab));
    drop(lab);
    let lab = Lab::up();
    lab.ok(&["canary", "start", "v2"]);
    lab.ok(&["canary", "weight", "10"]);
    println!("{:>34}: {:.2} %", "the gateway draws a lane", mixing(&lab));
}

/// The routes of the lane, with 10 % of everybody at each hop in place of the rule for who asks.
fn weighted(routes: &str) -> String {
    let documents = routes.split("---\n").map(|document| {
        let (head, rules) = document.split_once("  http:\n").unwrap();
        let (_, baseline) = rules.split_once("  - name: baseline\n").unwrap();
        let destination = baseline.strip_prefix("    route:\n").unwrap().trim_end();
        let other = destination.replace("subset: v1", "subset: v2");
        format!(
            "{head}  http:\n  - name: baseline\n    route:\n{destination}\n      weight: 90\n{other}\n      weight: 10\n"
        )
    });
    documents.collect::<Vec<_>>().join("---\n")
}

fn mixing(lab: &Lab) -> f64 {
    let client = Client::of(lab);
    let sent = Cell::new(0);
    let go_on = || sent.replace(sent.get() + 1) < REQUESTS;
    let hops = runtime().block_on(repeated(go_on, async || client.hops("").await));
    let several =
        hops.iter().filter(|hops| hops.as_ref().unwrap().windows(2).any(|two| two[0] != two[1]));
    percent(several.count(), REQUESTS)
}

/// Sends requests, 32 at a time, as long as `go_on` says so.
async fn repeated<T>(go_on: impl Fn() -> bool, request: impl AsyncFn() -> T) -> Vec<T> {
    let worker = async || {
        let mut answers = Vec::new();
        while go_on() {
            answers.push(request().await);
        }
        answers
    };
    let workers = (0..32).map(|_| worker());
    futures_util::future::join_all(workers).await.into_iter().flatten().collect()
}

fn changes() {
    let lab = Lab::up_with(&out(), &[]);
    lab.ok(&["canary", "start", "v2"]);
    let (answers, times) = std::thread::scope(|scope| {
        let (client, done) = (Client::of(&lab), Arc::new(AtomicBool::new(false)));
        let stop = done.clone();
        let load = scope.spawn(move || runtime().block_on(client.load(&["", "v2"], 0, stop)));
        let times = (0..CHANGES).map(|change| {
            let started = Instant::now();
            lab.ok(&["canary", "weight", &(change % 99 + 1).to_string()]);
            started.elapsed()
        });
        let times: Vec<Duration> = times.collect();
        done.store(true, Ordering::SeqCst);
        (load.join().unwrap(), times)
    });
    let failed = answers.iter().filter(|(_, hops)| hops.is_err()).count();
    let (median, longest) = median(times);
    println!(
        "\n{CHANGES} changes of the routes under load: {failed} of {} requests failed; a change took {median:.0?} (median), {longest:.0?} at most",
        answers.len()
    );
}

fn aborts() {
    let lab = Lab::up_with(&out(), &[]);
    let mut times = Vec::new();
    let mut failures = 0;
    for _ in 0..ABORTS {
        lab.ok(&["canary", "start", "v2"]);
        lab.ok(&["canary", "weight", "50"]);
        let (client, done) = (Client::of(&lab), AtomicBool::new(false));
        let (answers, began) = std::thread::scope(|scope| {
            let load = scope.spawn(|| {
                let go_on = || !done.load(Ordering::SeqCst);
                let request = async || {
                    let hops = client.hops("v2").await;
                    (Instant::now(), hops)
                };
                runtime().block_on(repeated(go_on, request))
            });
            let began = Instant::now();
            lab.ok(&["canary", "abort"]);
            done.store(true, Ordering::SeqCst);
            (load.join().unwrap(), began)
        });
        failures += answers.iter().filter(|(_, hops)| hops.is_err()).count();
        let of_lane = answers
            .iter()
            .filter(|(_, hops)| hops.as_ref().is_ok_and(|hops| hops.contains(&"v2".to_owned())));
        times.extend(of_lane.map(|(at, _)| at.duration_since(began)).max());
    }
    let (median, longest) = median(times);
    println!(
        "{ABORTS} aborts under load: the last answer of the lane came {median:.0?} (median) after the command, {longest:.0?} at most; {failures} requests failed"
    );
}

fn median(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() - 1])
}
