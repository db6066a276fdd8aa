//! Configurations go in, the addresses of servers running in this process come out.

use std::{net::SocketAddr, time::Duration};

use clap::{Args, Command, FromArgMatches};
use httpserver::{Config, Faults, Listeners, ServiceUrl, Stop};
use tokio::{net::TcpListener, sync::watch};

use crate::client::DEADLINE;

/// As the flags have it by default, but quick and without a next hop: nobody listens on the discard port.
pub(crate) fn quick() -> Config {
    let matches = Config::augment_args(Command::new("test")).get_matches_from(["test"]);
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        service2_url: url(([127, 0, 0, 1], 9).into()),
        service3_url: url(([127, 0, 0, 1], 9).into()),
        hop_timeout: DEADLINE,
        faults: Faults::NONE,
        ..Config::from_arg_matches(&matches).unwrap()
    }
}

pub(crate) fn url(address: SocketAddr) -> ServiceUrl {
    format!("http://{address}").parse().unwrap()
}

/// Runs until the test's runtime is dropped.
pub(crate) async fn start(config: Config) -> SocketAddr {
    let public = TcpListener::bind(config.listen).await.unwrap();
    let address = public.local_addr().unwrap();
    let (_, stop) = watch::channel(Stop::NotYet);
    let listeners = Listeners { public, admin: None };
    tokio::spawn(async move { httpserver::run(listeners, &config, stop).await.unwrap() });
    address
}

/// Three instances, each calling the next; the address is that of service1.
pub(crate) async fn chain() -> SocketAddr {
    let third = start(named("v3", "", "pod-3")).await;
    let second = start(Config { service3_url: url(third), ..named("v2", "gray", "") }).await;
    start(Config { service2_url: url(second), ..named("v1", "base", "pod-1") }).await
}

/// service2 and service3 in one instance.
pub(crate) async fn last_two() -> SocketAddr {
    second_before(start(quick()).await).await
}

pub(crate) async fn first_before(second: SocketAddr) -> SocketAddr {
    start(Config { service2_url: url(second), ..quick() }).await
}

pub(crate) async fn second_before(third: SocketAddr) -> SocketAddr {
    start(Config { service3_url: url(third), ..quick() }).await
}

/// Gives up soon, yet not before a slow machine has read the beginning of an answer.
pub(crate) async fn impatient_before(second: SocketAddr) -> SocketAddr {
    let hop_timeout = Duration::from_millis(500);
    start(Config { service2_url: url(second), hop_timeout, ..quick() }).await
}

fn named(version: &str, lane: &str, pod: &str) -> Config {
    Config {
        pod_version: version.parse().unwrap(),
        lane: lane.to_owned(),
        pod_name: pod.to_owned(),
        ..quick()
    }
}
