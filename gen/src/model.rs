//! The lab as plain data: what there is, without a word of Kubernetes or Istio.

use crate::versions;

/// Services that call each other, published under one host, with a baseline and any number of lanes beside it.
#[derive(Clone, Debug)]
pub struct Lab {
    pub namespace: String,
    /// Where the first of the services is published.
    pub public: Publication,
    /// Where the traces are published.
    pub traces: Publication,
    /// The image of every service: one program plays all roles.
    pub image: String,
    /// Any chain or fan-out; the first one is the entrance.
    pub services: Vec<Service>,
    /// The version that answers requests outside of any lane.
    pub baseline: String,
    pub lanes: Vec<Lane>,
    pub edge: Edge,
    /// The range of the random delay of each service, in milliseconds.
    pub delay_ms: (u32, u32),
}

/// A host name that the gateway serves over HTTPS.
#[derive(Clone, Debug)]
pub struct Publication {
    pub host: String,
    /// The name of the secret that holds the certificate of `host`.
    pub credential: String,
}

#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    /// Pods of the baseline.
    pub replicas: i32,
    pub calls: Vec<Call>,
}

/// A service that another one calls, and the variable of the caller's environment that holds its URL.
#[derive(Clone, Debug)]
pub struct Call {
    pub variable: String,
    pub service: String,
}

/// A named set of services that run another version; its requests carry its name in [`LANE_HEADER`].
#[derive(Clone, Debug)]
pub struct Lane {
    pub name: String,
    /// Names of the services that have an instance in this lane.
    pub services: Vec<String>,
    /// Pods of each of them.
    pub replicas: i32,
    /// How a tester gets into the lane. A share of all users is drawn by a release, not here.
    pub entries: Vec<Entry>,
}

impl Lane {
    /// A lane for testers, who ask for it by the header: one pod of each service, as a canary begins.
    pub fn new(name: &str, services: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let services = services.into_iter().map(Into::into).collect();
        Self { name: name.to_owned(), services, replicas: 1, entries: vec![Entry::Header] }
    }
}

/// How a request names the lane that it wants, in the order in which they decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// `x-lane: NAME`
    Header,
    /// `?lane=NAME`
    Query,
    /// `cookie: lane=NAME`
    Cookie,
}

/// What the gateway makes of a lane header that comes from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// It is taken at its word.
    Open,
    /// It is removed, unless an entry of a lane grants it.
    Closed,
}

/// The request header that carries the lane through every hop.
pub const LANE_HEADER: &str = "x-lane";

impl Lab {
    /// The tutorial's lab: three chained services and the lane `v2` with all of them.
    pub fn demo() -> Self {
        let names = ["httpserver-service1", "httpserver-service2", "httpserver-service3"];
        let call = |variable: &str, service: &str| Call {
            variable: variable.into(),
            service: service.into(),
        };
        let calls =
            [vec![call("SERVICE2_URL", names[1])], vec![call("SERVICE3_URL", names[2])], vec![]];
        let services = names.into_iter().zip(calls);
        Self {
            namespace: "cloudnative".into(),
            public: Publication {
                host: "service1.cncamp.io".into(),
                credential: "cncamp-credential".into(),
            },
            traces: Publication {
                host: "jaeger.cncamp.io".into(),
                credential: "jaeger-credential".into(),
            },
            image: versions::SERVER_IMAGE.into(),
            services: services
                .map(|(name, calls)| Service { name: name.into(), replicas: 2, calls })
                .collect(),
            baseline: "v1".into(),
            lanes: vec![
                Lane::new("v2", names),
                // One service alone is changed: before and behind it, requests of this lane take the baseline.
                Lane {
                    entries: vec![Entry::Header, Entry::Query, Entry::Cookie],
                    ..Lane::new("v3", [names[1]])
                },
            ],
            edge: Edge::Open,
            delay_ms: (1, 20),
        }
    }

    /// The services that call `service`.
    pub fn callers_of<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a Service> {
        let calls =
            |caller: &&Service| caller.calls.iter().any(|call| call.service == service.name);
        self.services.iter().filter(calls)
    }

    /// The lanes, out of `lanes`, in which `service` has an instance of its own; elsewhere the baseline answers.
    pub fn lanes_of<'a>(&self, service: &Service, lanes: &'a [Lane]) -> Vec<&'a Lane> {
        lanes.iter().filter(|lane| lane.services.contains(&service.name)).collect()
    }

    /// What contradicts itself: names that lead nowhere or stand for two things. Each a sentence.
    pub fn contradictions(&self) -> Vec<String> {
        let known = |name: &String| self.services.iter().any(|service| service.name == *name);
        let calls = self.services.iter().flat_map(|service| {
            let unknown = service.calls.iter().filter(|call| !known(&call.service));
            unknown.map(|call| {
                format!("`{}` calls `{}`, which is no service", service.name, call.service)
            })
        });
        let lanes = self.lanes.iter().flat_map(|lane| {
            let unknown = lane.services.iter().filter(|name| !known(name));
            unknown
                .map(|name| format!("the lane `{}` has `{name}`, which is no service", lane.name))
        });
        let versions =
            std::iter::once(&self.baseline).chain(self.lanes.iter().map(|lane| &lane.name));
        let versions = repeated(versions)
            .map(|name| format!("`{name}` is the name of two versions: lanes and the baseline"));
        let services = repeated(self.services.iter().map(|service| &service.name))
            .map(|name| format!("`{name}` is the name of two services"));
        let entrance =
            self.services.is_empty().then(|| "there is no service to publish".to_owned());
        calls.chain(lanes).chain(versions).chain(services).chain(entrance).collect()
    }
}

/// Each name that occurs for the second time.
fn repeated<'a>(names: impl Iterator<Item = &'a String>) -> impl Iterator<Item = &'a String> {
    let mut seen = std::collections::BTreeSet::new();
    names.filter(move |name| !seen.insert(*name))
}
