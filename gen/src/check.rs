//! Objects → violations: every law, over the objects that are applied together. All findings, not just the first.

mod access;
pub(crate) mod calls;
mod conflict;
pub(crate) mod covers;
mod destination;
mod destination_rule;
mod duration;
mod gateway;
mod gateway_tls;
mod installed;
pub(crate) mod lane;
mod mutual_tls;
mod name;
mod namespace;
mod operation;
mod order;
mod pod;
mod policies;
mod possible;
mod rule;
mod service;
mod shadow;
mod traffic_policy;
mod value;
mod workload;
pub(crate) mod world;

pub use installed::{Certificate, Installed};

use crate::object::Manifest;
use crate::violation::{Violation, sorted};
use world::World;

/// Something that must be true of all objects that a cluster holds at one time.
pub struct Law {
    pub name: &'static str,
    /// The code of the message of Istio's analyser that is about the same thing.
    pub istio: Option<&'static str>,
    /// What must be true; a sentence.
    pub rule: &'static str,
    kind: Kind,
    check: fn(&World<'_>, &mut Findings<'_>),
}

/// What happens where a law is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A name means nothing: what Istio does then is no use to anybody.
    Meaning,
    /// Requests go another way than the manifests seem to say, or nowhere.
    Traffic,
    /// The pods run, but not safely.
    Safety,
}

/// All laws. Names of messages and their codes: `pkg/config/analysis/msg/messages.yaml` in istio.
pub const LAWS: &[&Law] = &[
    &name::NAME,
    &namespace::NAMESPACE,
    &namespace::INJECTION,
    &destination::HOST,
    &destination::SHORT_HOST,
    &destination::PORT,
    &destination::PORT_REQUIRED,
    &destination::SUBSET,
    &destination_rule::SUBSET_PODS,
    &destination_rule::SUBSET_NAME,
    &destination::ROUTE_HOST,
    &destination_rule::RULE_HOST,
    &destination_rule::RULE_TLS,
    &destination::HTTP_PORT,
    &gateway::GATEWAY,
    &gateway::MATCH_GATEWAY,
    &gateway::GATEWAY_HOST,
    &gateway::GATEWAY_SELECTOR,
    &gateway::GATEWAY_PORT,
    &gateway_tls::GATEWAY_PROTOCOL,
    &gateway::GATEWAY_CONFLICT,
    &gateway_tls::CREDENTIAL,
    &gateway_tls::TLS,
    &service::SELECTOR,
    &service::PORT_NAME,
    &service::TARGET_PORT,
    &rule::ACTION,
    &rule::WEIGHTS,
    &rule::WEIGHTLESS,
    &rule::PATTERN,
    &value::RANGE,
    &duration::DURATION,
    &possible::POSSIBLE,
    &shadow::UNREACHABLE,
    &shadow::SHADOWED,
    &conflict::MESH_HOST,
    &conflict::PUBLIC_HOST,
    &lane::LANE_CLOSURE,
    &lane::LANE_RETURN,
    &access::CALL,
    &access::ACCESS,
    &access::LEAST_PRIVILEGE,
    &access::GUARDED,
    &mutual_tls::MUTUAL_TLS,
    &workload::WORKLOAD_SELECTOR,
    &workload::ACCOUNT,
    &workload::CONFIGURATION,
    &workload::PROVIDER,
    &pod::PROBES,
    &pod::RESOURCES,
    &pod::SECURITY_CONTEXT,
    &pod::TOKEN,
    &pod::IMAGE,
    &operation::TERMINATION,
    &operation::SPREAD,
    &operation::BUDGET,
    &order::ORDER,
];

/// The findings of one law.
struct Findings<'a> {
    law: &'a Law,
    found: Vec<Violation>,
}

impl Findings<'_> {
    /// `message` names the value in backticks.
    fn add(
        &mut self,
        manifest: &Manifest,
        field: impl Into<String>,
        message: String,
        hint: impl Into<String>,
    ) {
        let violation = Violation::of_field(manifest, field, message, hint.into());
        self.found.push(Violation { rule: self.law.to_string(), ..violation });
    }
}

/// Holds every law against `manifests`, in the order in which they are applied: a later object replaces an earlier one
/// of its identity. Together with `installed` they stand for everything that a cluster holds.
pub fn check(manifests: &[&Manifest], installed: &Installed) -> Vec<Violation> {
    held(manifests, installed, |_| true)
}

/// Holds only those laws against `manifests` without which they mean nothing: names that lead nowhere, patterns that
/// do not compile. What is bad advice, but has a meaning, passes.
pub fn meaning(manifests: &[&Manifest]) -> Vec<Violation> {
    held(manifests, &Installed::demo_profile(), |kind| kind == Kind::Meaning)
}

/// Holds only the laws of lanes against `manifests`: that no request leaves its lane but for the baseline, and that each
/// comes back to it.
pub fn lanes(manifests: &[&Manifest]) -> Vec<Violation> {
    let laws: [&Law; 2] = [&lane::LANE_CLOSURE, &lane::LANE_RETURN];
    let installed = Installed::demo_profile();
    findings(&World::of(manifests, &installed), laws.into_iter())
}

fn held(
    manifests: &[&Manifest],
    installed: &Installed,
    chosen: impl Fn(Kind) -> bool,
) -> Vec<Violation> {
    let world = World::of(manifests, installed);
    findings(&world, LAWS.iter().copied().filter(|law| chosen(law.kind)))
}

fn findings<'l>(world: &World<'_>, laws: impl Iterator<Item = &'l Law>) -> Vec<Violation> {
    let found = laws.flat_map(|law| {
        let mut findings = Findings { law, found: Vec::new() };
        (law.check)(world, &mut findings);
        findings.found
    });
    sorted(found.collect())
}

impl std::fmt::Display for Law {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, rule, .. } = self;
        match self.istio {
            Some(code) => write!(formatter, "{name} ({code}): {rule}"),
            None => write!(formatter, "{name}: {rule}"),
        }
    }
}

/// A list for a hint; of a long one, its beginning.
fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    const MOST: usize = 8;
    let items: Vec<String> = items.into_iter().map(|item| item.as_ref().to_owned()).collect();
    match items.len() {
        0 => "none".into(),
        count if count > MOST => {
            format!("{} and {} more", items[..MOST].join(", "), count - MOST)
        }
        _ => items.join(", "),
    }
}
