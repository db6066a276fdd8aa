//! Whether one match takes every request that another one would take. Patterns are compared as the automata they are.
//!
//! Source of what a match means: `TranslateRouteMatch` in istio's `pilot/pkg/networking/core/route/route.go`. The answer is
//! "no" whenever it cannot be told: a law that says "never reached" must not be wrong.

use super::rule::PRESENT;
use kcr_networking_istio_io::v1::virtualservices::VirtualServiceHttpMatch;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::{primitives::StateID, start, syntax};
use regex_automata::{Anchored, Input};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What a string is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text<'a> {
    /// It only has to be there.
    Any,
    Exact(&'a str),
    Prefix(&'a str),
    /// The whole string matches.
    Regex(Cow<'a, str>),
}

/// A match, in a form that can be compared.
pub(crate) struct Conditions<'a> {
    uri: Text<'a>,
    /// `:method`, `:scheme`, `:authority` among them.
    headers: BTreeMap<String, Text<'a>>,
    without: BTreeMap<String, Text<'a>>,
    parameters: BTreeMap<&'a str, Text<'a>>,
    port: Option<i64>,
    gateways: BTreeSet<String>,
    labels: BTreeMap<&'a str, &'a str>,
    namespace: Option<&'a str>,
}

/// The types of the fields differ, their fields do not.
macro_rules! text {
    ($value:expr) => {
        Text::of($value.exact.as_deref(), $value.prefix.as_deref(), $value.regex.as_deref())
    };
}

impl<'a> Text<'a> {
    /// What the three fields of any of Istio's matches of a string say.
    pub(crate) fn of(
        exact: Option<&'a str>,
        prefix: Option<&'a str>,
        regex: Option<&'a str>,
    ) -> Self {
        match (exact, prefix, regex) {
            (Some(exact), _, _) => Self::Exact(exact),
            (_, Some(prefix), _) => Self::Prefix(prefix),
            (_, _, Some(PRESENT)) | (None, None, None) => Self::Any,
            (_, _, Some(regex)) => Self::Regex(Cow::Borrowed(regex)),
        }
    }
}

impl<'a> Conditions<'a> {
    /// The conditions of a rule without a match.
    pub(crate) fn none(gateways: &[String]) -> Self {
        Self {
            // Every path begins with a slash.
            uri: Text::Prefix("/"),
            headers: BTreeMap::new(),
            without: BTreeMap::new(),
            parameters: BTreeMap::new(),
            port: None,
            gateways: gateways.iter().cloned().collect(),
            labels: BTreeMap::new(),
            namespace: None,
        }
    }

    /// `gateways` are those of the VirtualService, for a match that names none.
    pub(crate) fn of(
        r#match: &'a VirtualServiceHttpMatch,
        gateways: &[String],
        namespace: &str,
    ) -> Self {
        let mut conditions = Self::none(gateways);
        if let Some(uri) = &r#match.uri {
            conditions.uri = text!(uri);
            if r#match.ignore_uri_case == Some(true) {
                conditions.uri = conditions.uri.ignoring_case();
            }
        }
        if let Some(method) = &r#match.method {
            conditions.headers.insert(":method".into(), text!(method));
        }
        if let Some(scheme) = &r#match.scheme {
            conditions.headers.insert(":scheme".into(), text!(scheme));
        }
        if let Some(authority) = &r#match.authority {
            conditions.headers.insert(":authority".into(), text!(authority));
        }
        for (name, value) in r#match.headers.iter().flatten() {
            conditions.headers.insert(name.to_lowercase(), text!(value));
        }
        for (name, value) in r#match.without_headers.iter().flatten() {
            conditions.without.insert(name.to_lowercase(), text!(value));
        }
        for (name, value) in r#match.query_params.iter().flatten() {
            conditions.parameters.insert(name, text!(value));
        }
        conditions.port = r#match.port;
        match r#match.gateways.as_deref() {
            None | Some([]) => {
                let labels = r#match.source_labels.iter().flatten();
                conditions.labels =
                    labels.map(|(key, value)| (key.as_str(), value.as_str())).collect();
                conditions.namespace = r#match.source_namespace.as_deref();
            }
            // With gateways, Istio does not look at the source.
            Some(names) => {
                let names = names.iter().map(|name| super::world::qualified(name, namespace));
                conditions.gateways = names.collect();
            }
        }
        conditions
    }

    /// Whether every request that meets `inner` meets these, too.
    pub(crate) fn covers(&self, inner: &Self) -> bool {
        self.gateways.is_superset(&inner.gateways)
            && self.port.is_none_or(|port| inner.port == Some(port))
            && self.namespace.is_none_or(|namespace| inner.namespace == Some(namespace))
            && self.labels.iter().all(|(key, value)| inner.labels.get(key) == Some(value))
            && (self.uri == Text::Prefix("/") || self.uri.covers(&inner.uri))
            && implied(&self.headers, &inner.headers)
            && implied(&self.parameters, &inner.parameters)
            && self.without.iter().all(|(name, outer)| {
                // Without a pattern, only an absent header will do; with one, an absent header counts as an empty one.
                let as_empty = *outer != Text::Any && outer.covers(&Text::Exact(""));
                let absent = inner
                    .without
                    .get(name)
                    .is_some_and(|inner| inner.covers(outer) && !(*inner == Text::Any && as_empty));
                let other = inner.headers.get(name).is_some_and(|value| !value.may_be(outer));
                absent || other
            })
    }
}

