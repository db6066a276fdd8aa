//! A share of users in a lane: rules that draw at the gateway, once for each user, and never take a user back out of the
//! lane when the share rises.
//!
//! A VirtualService can neither hash nor remember. But each request has a random id that the gateway gives to it before it
//! looks for a route (`x-request-id`, a UUID), and a route may put that id into a cookie: the user's *ticket*. A ticket
//! below the share is in the lane. What is below 10 % is below 50 % too, so the draw is monotone; and it needs no weights,
//! no service of its own and no memory but the cookie.
//!
//! Sources: `x-request-id` in Envoy's documentation of HTTP headers, made by `ConnectionManagerUtility::mutateRequestHeaders`
//! ahead of the choice of a route; `%REQ(…)%` in "Custom request/response headers". The last digits of the id are taken,
//! because the first eight decide which requests are traced (`UUIDRequestIDExtension::getTraceReason`, `getInteger`).

use super::entry::{header, marked, regex, unasked};
use crate::model::Edge;
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualServiceHttp, VirtualServiceHttpHeaders, VirtualServiceHttpHeadersResponse,
    VirtualServiceHttpMatch, VirtualServiceHttpRoute,
};
use std::collections::BTreeMap;

/// How many tickets there are: as many as three hexadecimal digits can tell apart. A share is exact to 0.013 points.
pub const TICKETS: u32 = 4096;

/// The part of a UUID that is not looked at.
const REST: &str = "[0-9a-f-]{33}";

/// For how long a user keeps a ticket, in seconds: 30 days.
const TICKET_LIFE: u32 = 30 * 24 * 60 * 60;

/// How the rules of a draw are called, behind the name of the side that they lead to.
const BY_TICKET: &str = "-by-ticket";
const BY_DRAW: &str = "-by-draw";
const FOR_ALL: &str = "-for-all";

/// The two sides of a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Lane,
    Baseline,
}

impl Side {
    /// The side to which a rule leads that draws for `lane`; nothing if this is the name of another rule.
    pub(crate) fn of(rule: &str, lane: &str) -> Option<Self> {
        let how = |side: Self| rule.strip_prefix(&side.name(lane));
        if matches!(how(Self::Baseline), Some(BY_TICKET | BY_DRAW)) {
            return Some(Self::Baseline);
        }
        matches!(how(Self::Lane), Some(BY_TICKET | BY_DRAW | FOR_ALL)).then_some(Self::Lane)
    }

    fn name(self, lane: &str) -> String {
        match self {
            Self::Lane => format!("lane-{lane}"),
            Self::Baseline => "baseline".into(),
        }
    }

    fn rule(self, lane: &str, how: &str) -> String {
        self.name(lane) + how
    }
}

/// Where those go who are in the lane, and the others.
pub(crate) struct Ways {
    pub(crate) lane: VirtualServiceHttpRoute,
    pub(crate) baseline: VirtualServiceHttpRoute,
}

/// Rules that bring `percent` (1 to 100) of the users into `lane`, and give a ticket to those who have none.
pub(crate) fn rules(lane: &str, percent: u32, edge: Edge, ways: &Ways) -> Vec<VirtualServiceHttp> {
    let rule = |name: String, matched: Option<VirtualServiceHttpMatch>, way, headers| {
        let matched = matched
            .map(|matched| VirtualServiceHttpMatch { without_headers: unasked(edge), ..matched });
        VirtualServiceHttp {
            name: Some(name),
            r#match: matched.map(|matched| vec![matched]),
            route: Some(vec![VirtualServiceHttpRoute::clone(way)]),
            headers,
            ..VirtualServiceHttp::default()
        }
    };
    let everyone = Some(VirtualServiceHttpMatch::default()).filter(|_| edge == Edge::Open);
    if percent >= 100 {
        return vec![rule(
            Side::Lane.rule(lane, FOR_ALL),
            everyone,
            &ways.lane,
            Some(marked(lane)),
        )];
    }
    let cookie = cookie(lane);
    let (below, any) = (below(tickets(percent)), "[0-9a-f]{3}");
    let ticket =
        |digits: &str| header("cookie", regex(cookie_pattern(&cookie, &format!("{REST}{digits}"))));
    let drawn = header("x-request-id", regex(format!("{REST}{below}")));
    let with_ticket = VirtualServiceHttpHeaders { request: marked(lane).request, ..given(&cookie) };
    vec![
        rule(
            Side::Lane.rule(lane, BY_TICKET),
            Some(ticket(&below)),
            &ways.lane,
            Some(marked(lane)),
        ),
        rule(
            Side::Baseline.rule(lane, BY_TICKET),
            Some(ticket(any)),
            &ways.baseline,
            stripped(edge),
        ),
        rule(Side::Lane.rule(lane, BY_DRAW), Some(drawn), &ways.lane, Some(with_ticket)),
        rule(Side::Baseline.rule(lane, BY_DRAW), everyone, &ways.baseline, {
            let request = stripped(edge).and_then(|headers| headers.request);
            Some(VirtualServiceHttpHeaders { request, ..given(&cookie) })
        }),
    ]
}

