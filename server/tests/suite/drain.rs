//! SIGTERM while clients are at it: what they lose, which is nothing, and what they are told.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
};

use crate::{
    child::Running,
    client::{get, until},
    connection::{Connection, Outcome, allow_many},
    next_hop::{answering, listening, read_head},
};

const CLIENTS: usize = 64;
const ROUNDS: usize = 20;

/// How a client uses connections.
#[derive(Clone, Copy)]
enum Habit {
    KeepAlive,
    ConnectionPerRequest,
}

/// When clients stop asking.
#[derive(Clone, Copy)]
enum Patience {
    /// As soon as one of them has seen that the server is not ready any more.
    UntilReadinessIsLost,
    /// When nobody listens any more.
    ToTheEnd,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Lost {
    unanswered: usize,
    refused: usize,
    cut_off: usize,
}

/// What the clients of a round share.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    answered: AtomicUsize,
}

async fn client(address: SocketAddr, habit: Habit, shared: Arc<Shared>) -> Lost {
    let (mut lost, mut kept) = (Lost::default(), None);
    while !shared.stop.load(Relaxed) {
        let connection = match kept.take() {
            Some(connection) => Ok(connection),
            None => Connection::open(address).await,
        };
        let Ok(mut connection) = connection else {
            lost.refused += 1;
            break;
        };
        match connection.ask("/hello/rust").await {
            Outcome::Answered(reply) => {
                assert_eq!(reply.status, 200);
                shared.answered.fetch_add(1, Relaxed);
                let told = reply.values("connection").contains(&b"close".as_slice());
                if matches!(habit, Habit::KeepAlive) && !told {
                    kept = Some(connection);
                }
            }
            Outcome::Unanswered => lost.unanswered += 1,
            Outcome::CutOff => lost.cut_off += 1,
        }
    }
    lost
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else { return false };
    matches!(connection.ask("/readyz").await, Outcome::Answered(reply) if reply.status == 200)
}

async fn round(habit: Habit, patience: Patience, lame_duck: &str) -> Lost {
    let server = Running::start(&["--lame-duck-ms", lame_duck], &[]);
    let address = server.address;
    let shared = Arc::new(Shared::default());
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(client(address, habit, Arc::clone(&shared)));
    }
    while shared.answered.load(Relaxed) < 3 * CLIENTS {
        assert!(is_ready(address).await);
    }
    server.signal(Signal::TERM);
    if let Patience::UntilReadinessIsLost = patience {
        while is_ready(address).await {}
        shared.stop.store(true, Relaxed);
    }
    let mut lost = Lost::default();
    while let Some(of_one) = clients.join_next().await {
        let of_one = of_one.unwrap();
        lost.unanswered += of_one.unanswered;
        lost.refused += of_one.refused;
        lost.cut_off += of_one.cut_off;
    }
    assert!(server.exit().success());
    lost
}

#[tokio::test]
async fn keep_alive_clients_that_stop_at_readiness_loss_lose_nothing() {
    for _ in 0..ROUNDS {
        let lost = round(Habit::KeepAlive, Patience::UntilReadinessIsLost, "500").await;
        assert_eq!(lost, Lost::default());
    }
}

#[tokio::test]
async fn clients_with_a_connection_per_request_that_stop_at_readiness_loss_lose_nothing() {
    for _ in 0..ROUNDS {
        let habit = Habit::ConnectionPerRequest;
        let lost = round(habit, Patience::UntilReadinessIsLost, "500").await;
        assert_eq!(lost, Lost::default());
    }
}

#[tokio::test]
async fn no_answer_is_cut_off_though_clients_never_stop() {
    for round_number in 0..ROUNDS {
        let habit =
            if round_number % 2 == 0 { Habit::KeepAlive } else { Habit::ConnectionPerRequest };
        let lost = round(habit, Patience::ToTheEnd, "0").await;
        assert_eq!(lost.cut_off, 0, "{lost:?}");
    }
}

/// Stopped, the server accepts nothing: the kernel does. More connections than it would take in one go.
#[tokio::test]
async fn connections_that_stand_in_the_queue_of_the_kernel_are_served() {
    allow_many();
    let server = Running::start(&[], &[]);
    server.signal(Signal::STOP);
    let mut waiting = Vec::new();
    for _ in 0..800 {
        let mut connection = Connection::open(server.address).await.unwrap();
        connection.send("GET /healthz HTTP/1.1\r\nhost: lab\r\n\r\n").await.unwrap();
        waiting.push(connection);
    }
    server.signal(Signal::TERM);
    server.signal(Signal::CONT);
    for connection in &mut waiting {
        assert_eq!(Connection::expect(connection.outcome().await).status, 200);
    }
    assert!(server.exit().success());
}

