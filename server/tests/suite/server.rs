//! Configurations go in, the addresses of servers running in this process come out.

use std::{future::pending, net::SocketAddr, time::Duration};

use httpserver::{Config, DelayRange, ServiceUrl};
use tokio::net::TcpListener;

use crate::client::DEADLINE;

/// Quick and without a next hop: nobody listens on the discard port.
pub(crate) fn quick() -> Config {
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        delay: DelayRange::NONE,
        service2_url: url(([127, 0, 0, 1], 9).into()),
        service3_url: url(([127, 0, 0, 1], 9).into()),
        hop_timeout: DEADLINE,
        pod_version: String::new(),
        lane: String::new(),
        pod_name: String::new(),
    }
}

pub(crate) fn url(address: SocketAddr) -> ServiceUrl {
    format!("http://{address}").parse().unwrap()
}

/// Runs until the test's runtime is dropped.
pub(crate) async fn start(config: Config) -> SocketAddr {
    let listener = TcpListener::bind(config.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { httpserver::run(listener, &config, pending()).await.unwrap() });
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
        pod_version: version.to_owned(),
        lane: lane.to_owned(),
        pod_name: pod.to_owned(),
        ..quick()
    }
}