/// Whether each of `outer` is asked for by `inner`, at least as narrowly.
fn implied<K: Ord>(outer: &BTreeMap<K, Text<'_>>, inner: &BTreeMap<K, Text<'_>>) -> bool {
    outer.iter().all(|(name, outer)| inner.get(name).is_some_and(|inner| outer.covers(inner)))
}

impl Text<'_> {
    fn ignoring_case(self) -> Self {
        match self {
            Self::Exact(text) => Self::Regex(format!("(?i:{})", regex::escape(text)).into()),
            Self::Prefix(text) => Self::Regex(format!("(?i:{}).*", regex::escape(text)).into()),
            any_or_pattern => any_or_pattern,
        }
    }

    /// Whether these are all the strings that `inner` is, and perhaps more.
    pub(crate) fn covers(&self, inner: &Self) -> bool {
        match (self, inner) {
            (Self::Any, _) => true,
            (outer, inner) if outer == inner => true,
            (Self::Exact(outer), Self::Exact(inner)) => outer == inner,
            (Self::Prefix(outer), Self::Exact(inner) | Self::Prefix(inner)) => {
                inner.starts_with(outer)
            }
            (outer, inner) => {
                let found = search(inner, outer, |inner, outer| inner && !outer);
                found == Some(false)
            }
        }
    }

    /// Whether some string is both; yes, if it cannot be told.
    fn may_be(&self, other: &Self) -> bool {
        search(self, other, |one, other| one && other) != Some(false)
    }

    /// No path and no header has a line break in it, so `.` is any character.
    fn pattern(&self) -> String {
        match self {
            Self::Any => r"\A.*\z".into(),
            Self::Exact(text) => format!(r"\A{}\z", regex::escape(text)),
            Self::Prefix(text) => format!(r"\A{}.*\z", regex::escape(text)),
            Self::Regex(pattern) => format!(r"\A(?:{pattern})\z"),
        }
    }

    fn automaton(&self) -> Option<Automata> {
        const SIZE: usize = 8 << 20;
        dense::Builder::new()
            .configure(
                dense::Config::new()
                    .start_kind(StartKind::Anchored)
                    .dfa_size_limit(Some(SIZE))
                    .determinize_size_limit(Some(SIZE)),
            )
            .syntax(syntax::Config::new())
            .build(&self.pattern())
            .ok()
    }
}

/// Whether there is a string for which `wanted` is true, given whether each of the two automata accepts it.
/// Nothing, if an automaton is too large or cannot be built.
fn search(one: &Text<'_>, other: &Text<'_>, wanted: impl Fn(bool, bool) -> bool) -> Option<bool> {
    let (one, other) = (one.automaton()?, other.automaton()?);
    found(&one, &other, wanted).map(|string| string.is_some())
}

/// A string that `text` takes and that is none of `known`, if there is one and it can be told.
pub(crate) fn witness(text: &Text<'_>, known: &[String]) -> Option<String> {
    let known: Vec<String> = known.iter().map(|word| regex::escape(word)).collect();
    // Without a word, the pattern is one that nothing matches: a header is never empty here.
    let known = Text::Regex(Cow::Owned(format!("({})?", known.join("|"))));
    let (text, known) = (text.automaton()?, known.automaton()?);
    let string = found(&text, &known, |text, known| text && !known)??;
    String::from_utf8(string).ok()
}

type Automata = dense::DFA<Vec<u32>>;

/// The shortest string for which `wanted` is true. The outer `Option` is for what cannot be told.
#[expect(clippy::option_option, reason = "cannot be told; there is none; and this one")]
fn found(
    one: &Automata,
    other: &Automata,
    wanted: impl Fn(bool, bool) -> bool,
) -> Option<Option<Vec<u8>>> {
    const MOST_STATES: usize = 100_000;
    let begin = |automaton: &Automata| {
        let anchored = start::Config::from_input_forward(&Input::new("").anchored(Anchored::Yes));
        automaton.start_state(&anchored).ok()
    };
    let first = (begin(one)?, begin(other)?);
    // Each pair of states with the place in `steps` of the one before it, and the byte that led there.
    let mut seen: BTreeSet<(StateID, StateID)> = BTreeSet::from([first]);
    let mut steps: Vec<((StateID, StateID), usize, u8)> = vec![(first, 0, 0)];
    let mut next = 0;
    while next < steps.len() {
        let ((here, there), ..) = steps[next];
        if one.is_quit_state(here) || other.is_quit_state(there) || seen.len() > MOST_STATES {
            return None;
        }
        let accepts = |automaton: &Automata, state: StateID| {
            automaton.is_match_state(automaton.next_eoi_state(state))
        };
        if wanted(accepts(one, here), accepts(other, there)) {
            return Some(Some(way(&steps, next)));
        }
        // `wanted` asks for a string that the first one accepts, so its dead ends need not be followed. Letters first, for
        // the sake of those who read the string.
        for byte in (b'0'..=b'z').chain(0..b'0').chain(b'z' + 1..=u8::MAX) {
            let pair = (one.next_state(here, byte), other.next_state(there, byte));
            if !one.is_dead_state(pair.0) && seen.insert(pair) {
                steps.push((pair, next, byte));
            }
        }
        next += 1;
    }
    Some(None)
}

/// The bytes that lead from the first step to this one.
fn way(steps: &[((StateID, StateID), usize, u8)], mut step: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while step != 0 {
        let (_, before, byte) = steps[step];
        bytes.push(byte);
        step = before;
    }
    bytes.reverse();
    bytes
}
