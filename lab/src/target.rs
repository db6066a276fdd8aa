//! Where to send requests and read traces: a lab of either kind, seen from outside. Made from a running lab's status.

use crate::control::Status;
use crate::failure::{Failure, Result};
use crate::jaeger;
use crate::topology::{INGRESS_NAME, INGRESS_NAMESPACE};
use manifests::release::{Draw, TICKETS, ticket};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

/// The part of a Service's name that its requests do not carry: `httpserver-service1` answers as `service1`.
const SERVICE_PREFIX: &str = "httpserver-";

/// The name under which the ingress gateway reports its spans.
pub(crate) fn gateway_service() -> String {
    format!("{INGRESS_NAME}.{INGRESS_NAMESPACE}")
}

#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The public host name.
    pub(crate) host: String,
    pub(crate) https: SocketAddr,
    pub(crate) http: SocketAddr,
    /// The certificates that clients trust, in PEM.
    pub(crate) authority: Vec<u8>,
    pub(crate) traces: jaeger::Client,
    /// What is deployed.
    pub(crate) instances: BTreeSet<Instance>,
    /// The share of all users that a release draws into a lane.
    pub(crate) draw: Option<Draw>,
}

/// That a service has pods of a version in a lane.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instance {
    pub(crate) service: String,
    /// Empty for the baseline.
    pub(crate) lane: String,
    pub(crate) version: String,
}

/// The version of HTTP that a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl Target {
    pub(crate) fn embedded(status: &Status) -> Result<Self> {
        let host = status.hosts.first().cloned().ok_or_else(|| {
            Failure::input(
                "the lab publishes nothing over HTTPS",
                "apply a layer that has a Gateway with an HTTPS server",
            )
        })?;
        let authority = std::fs::read(&status.authority)
            .map_err(|error| Failure::disk(&status.authority, &error))?;
        let instances = status.pods.iter().map(|pod| Instance {
            service: pod.app.strip_prefix(SERVICE_PREFIX).unwrap_or(&pod.app).to_owned(),
            lane: pod.lane.clone(),
            version: pod.version.clone(),
        });
        Ok(Self {
            host,
            https: (Ipv4Addr::LOCALHOST, status.https_port).into(),
            http: (Ipv4Addr::LOCALHOST, status.http_port).into(),
            authority,
            traces: jaeger::Client::new(&status.traces)?,
            instances: instances.collect(),
            draw: status.release.as_ref().and_then(|release| release.state.draw.clone()),
        })
    }

    /// The lanes that have at least one instance.
    pub(crate) fn lanes(&self) -> BTreeSet<String> {
        self.instances
            .iter()
            .map(|instance| instance.lane.clone())
            .filter(|lane| !lane.is_empty())
            .collect()
    }

    /// The lane that a request is in which asks for `lane`, or for none.
    pub(crate) fn lane<'a>(&'a self, lane: &'a str) -> &'a str {
        let everybody = self.draw.as_ref().filter(|draw| draw.percent >= 100 && lane.is_empty());
        everybody.map_or(lane, |draw| draw.lane.as_str())
    }

    /// The versions that must answer a request of `lane`, hop by hop: the lane's own, else the baseline's. Without a lane
    /// they are the baseline's, unless a release draws everybody.
    pub(crate) fn expected(&self, lane: &str) -> Vec<(String, String)> {
        let lane = self.lane(lane);
        let services: BTreeSet<&String> =
            self.instances.iter().map(|instance| &instance.service).collect();
        let version = |service: &String, lane: &str| {
            let mut of_service =
                self.instances.iter().filter(|instance| instance.service == *service);
            of_service
                .find(|instance| instance.lane == lane)
                .map(|instance| instance.version.clone())
        };
        let answering = |service: &String| {
            version(service, lane).or_else(|| version(service, "")).unwrap_or_default()
        };
        services.into_iter().map(|service| (service.clone(), answering(service))).collect()
    }

    /// The cookies of a user whom no draw below 100 % brings into any lane; empty if there are no lanes.
    pub(crate) fn last_tickets(&self) -> String {
        let tickets = self.lanes().into_iter().map(|lane| ticket(&lane, TICKETS - 1));
        tickets.collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}:{}{path}", self.host, self.https.port())
    }

    /// A client that trusts the lab's authority alone, and finds `name` at the gateway.
    pub(crate) fn client(&self, protocol: Protocol, name: &str) -> Result<reqwest::Client> {
        let failed = |error: reqwest::Error| {
            Failure::lab(
                format!("no HTTP client: {error}"),
                "start the lab again, so that it makes new certificates",
            )
        };
        let authorities = reqwest::Certificate::from_pem_bundle(&self.authority).map_err(failed)?;
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only(authorities)
            .resolve(name, self.https);
        let builder = match protocol {
            Protocol::Http1 => builder.http1_only(),
            Protocol::Http2 => builder,
        };
        builder.build().map_err(failed)
    }
}
