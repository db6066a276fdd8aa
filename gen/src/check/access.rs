//! The laws of who may call whom: every call is let in, nothing else is, and callers prove who they are.
//!
//! Source: "Implicit enablement" and "Authorization policy precedence" in Istio's documentation of security: DENY before
//! ALLOW; where no ALLOW policy applies to a pod, everybody gets in; where one does, only what one of them matches.

use super::calls::{self, Call};
use super::namespace::has_sidecar;
use super::policies::{Policies, Policy, is_allow, is_like, lets_in, rules, takes_all};
use super::world::{Placed, World};
use super::{Findings, Kind, Law, list};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kcr_security_istio_io::v1::authorizationpolicies::{
    AuthorizationPolicyAction as Action, AuthorizationPolicyRules,
    AuthorizationPolicyRulesFromSource as Source,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) const CALL: Law = Law {
    name: "call",
    istio: Some("IST0101"),
    rule: "every URL in the environment of a pod leads to a Service, if it can only be meant for this cluster",
    kind: Kind::Traffic,
    check: call,
};

pub(super) const ACCESS: Law = Law {
    name: "access",
    istio: None,
    rule: "who calls a service is let in by its policies",
    kind: Kind::Traffic,
    check: access,
};

pub(super) const LEAST_PRIVILEGE: Law = Law {
    name: "least-privilege",
    istio: None,
    rule: "policies let nobody in who does not call",
    kind: Kind::Safety,
    check: least_privilege,
};

pub(super) const GUARDED: Law = Law {
    name: "guarded",
    istio: None,
    rule: "every pod with a sidecar has an ALLOW policy: without one, everybody gets in",
    kind: Kind::Safety,
    check: guarded,
};

fn call(world: &World<'_>, findings: &mut Findings<'_>) {
    for deployment in &world.deployments {
        for url in calls::urls(deployment) {
            if let Some((message, hint)) = calls::mistake(world, deployment, &url) {
                findings.add(deployment.manifest, url.field, message, hint);
            }
        }
    }
}

fn access(world: &World<'_>, findings: &mut Findings<'_>) {
    let policies = Policies::of(world);
    for call in world.calls() {
        let service = &world.services[&call.host];
        let refused = world
            .behind(service)
            .into_iter()
            .filter(|deployment| has_sidecar(world, deployment))
            .find_map(|deployment| refused(&policies, call, service, deployment));
        if let Some((message, hint)) = refused {
            findings.add(call.manifest, call.field.clone(), message, hint);
        }
    }
}

/// Why the pods of a Deployment refuse a call to their Service, and what would help.
fn refused<'a>(
    policies: &Policies<'_, 'a>,
    call: &Call<'a>,
    service: &Placed<'a, Service>,
    deployment: &Placed<'a, Deployment>,
) -> Option<(String, String)> {
    let applying = policies.applying(deployment);
    let mut allowing = applying.iter().filter(|policy| is_allow(policy)).peekable();
    let host = &call.host;
    let principal = call.principal.as_str();
    if !call.has_certificate {
        let hint = "give the caller a sidecar: without one, it has no certificate to show";
        let message = format!("calls `{host}` without a sidecar, and is not let in");
        return Some((message, hint.to_owned()));
    }
    let ports = container_ports(service, deployment);
    let denied = applying.iter().find(|policy| {
        matches!(policy.object.spec.action, Some(Action::Deny))
            && rules(policy).iter().any(|rule| takes_all(rule, principal, &ports))
    });
    if let Some(policy) = denied {
        let message = format!("`{principal}` calls `{host}` and is refused by {}", policy.name);
        return Some((message, format!("take it out of the DENY policy {}", policy.name)));
    }
    allowing.peek()?;
    let names: Vec<&str> = allowing.clone().map(|policy| policy.name).collect();
    let is_let_in = allowing
        .any(|policy| rules(policy).iter().any(|rule| lets_in(rule, principal, &ports, policy)));
    (!is_let_in).then(|| {
        let names = names.join(", ");
        let message = format!("`{principal}` calls `{host}` and is not let in by: {names}");
        let name = deployment.name;
        let hint = format!(
            "add the principal, and the port {}, to a rule of an ALLOW policy for the pods of {name}",
            list(&ports)
        );
        (message, hint)
    })
}

