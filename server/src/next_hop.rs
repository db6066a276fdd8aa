//! Request headers go in; what the next hop answered, or why it did not, comes out.

use std::{error::Error, iter, time::Duration};

use poem::http::{HeaderMap, StatusCode, Version};
use reqwest::{Client, Response, Url, redirect::Policy};

use crate::{service::Service, service_url::ServiceUrl};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const BODY_LIMIT: usize = 1024 * 1024;

/// An answer of the next hop, or as much of it as was readable.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why a hop counts as failed, and the status its caller then answers with: 503 if it could not be reached, 504 if it
/// took too long, 502 if its answer is an error of its own or cannot be used.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
}

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) received: Option<Received>,
    pub(crate) failure: Option<Failure>,
}

#[derive(Debug, Clone)]
pub(crate) struct NextHop {
    pub(crate) service: Service,
    url: Url,
    client: Client,
}

/// One client for the process. A proxy named by `http_proxy` is used: that is how a sidecar is reached.
pub(crate) fn client(hop_timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(hop_timeout)
        .redirect(Policy::none())
        .build()
}

impl NextHop {
    pub(crate) fn new(service: Service, url: &ServiceUrl, client: &Client) -> Self {
        Self { service, url: url.join(service.path()), client: client.clone() }
    }

    pub(crate) async fn call(&self, headers: HeaderMap) -> Outcome {
        match self.client.get(self.url.clone()).headers(headers).send().await {
            Ok(response) => self.read(response).await,
            Err(error) => Outcome { received: None, failure: Some(self.transport(error)) },
        }
    }

    pub(crate) fn failure(&self, why: &str) -> Failure {
        Failure { status: StatusCode::BAD_GATEWAY, reason: self.reason(why) }
    }

    async fn read(&self, mut response: Response) -> Outcome {
        let mut received = Received {
            version: response.version(),
            status: response.status(),
            headers: response.headers().clone(),
            body: Vec::new(),
        };
        let failure = loop {
            match response.chunk().await {
                Ok(Some(chunk)) if received.body.len() + chunk.len() > BODY_LIMIT => {
                    let room = BODY_LIMIT - received.body.len();
                    received.body.extend_from_slice(&chunk[..room]);
                    break Some(self.failure("its body is larger than 1 MiB"));
                }
                Ok(Some(chunk)) => received.body.extend_from_slice(&chunk),
                Ok(None) if received.status.is_server_error() => {
                    break Some(self.failure(&format!("it answered {}", received.status)));
                }
                Ok(None) => break None,
                Err(error) => break Some(self.transport(error)),
            }
        };
        Outcome { received: Some(received), failure }
    }

    fn transport(&self, error: reqwest::Error) -> Failure {
        let status = if error.is_timeout() {
            StatusCode::GATEWAY_TIMEOUT
        } else if error.is_connect() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::BAD_GATEWAY
        };
        // The URL is named already; the cause ("connection refused") hides at the end of the chain.
        let error = error.without_url();
        let causes = iter::successors(Some(&error as &dyn Error), |error| (*error).source());
        let why = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        Failure { status, reason: self.reason(&why) }
    }

    fn reason(&self, why: &str) -> String {
        format!("{} at {} failed: {why}", self.service.name(), self.url)
    }
}