fn stripped(edge: Edge) -> Option<VirtualServiceHttpHeaders> {
    (edge == Edge::Closed).then(super::entry::stripped)
}

/// How many tickets a share from 1 to 100 percent has.
pub(crate) fn tickets(percent: u32) -> u32 {
    percent * TICKETS / 100
}

/// The cookie that holds a user's ticket for a lane: each lane draws anew.
pub(crate) fn cookie(lane: &str) -> String {
    format!("lane-{lane}-ticket")
}

/// The answer hands out the ticket.
fn given(cookie: &str) -> VirtualServiceHttpHeaders {
    let value = format!(
        "{cookie}=%REQ(x-request-id)%; Path=/; Max-Age={TICKET_LIFE}; Secure; HttpOnly; SameSite=Lax"
    );
    let response = VirtualServiceHttpHeadersResponse {
        add: Some(BTreeMap::from([("set-cookie".to_owned(), value)])),
        ..VirtualServiceHttpHeadersResponse::default()
    };
    VirtualServiceHttpHeaders { request: None, response: Some(response) }
}

/// A pattern for the whole of a `cookie` header: that one of its cookies has this name and a value like `pattern`.
pub(crate) fn cookie_pattern(name: &str, pattern: &str) -> String {
    format!("(?:.*; *)?{name}={pattern}(?: *;.*)?")
}

/// A pattern for three hexadecimal digits that stand for a number below `limit`, which is 1 to [`TICKETS`] - 1.
fn below(limit: u32) -> String {
    let [first, second, third] = [limit >> 8, limit >> 4 & 15, limit & 15];
    let any = "[0-9a-f]";
    let alternatives = [
        (first > 0).then(|| format!("{}{any}{any}", digits_below(first))),
        (second > 0).then(|| format!("{first:x}{}{any}", digits_below(second))),
        (third > 0).then(|| format!("{first:x}{second:x}{}", digits_below(third))),
    ];
    let alternatives: Vec<String> = alternatives.into_iter().flatten().collect();
    format!("(?:{})", alternatives.join("|"))
}

fn digits_below(limit: u32) -> String {
    match limit {
        1 => "0".into(),
        2..=10 => format!("[0-{}]", limit - 1),
        11 => "[0-9a]".into(),
        _ => format!("[0-9a-{:x}]", limit - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::{TICKETS, below};
    use regex_automata::meta::Regex;

    #[test]
    fn a_pattern_takes_just_the_numbers_below_its_limit() {
        for limit in (1..TICKETS).step_by(7).chain([1, 15, 16, 17, 255, 256, 257, TICKETS - 1]) {
            let pattern = Regex::new(&format!("^(?:{})$", below(limit))).expect("a pattern");
            let taken = (0..TICKETS).filter(|number| pattern.is_match(&format!("{number:03x}")));
            assert_eq!(taken.collect::<Vec<u32>>(), (0..limit).collect::<Vec<u32>>(), "{limit}");
        }
    }
}
