//! Envoy's worker: the thread that serves requests. Envoy's main thread confirms a change before the worker has heard of
//! it; a request that the worker has answered proves that it has done everything it was told before.

use crate::failure::{Failure, Result};
use crate::http;

/// How many requests one after the other give a connection that was on its way the time to be accepted, read and counted.
const TURNS: usize = 4;

/// The listener of the worker that answers by itself, without tracing, log or upstream.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    client: reqwest::Client,
    url: String,
}

impl Worker {
    /// `port` is the one that the bootstrap configuration gives to the listener.
    pub(crate) fn new(port: u16) -> Result<Self> {
        // A new connection each time: it must go the way that others go.
        let client = http::client(reqwest::Client::builder().pool_max_idle_per_host(0))?;
        Ok(Self { client, url: format!("http://127.0.0.1:{port}/") })
    }

    /// Waits until the worker has done everything that Envoy's main thread told it before.
    pub(crate) async fn caught_up(&self) -> Result<()> {
        for _ in 0..TURNS {
            let answer = self
                .client
                .get(&self.url)
                .send()
                .await
                .and_then(reqwest::Response::error_for_status);
            answer.map_err(|error| {
                Failure::lab(
                    format!("Envoy's worker does not answer: {error}"),
                    "see envoy.log in the logs of the state folder",
                )
            })?;
        }
        Ok(())
    }
}
