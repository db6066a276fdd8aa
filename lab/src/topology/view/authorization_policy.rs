//! What embedded mode takes of an AuthorizationPolicy: who may call which pods. It is not enforced, as nobody has a
//! certificate here; rules about the requests themselves would change answers, and are refused.

use super::ClusterOnly;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct AuthorizationPolicySpec {
    #[serde(default, rename = "action")]
    _action: Action,
    #[serde(default, rename = "rules")]
    _rules: Vec<Rule>,
    #[serde(default, rename = "selector")]
    _selector: ClusterOnly,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Action {
    #[default]
    Allow,
}

#[derive(Debug, Deserialize)]
struct Rule {
    #[serde(default, rename = "from")]
    _from: Vec<From>,
    #[serde(default, rename = "to")]
    _to: Vec<To>,
}

#[derive(Debug, Deserialize)]
struct From {
    #[serde(rename = "source")]
    _source: Source,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    #[serde(default, rename = "principals")]
    _principals: ClusterOnly,
    #[serde(default, rename = "namespaces")]
    _namespaces: ClusterOnly,
    #[serde(default, rename = "serviceAccounts")]
    _service_accounts: ClusterOnly,
}

#[derive(Debug, Deserialize)]
struct To {
    #[serde(rename = "operation")]
    _operation: Operation,
}

#[derive(Debug, Deserialize)]
struct Operation {
    #[serde(default, rename = "ports")]
    _ports: ClusterOnly,
}
