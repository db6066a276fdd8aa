//! The lab as plain data: what there is, without a word of Kubernetes or Istio.

use crate::versions;

/// A chain of services, published under one host, with a baseline and any number of lanes beside it.
#[derive(Clone, Debug)]
pub struct Lab {
    pub namespace: String,
    /// The public host name of the first service of the chain.
    pub host: String,
    /// The name of the secret that holds the certificate of `host`.
    pub credential: String,
    /// The image of every service: one program plays all roles.
    pub image: String,
    /// Services in the order in which they call each other.
    pub chain: Vec<Service>,
    /// The version that answers requests outside of any lane.
    pub baseline: String,
    pub lanes: Vec<Lane>,
    /// The range of the random delay of each service, in milliseconds.
    pub delay_ms: (u32, u32),
}

#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    pub replicas: i32,
}

/// A named set of services that run another version; its requests carry its name in [`LANE_HEADER`].
#[derive(Clone, Debug)]
pub struct Lane {
    pub name: String,
    /// Names of the services that have an instance in this lane.
    pub services: Vec<String>,
}

/// The request header that carries the lane through every hop.
pub const LANE_HEADER: &str = "x-lane";

impl Lab {
    /// The tutorial's lab: three chained services and the lane `v2` with all of them.
    pub fn demo() -> Self {
        let names = ["httpserver-service1", "httpserver-service2", "httpserver-service3"];
        Self {
            namespace: "cloudnative".into(),
            host: "service1.cncamp.io".into(),
            credential: "cncamp-credential".into(),
            image: versions::SERVER_IMAGE.into(),
            chain: names.map(|name| Service { name: name.into(), replicas: 1 }).into(),
            baseline: "v1".into(),
            lanes: vec![Lane { name: "v2".into(), services: names.map(Into::into).into() }],
            delay_ms: (1, 20),
        }
    }

    /// The lanes, out of `lanes`, in which `service` has an instance of its own; elsewhere the baseline answers.
    pub fn lanes_of<'a>(&self, service: &Service, lanes: &'a [Lane]) -> Vec<&'a Lane> {
        lanes.iter().filter(|lane| lane.services.contains(&service.name)).collect()
    }
}
