//! The laws of DestinationRules: their hosts are Services, their subsets have names and pods, and mutual TLS stays on.

use super::destination::meant;
use super::namespace::has_sidecar;
use super::world::{NO_LABELS, World, shown};
use super::{Findings, Kind, Law, list};
use kcr_networking_istio_io::v1::destinationrules::{
    DestinationRuleSubsetsTrafficPolicyTlsMode as SubsetMode,
    DestinationRuleTrafficPolicyTlsMode as Mode,
};
use std::collections::BTreeSet;

pub(super) const SUBSET_PODS: Law = Law {
    name: "subset-pods",
    istio: Some("IST0173"),
    rule: "every subset selects pods of its Service",
    kind: Kind::Meaning,
    check: subset_pods,
};

pub(super) const RULE_HOST: Law = Law {
    name: "rule-host",
    istio: Some("IST0174"),
    rule: "the host of every DestinationRule is a Service",
    kind: Kind::Meaning,
    check: rule_host,
};

pub(super) const SUBSET_NAME: Law = Law {
    name: "subset-name",
    istio: Some("IST0106"),
    rule: "no two subsets of a host have one name",
    kind: Kind::Traffic,
    check: subset_name,
};

pub(super) const RULE_TLS: Law = Law {
    name: "rule-tls",
    istio: Some("IST0113"),
    rule: "no DestinationRule turns off the mutual TLS that the pods of its host ask for",
    kind: Kind::Traffic,
    check: rule_tls,
};

fn subset_pods(world: &World<'_>, findings: &mut Findings<'_>) {
    for (host, rules) in &world.rules {
        let Some(service) = world.services.get(host) else { continue };
        let behind = world.behind(service);
        for rule in rules {
            for (index, subset) in rule.object.spec.subsets.iter().flatten().enumerate() {
                let wanted = subset.labels.as_ref().unwrap_or(NO_LABELS);
                if !behind.iter().any(|deployment| deployment.pods_bear(wanted)) {
                    findings.add(
                        rule.manifest,
                        format!("spec.subsets[{index}].labels"),
                        format!(
                            "no Deployment makes pods of `{host}` with the labels `{}`",
                            shown(wanted)
                        ),
                        "give the pods these labels, or remove the subset and the routes to it",
                    );
                }
            }
        }
    }
}

fn rule_host(world: &World<'_>, findings: &mut Findings<'_>) {
    // A wildcard stands for whatever hosts there are.
    let unknown = world.rules.iter().filter(|(host, _)| {
        !host.starts_with('*') && !world.is_service(host) && meant(world, host).is_none()
    });
    for (host, rules) in unknown {
        for rule in rules {
            let message = format!("there is no Service for host `{host}`");
            let hint = format!("use one of: {}", list(world.services.keys()));
            findings.add(rule.manifest, "spec.host", message, hint);
        }
    }
}

fn subset_name(world: &World<'_>, findings: &mut Findings<'_>) {
    for (host, rules) in &world.rules {
        let mut names = BTreeSet::new();
        for rule in rules {
            for (index, subset) in rule.object.spec.subsets.iter().flatten().enumerate() {
                if !names.insert(&subset.name) {
                    let message = format!("`{host}` has a subset `{}` already", subset.name);
                    let field = format!("spec.subsets[{index}].name");
                    findings.add(
                        rule.manifest,
                        field,
                        message,
                        "give each subset a name of its own",
                    );
                }
            }
        }
    }
}

fn rule_tls(world: &World<'_>, findings: &mut Findings<'_>) {
    for (host, rules) in &world.rules {
        let Some(service) = world.services.get(host) else { continue };
        let mut behind = world.behind(service).into_iter();
        if !behind.any(|deployment| has_sidecar(world, deployment)) {
            continue;
        }
        for rule in rules {
            let own = rule.object.spec.traffic_policy.as_ref();
            let own = own.and_then(|policy| policy.tls.as_ref()?.mode.as_ref());
            let is_mutual = matches!(own, None | Some(Mode::IstioMutual));
            let subsets = rule.object.spec.subsets.iter().flatten().enumerate();
            let of_subsets = subsets.filter_map(|(index, subset)| {
                let mode = subset.traffic_policy.as_ref()?.tls.as_ref()?.mode.as_ref()?;
                let field = format!("spec.subsets[{index}].trafficPolicy.tls.mode");
                (!matches!(mode, SubsetMode::IstioMutual)).then_some(field)
            });
            let of_rule = (!is_mutual).then(|| "spec.trafficPolicy.tls.mode".to_owned());
            for field in of_rule.into_iter().chain(of_subsets) {
                let message = format!("clients would not speak mutual TLS to `{host}`");
                findings.add(
                    rule.manifest,
                    field,
                    message,
                    "leave it out, or write `ISTIO_MUTUAL`",
                );
            }
        }
    }
}
