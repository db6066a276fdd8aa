//! A rule of a VirtualService and a class of requests → the decision that it stands for.

use super::answer::{Answer, Share, WHOLE};
use super::condition::{self, Place};
use super::extra::{self, Extra};
use super::{Class, Flow, is_lane_header};
use crate::host;
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualServiceHttp, VirtualServiceHttpRedirect, VirtualServiceHttpRoute,
};

/// What one rule decides about requests of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What else a request must be like, in words; nothing, if the rule takes every request of the class that is left.
    pub when: Option<String>,
    pub answer: Answer,
    /// What else happens to it.
    pub extras: Vec<Extra>,
    /// The class of the request when it arrives, if the proxy makes it another one on the way.
    pub becomes: Option<Class>,
    /// The place of the rule in `spec.http`, and its name; nothing, if no rule decides.
    pub rule: Option<(usize, String)>,
}

impl Decision {
    pub(super) fn always(answer: Answer) -> Self {
        Self { when: None, answer, extras: Vec::new(), becomes: None, rule: None }
    }
}

impl Flow<'_> {
    /// Nothing, if the rule takes no request of the class.
    pub(super) fn decision(
        &self,
        (index, http): (usize, &VirtualServiceHttp),
        namespace: &str,
        class: &Class,
        place: &Place<'_>,
    ) -> Option<Decision> {
        Some(Decision {
            when: when(http, namespace, class, place)?,
            answer: self.answer(http, namespace, class),
            extras: extra::extras(self, http, namespace),
            becomes: becomes(http, class),
            rule: Some((index, http.name.clone().unwrap_or_default())),
        })
    }

    fn answer(&self, http: &VirtualServiceHttp, namespace: &str, class: &Class) -> Answer {
        if let Some(redirect) = &http.redirect {
            Answer::Redirect(target(redirect))
        } else if let Some(response) = &http.direct_response {
            Answer::Direct(response.status.to_string())
        } else if let Some(delegate) = &http.delegate {
            let namespace = delegate.namespace.as_deref().unwrap_or(namespace);
            Answer::Delegate(format!(
                "{namespace}/{}",
                delegate.name.as_deref().unwrap_or_default()
            ))
        } else {
            match http.route.as_deref() {
                None | Some([]) => Answer::Nothing,
                Some(routes) => {
                    Answer::Shares(self.shares(routes, namespace, &after_rule(http, class)))
                }
            }
        }
    }

    /// Weights are shares of their sum; of several destinations, one without a weight gets nothing.
    fn shares(
        &self,
        routes: &[VirtualServiceHttpRoute],
        namespace: &str,
        class: &Class,
    ) -> Vec<Share> {
        let weight = |route: &VirtualServiceHttpRoute| {
            u64::from(route.weight.unwrap_or_default().max(0).unsigned_abs())
        };
        let sum: u64 = routes.iter().map(weight).sum();
        let mut shares: Vec<Share> = Vec::new();
        for route in routes {
            let permille = match (routes.len(), sum) {
                (1, _) => WHOLE,
                (_, 0) => 0,
                (_, sum) => u32::try_from((weight(route) * u64::from(WHOLE) + sum / 2) / sum)
                    .unwrap_or(WHOLE),
            };
            let host = host::resolve(&route.destination.host, namespace);
            let subset = route.destination.subset.as_deref();
            let share =
                Share { arrives: arrives(route, class), ..self.share(&host, subset, permille) };
            let same = shares.iter_mut().find(|known| {
                (&known.host, &known.subset, &known.arrives)
                    == (&share.host, &share.subset, &share.arrives)
            });
            match same {
                Some(known) => known.permille += share.permille,
                None if weight(route) == 0 && sum > 0 && routes.len() > 1 => {}
                None => shares.push(share),
            }
        }
        shares
    }
}

/// Whether and when a rule takes requests of the class: its matches are alternatives.
#[expect(clippy::option_option, reason = "never; always; and when")]
fn when(
    http: &VirtualServiceHttp,
    namespace: &str,
    class: &Class,
    place: &Place<'_>,
) -> Option<Option<String>> {
    let matches = match http.r#match.as_deref() {
        None | Some([]) => return Some(None),
        Some(matches) => matches,
    };
    let left: Vec<Vec<String>> = matches
        .iter()
        .filter_map(|r#match| condition::left(r#match, namespace, class, place))
        .collect();
    if left.iter().any(Vec::is_empty) {
        return Some(None);
    }
    let mut words: Vec<String> = left.iter().map(|words| words.join(" and ")).collect();
    words.dedup();
    if words.is_empty() { None } else { Some(Some(words.join(", or "))) }
}

/// What a rule makes of the lane, if it does the same on the way to every destination.
fn becomes(http: &VirtualServiceHttp, class: &Class) -> Option<Class> {
    let after_rule = after_rule(http, class);
    let mut arrivals = http.route.iter().flatten().map(|route| arrives(route, &after_rule));
    let first = arrivals.next()?;
    let agreed = arrivals.all(|class| class == first);
    (agreed && first != *class).then_some(first)
}

/// The class of a request when the headers of a rule are done with it.
fn after_rule(http: &VirtualServiceHttp, class: &Class) -> Class {
    let request = http.headers.as_ref().and_then(|headers| headers.request.as_ref());
    request.map_or_else(
        || class.clone(),
        |request| {
            changed(class, request.set.as_ref(), request.add.as_ref(), request.remove.as_ref())
        },
    )
}

/// The class of a request at one destination of a rule.
fn arrives(route: &VirtualServiceHttpRoute, class: &Class) -> Class {
    let request = route.headers.as_ref().and_then(|headers| headers.request.as_ref());
    request.map_or_else(
        || class.clone(),
        |request| {
            changed(class, request.set.as_ref(), request.add.as_ref(), request.remove.as_ref())
        },
    )
}

type Headers = std::collections::BTreeMap<String, String>;

/// Envoy joins the values of a header with a comma.
fn changed(
    class: &Class,
    set: Option<&Headers>,
    add: Option<&Headers>,
    remove: Option<&Vec<String>>,
) -> Class {
    let lane = |headers: Option<&Headers>| {
        let found = headers.into_iter().flatten().find(|(name, _)| is_lane_header(name));
        found.map(|(_, value)| value.clone())
    };
    let removed = remove.into_iter().flatten().any(|name| is_lane_header(name));
    let kept = if removed { &Class::NoLane } else { class };
    match (lane(set), lane(add), kept) {
        (Some(value), _, _) | (None, Some(value), Class::NoLane) => Class::Lane(value),
        (None, Some(value), Class::Lane(lane)) => Class::Lane(format!("{lane},{value}")),
        (None, None, kept) => kept.clone(),
    }
}

fn target(redirect: &VirtualServiceHttpRedirect) -> String {
    let scheme = redirect.scheme.as_ref().map(|scheme| format!("{scheme}://"));
    let port = redirect.port.map(|port| format!(":{port}"));
    let prefix = redirect.prefix_rewrite.as_ref();
    let prefix = prefix.map(|prefix| format!("{prefix} in place of the matched prefix"));
    let code = redirect.redirect_code.filter(|code| *code != 301).map(|code| format!(" ({code})"));
    let parts = [scheme, redirect.authority.clone(), port, redirect.uri.clone(), prefix, code];
    parts.into_iter().flatten().collect()
}