/// The ports that the pods of a Deployment listen on for a Service: what policies call ports.
fn container_ports(
    service: &Placed<'_, Service>,
    deployment: &Placed<'_, Deployment>,
) -> Vec<String> {
    let containers = deployment.pod().map_or(&[][..], |pod| &pod.containers);
    let ports = super::service::numbered(service.object).map(|(_, port)| {
        let target = port.target_port.clone().unwrap_or(IntOrString::Int(port.port));
        super::service::resolved(containers, &target)
    });
    ports.flatten().map(|port| port.to_string()).collect()
}

fn least_privilege(world: &World<'_>, findings: &mut Findings<'_>) {
    let policies = Policies::of(world);
    // By namespace and name of the Deployment that is called.
    let mut callers: HashMap<(&str, &str), BTreeSet<&str>> = HashMap::new();
    for call in world.calls() {
        for deployment in world.behind(&world.services[&call.host]) {
            let called = (deployment.namespace, deployment.name);
            callers.entry(called).or_default().insert(&call.principal);
        }
    }
    // What a policy may open: to whoever calls any of the pods that it applies to.
    let mut opened: BTreeMap<(&str, &str), (&Policy<'_>, BTreeSet<&str>)> = BTreeMap::new();
    for deployment in &world.deployments {
        for policy in policies.applying(deployment).into_iter().filter(|policy| is_allow(policy)) {
            let (_, known) = opened
                .entry((policy.namespace, policy.name))
                .or_insert_with(|| (policy, BTreeSet::new()));
            known.extend(
                callers.get(&(deployment.namespace, deployment.name)).into_iter().flatten(),
            );
        }
    }
    for (policy, known) in opened.values() {
        for (index, rule) in rules(policy).iter().enumerate() {
            too_open(policy, index, rule, known, findings);
        }
    }
}

fn too_open(
    policy: &Policy<'_>,
    index: usize,
    rule: &AuthorizationPolicyRules,
    callers: &BTreeSet<&str>,
    findings: &mut Findings<'_>,
) {
    let hint = format!("leave those who call: {}", list(callers));
    let sources = rule.from.as_deref().unwrap_or_default();
    if sources.is_empty() {
        let message = "lets everybody in: the rule has no `from`".to_owned();
        findings.add(policy.manifest, format!("spec.rules[{index}].from"), message, hint.clone());
    }
    for (from, source) in sources.iter().enumerate() {
        let field = format!("spec.rules[{index}].from[{from}].source");
        let Some(source) = source.source.as_ref().filter(|source| names_accounts(source)) else {
            let message = "lets in more than those who call: it names no `principals`".to_owned();
            findings.add(policy.manifest, field, message, hint.clone());
            continue;
        };
        let principals = source.principals.iter().flatten().enumerate();
        let accounts = source.service_accounts.iter().flatten().enumerate();
        let accounts = accounts.map(|(position, name)| {
            let (namespace, account) = name.split_once('/').unwrap_or((policy.namespace, name));
            ("serviceAccounts", position, calls::principal(namespace, account))
        });
        let principals =
            principals.map(|(position, pattern)| ("principals", position, pattern.clone()));
        for (list, position, pattern) in principals.chain(accounts) {
            if pattern == "*" || !callers.iter().any(|caller| is_like(&pattern, caller)) {
                let message = format!("`{pattern}` is let in and does not call");
                let field = format!("{field}.{list}[{position}]");
                findings.add(policy.manifest, field, message, hint.clone());
            }
        }
    }
}

fn names_accounts(source: &Source) -> bool {
    let lists = [&source.principals, &source.service_accounts];
    lists.into_iter().any(|list| list.as_ref().is_some_and(|list| !list.is_empty()))
}

fn guarded(world: &World<'_>, findings: &mut Findings<'_>) {
    let policies = Policies::of(world);
    for deployment in world.deployments.iter().filter(|found| has_sidecar(world, found)) {
        if !policies.applying(deployment).iter().any(|policy| is_allow(policy)) {
            let message = format!("no ALLOW policy applies to the pods of `{}`", deployment.name);
            let hint = "add an AuthorizationPolicy that names the principals of its callers";
            findings.add(deployment.manifest, "spec.template.metadata.labels", message, hint);
        }
    }
}
