//! What happens to a request, hop by hop: the result of the walk.

use serde::Serialize;

/// What one proxy does with a request.
#[derive(Debug, Serialize)]
pub(super) struct Hop {
    pub(super) proxy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) listener: Option<String>,
    /// The name of the filter chain that matched what the client asked for by SNI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filter_chain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) virtual_host: Option<String>,
    /// The domain of the virtual host that matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) domain: Option<String>,
    /// The routes before the one that matched.
    pub(super) passed: Vec<Judged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) route: Option<Judged>,
    #[serde(flatten)]
    pub(super) then: Then,
}

/// A route, and why it matches or does not.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    pub(super) name: String,
    pub(super) because: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Then {
    End(End),
    Clusters(Vec<Branch>),
}

/// Where a request ends without a server.
#[derive(Clone, Debug, Serialize)]
pub(super) struct End {
    /// None where the connection ends.
    pub(super) status: Option<u16>,
    pub(super) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
}

/// One of the clusters that a route shares its requests between.
#[derive(Debug, Serialize)]
pub(super) struct Branch {
    /// From 0 to 1.
    pub(super) share: f64,
    /// Istio's name.
    pub(super) cluster: String,
    /// What the route does to the request's headers.
    pub(super) changes: Vec<String>,
    #[serde(flatten)]
    pub(super) reached: Reached,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reached {
    End(End),
    Pods(Vec<Group>),
    Server(Served),
}

/// Pods of one Deployment, which are all alike.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    /// Among the pods of the cluster, from 0 to 1.
    pub(super) share: f64,
    pub(super) deployment: String,
    pub(super) version: String,
    pub(super) pods: Vec<String>,
    /// The inbound side of their sidecars.
    pub(super) inbound: Hop,
}

/// What a server does.
#[derive(Debug, Serialize)]
pub(super) struct Served {
    /// The name by which the server answers: that of the path's service, else that of its app.
    pub(super) service: String,
    pub(super) app: String,
    pub(super) version: String,
    #[serde(flatten)]
    pub(super) action: Action,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Answers {
        status: u16,
        what: &'static str,
        /// Whether the answer is one of the chain, which the hop above can read.
        #[serde(skip)]
        chained: Chained,
    },
    Calls {
        url: String,
        #[serde(skip)]
        form: httpserver::Form,
        next: Box<Hop>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chained {
    Yes,
    No,
}

impl End {
    pub(super) fn of(status: u16, reason: impl Into<String>) -> Self {
        Self { status: Some(status), reason: reason.into(), location: None }
    }

    /// An end without any answer.
    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self { status: None, reason: reason.into(), location: None }
    }
}
