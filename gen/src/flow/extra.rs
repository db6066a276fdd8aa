//! A rule of a VirtualService → what else happens to the requests that it takes, in short words.

use super::Flow;
use super::answer::percent;
use crate::host;
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualServiceHttp, VirtualServiceHttpFault, VirtualServiceHttpRetries,
    VirtualServiceHttpRewrite,
};
use std::collections::BTreeMap;

/// Something that happens to a request beside its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extra {
    pub topic: Topic,
    /// `delayed by 5s for 10 %`, `timeout 2s`, `sets x-lane: v2`.
    pub words: String,
}

/// What an extra is about, in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    Delay,
    Abort,
    Timeout,
    Retries,
    Rewrite,
    Mirror,
    Headers,
    Origins,
}

pub(super) fn extras(flow: &Flow<'_>, http: &VirtualServiceHttp, namespace: &str) -> Vec<Extra> {
    let fault = http.fault.as_ref();
    // Nought is Istio's word for no limit, which is what a rule without a timeout has.
    let timeout = http.timeout.as_ref().filter(|timeout| !is_nought(timeout));
    let origins = http.cors_policy.as_ref().map(serde_json::to_string).and_then(Result::ok);
    let told = [
        (Topic::Delay, fault.and_then(delay).into_iter().collect()),
        (Topic::Abort, fault.and_then(abort).into_iter().collect()),
        (Topic::Timeout, timeout.map(|limit| format!("timeout {limit}")).into_iter().collect()),
        (Topic::Retries, http.retries.as_ref().map(tries).into_iter().collect()),
        (Topic::Rewrite, http.rewrite.as_ref().map_or_else(Vec::new, rewrites)),
        (Topic::Mirror, mirrors(flow, http, namespace)),
        (Topic::Headers, headers(http)),
        (
            Topic::Origins,
            origins.map(|json| format!("the CORS policy {json}")).into_iter().collect(),
        ),
    ];
    let told = told.into_iter();
    told.flat_map(|(topic, words)| words.into_iter().map(move |words| Extra { topic, words }))
        .collect()
}

fn rewrites(rewrite: &VirtualServiceHttpRewrite) -> Vec<String> {
    let path = rewrite.uri.as_ref().map(|path| format!("rewritten to the path {path}"));
    let host = rewrite.authority.as_ref().map(|host| format!("rewritten to the host {host}"));
    let pattern = rewrite.uri_regex_rewrite.as_ref().map(|pattern| {
        let parts = [&pattern.r#match, &pattern.rewrite];
        let [from, to] = parts.map(|part| part.as_deref().unwrap_or_default());
        format!("rewritten in the path from {from} to {to}")
    });
    [path, host, pattern].into_iter().flatten().collect()
}

/// A percentage that is not stated is nought.
fn delay(fault: &VirtualServiceHttpFault) -> Option<String> {
    let delay = fault.delay.as_ref()?;
    let stated = delay.percentage.as_ref().map(|percentage| percentage.value.unwrap_or_default());
    let share = stated.unwrap_or_else(|| delay.percent.map_or(0.0, f64::from));
    let time = delay.fixed_delay.as_ref()?;
    (share > 0.0).then(|| format!("delayed by {time} for {}", percent(share)))
}

fn abort(fault: &VirtualServiceHttpFault) -> Option<String> {
    let abort = fault.abort.as_ref()?;
    let share = abort.percentage.as_ref().and_then(|percentage| percentage.value)?;
    let status = abort.http_status.map(|status| status.to_string());
    let status = status
        .or_else(|| abort.grpc_status.as_ref().map(|status| format!("gRPC {status}")))
        .or_else(|| abort.http2_error.clone())?;
    (share > 0.0).then(|| format!("aborted with {status} for {}", percent(share)))
}

fn is_nought(duration: &str) -> bool {
    !duration.contains(|character: char| character.is_ascii_digit() && character != '0')
}

fn tries(retries: &VirtualServiceHttpRetries) -> String {
    let count = match retries.attempts {
        Some(0) => return "no retries".into(),
        Some(1) => "1 retry".to_owned(),
        Some(attempts) => format!("{attempts} retries"),
        None => "retries".to_owned(),
    };
    let on = retries.retry_on.as_ref().map(|conditions| format!(" on {conditions}"));
    let limit = retries.per_try_timeout.as_ref();
    let limit = limit.map(|limit| format!(", each try {limit} at most"));
    [Some(count), on, limit].into_iter().flatten().collect()
}

fn mirrors(flow: &Flow<'_>, http: &VirtualServiceHttp, namespace: &str) -> Vec<String> {
    let home = http.route.iter().flatten().next();
    let home = home.map(|route| host::resolve(&route.destination.host, namespace));
    let name = |host: &str, subset: Option<&str>, share: Option<f64>| {
        let host = host::resolve(host, namespace);
        let to = match subset {
            Some(subset) if home.as_ref() == Some(&host) => subset.to_owned(),
            Some(subset) => format!("{} {subset}", flow.name(&host)),
            None => flow.name(&host),
        };
        let share = share.filter(|share| *share < 100.0);
        format!(
            "mirrored to {to}{}",
            share.map_or(String::new(), |share| format!(" for {}", percent(share)))
        )
    };
    #[expect(clippy::cast_precision_loss, reason = "percentages are small")]
    let integer = http.mirror_percent.or(http.mirror_percent_x).map(|share| share as f64);
    let one = http.mirror.as_ref().map(|mirror| {
        let stated = http.mirror_percentage.as_ref().map(|share| share.value.unwrap_or_default());
        name(&mirror.host, mirror.subset.as_deref(), stated.or(integer))
    });
    let several = http.mirrors.iter().flatten().map(|mirror| {
        let stated = mirror.percentage.as_ref().map(|share| share.value.unwrap_or_default());
        name(&mirror.destination.host, mirror.destination.subset.as_deref(), stated)
    });
    one.into_iter().chain(several).collect()
}

/// What is set, added and removed, on every way and on the way to one destination.
fn headers(http: &VirtualServiceHttp) -> Vec<String> {
    let mut words = Vec::new();
    macro_rules! tell {
        ($headers:expr, $way:expr) => {
            if let Some(headers) = $headers {
                tell!("", &headers.request, $way);
                tell!("in the answer ", &headers.response, $way);
            }
        };
        ($kind:literal, $found:expr, $way:expr) => {
            if let Some(found) = $found {
                let (set, add) = (found.set.as_ref(), found.add.as_ref());
                words.extend(operations($kind, set, add, found.remove.as_ref(), $way));
            }
        };
    }
    tell!(&http.headers, "");
    let routes = http.route.as_deref().unwrap_or_default();
    for route in routes {
        let to = route.destination.subset.as_ref().unwrap_or(&route.destination.host);
        let way = if routes.len() > 1 { format!(" on the way to {to}") } else { String::new() };
        tell!(&route.headers, &way);
    }
    words
}

fn operations(
    kind: &str,
    set: Option<&BTreeMap<String, String>>,
    add: Option<&BTreeMap<String, String>>,
    remove: Option<&Vec<String>>,
    way: &str,
) -> Vec<String> {
    let set =
        set.into_iter().flatten().map(|(name, value)| format!("{kind}sets {name}: {value}{way}"));
    let add =
        add.into_iter().flatten().map(|(name, value)| format!("{kind}adds {name}: {value}{way}"));
    let remove = remove.into_iter().flatten().map(|name| format!("{kind}removes {name}{way}"));
    set.chain(add).chain(remove).collect()
}