#[tokio::test]
async fn a_lame_duck_is_not_ready_and_alive_and_tells_connections_to_close() {
    let server = Running::start(&["--lame-duck-ms", "60000"], &[]);
    let mut kept = Connection::open(server.address).await.unwrap();
    let ready = Connection::expect(kept.ask("/readyz").await);
    assert_eq!((ready.status, ready.text(), ready.values("connection").len()), (200, "Ready", 0));

    server.signal(Signal::TERM);
    server.line("draining");
    while is_ready(server.address).await {}
    let told = Connection::expect(kept.ask("/hello/rust").await);
    assert_eq!((told.status, told.values("connection")), (200, vec![b"close".as_slice()]));
    kept.closed().await;
    for (path, status) in [("/readyz", 503), ("/healthz", 200), ("/hello/rust", 200)] {
        assert_eq!(get(server.address, path, "").await.status, status, "{path}");
    }

    server.signal(Signal::TERM);
    assert!(server.exit().success(), "nothing was running");
}

/// A server with a request that runs, because its next hop, which is this test, holds the answer back.
async fn with_a_running_request(
    arguments: &[&str],
) -> (Running, tokio::net::TcpStream, tokio::task::JoinHandle<Outcome>) {
    let (next_hop, next_address) = listening().await;
    let url = format!("http://{next_address}");
    let server = Running::start(&[&["--service2-url", &url], arguments].concat(), &[]);
    let mut connection = Connection::open(server.address).await.unwrap();
    let request = tokio::spawn(async move { connection.ask("/hello/service1").await });
    let (mut held, _) = next_hop.accept().await.unwrap();
    read_head(&mut held).await;
    (server, held, request)
}

async fn finishes_what_runs(signal: Signal, name: &str) {
    let (server, mut held, request) = with_a_running_request(&[]).await;
    server.signal(signal);
    server.line(&format!("{name} received: draining"));
    server.line("no new connections; requests still running: 1");
    assert!(Connection::open(server.address).await.is_err(), "nobody listens any more");
    held.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate").await.unwrap();
    let reply = Connection::expect(request.await.unwrap());
    assert_eq!((reply.status, reply.values("connection")), (200, vec![b"close".as_slice()]));
    assert!(reply.text().ends_with("\r\n\r\nlate"), "{}", reply.text());
    assert!(server.exit().success());
}

#[tokio::test]
async fn a_request_that_runs_at_sigterm_is_finished() {
    finishes_what_runs(Signal::TERM, "SIGTERM").await;
}

#[tokio::test]
async fn a_request_that_runs_at_sigint_is_finished() {
    finishes_what_runs(Signal::INT, "SIGINT").await;
}

#[tokio::test]
async fn a_request_that_runs_for_longer_than_the_drain_timeout_is_cut_off_and_counted() {
    let (server, mut held, request) = with_a_running_request(&["--drain-timeout-ms", "200"]).await;
    server.signal(Signal::TERM);
    assert!(matches!(request.await.unwrap(), Outcome::Unanswered));
    assert!(held.read_u8().await.is_err(), "the next hop is let go, too");
    server.ends_with(1, "requests cut off before their end: 1");
}

const ANSWERED: &str = "http_route=\"/hello/service1\"";

#[tokio::test]
async fn an_answer_that_was_not_taken_at_the_end_counts_as_cut_off() {
    let body = "x".repeat(1_000_000);
    let message = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let url = format!("http://{}", answering(message).await);
    let arguments = ["--service2-url", &url, "--drain-timeout-ms", "200"];
    let server = Running::start(&arguments, &[]);
    let mut lazy = Connection::open_narrow(server.address).await.unwrap();
    // More than the kernel takes for a client that does not read.
    let requests = "GET /hello/service1 HTTP/1.1\r\nhost: lab\r\n\r\n".repeat(20);
    lazy.send(requests).await.unwrap();
    // Answered, and yet not taken.
    let answered = || async { get(server.address, "/metrics", "").await.text().contains(ANSWERED) };
    until("it is answered", answered).await;
    server.signal(Signal::TERM);
    server.ends_with(1, "requests cut off before their end: 1");
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    for lame_duck in ["0", "60000"] {
        let arguments = ["--drain-timeout-ms", "60000", "--lame-duck-ms", lame_duck];
        let (server, _held, request) = with_a_running_request(&arguments).await;
        server.signal(Signal::TERM);
        server.line("SIGTERM received: draining");
        server.signal(Signal::INT);
        server.line("SIGINT again: stopping at once");
        assert!(matches!(request.await.unwrap(), Outcome::Unanswered));
        server.ends_with(1, "requests cut off before their end: 1");
    }
}

#[tokio::test]
async fn connections_that_only_wait_do_not_hold_up_the_end() {
    let server = Running::start(&["--drain-timeout-ms", "60000", "--head-timeout-ms", "300"], &[]);
    let mut silent = Connection::open(server.address).await.unwrap();
    let mut idle = Connection::open(server.address).await.unwrap();
    Connection::expect(idle.ask("/healthz").await);
    let mut half_open = Connection::open(server.address).await.unwrap();
    half_open.send("GET /hea").await.unwrap();
    server.signal(Signal::TERM);
    for connection in [&mut silent, &mut idle, &mut half_open] {
        connection.closed().await;
    }
    assert!(server.exit().success());
}
