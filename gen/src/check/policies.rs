//! AuthorizationPolicies: which of them apply to which pods, and whom their rules take.
//!
//! Source: `pilot/pkg/security/authz/` in istio, and the reference of AuthorizationPolicy.

use super::world::{Labels, Placed, ROOT_NAMESPACE, World};
use k8s_openapi::api::apps::v1::Deployment;
use kcr_security_istio_io::v1::authorizationpolicies::{
    AuthorizationPolicy, AuthorizationPolicyAction as Action, AuthorizationPolicyRules,
    AuthorizationPolicyRulesFromSource as Source, AuthorizationPolicyRulesToOperation as Operation,
};
use std::collections::{BTreeSet, HashMap};

pub(super) type Policy<'a> = Placed<'a, AuthorizationPolicy>;

/// Policies by the pods that they apply to.
pub(super) struct Policies<'w, 'a> {
    /// Without a selector, by namespace.
    of_namespace: HashMap<&'a str, Vec<&'w Policy<'a>>>,
    /// By namespace and the first label of the selector.
    of_label: HashMap<(&'a str, &'a str, &'a str), Vec<&'w Policy<'a>>>,
}

impl<'w, 'a> Policies<'w, 'a> {
    pub(super) fn of(world: &'w World<'a>) -> Self {
        let mut policies = Self { of_namespace: HashMap::new(), of_label: HashMap::new() };
        // One with a target is for waypoints and gateways, not for sidecars.
        let for_sidecars = world.policies.iter().filter(|policy| {
            let spec = &policy.object.spec;
            spec.target_ref.is_none() && spec.target_refs.is_none()
        });
        for policy in for_sidecars {
            match selector(policy).and_then(|labels| labels.iter().next()) {
                None => policies.of_namespace.entry(policy.namespace).or_default().push(policy),
                Some((key, value)) => {
                    let place = (policy.namespace, key.as_str(), value.as_str());
                    policies.of_label.entry(place).or_default().push(policy);
                }
            }
        }
        policies
    }

    /// Those that apply to the pods of a Deployment.
    pub(super) fn applying(&self, deployment: &Placed<'a, Deployment>) -> Vec<&'w Policy<'a>> {
        let namespaces: BTreeSet<&str> = BTreeSet::from([deployment.namespace, ROOT_NAMESPACE]);
        let mut found = Vec::new();
        for namespace in namespaces {
            found.extend(self.of_namespace.get(namespace).into_iter().flatten());
            for (key, value) in deployment.pod_labels().into_iter().flatten() {
                let place = (namespace, key.as_str(), value.as_str());
                let candidates = self.of_label.get(&place).into_iter().flatten();
                let bears = |policy: &&&Policy<'_>| {
                    selector(policy).is_some_and(|labels| deployment.pods_bear(labels))
                };
                found.extend(candidates.filter(bears));
            }
        }
        found
    }
}

fn selector<'a>(policy: &Policy<'a>) -> Option<&'a Labels> {
    policy.object.spec.selector.as_ref()?.match_labels.as_ref()
}

pub(super) fn is_allow(policy: &Policy<'_>) -> bool {
    matches!(policy.object.spec.action, None | Some(Action::Allow))
}

pub(super) fn rules<'a>(policy: &Policy<'a>) -> &'a [AuthorizationPolicyRules] {
    policy.object.spec.rules.as_deref().unwrap_or_default()
}

/// Whether a rule takes requests of this principal at one of these ports, some at least.
pub(super) fn lets_in(
    rule: &AuthorizationPolicyRules,
    principal: &str,
    ports: &[String],
    policy: &Policy<'_>,
) -> bool {
    let from = rule.from.as_deref().unwrap_or_default();
    let is_source = |source: Option<&Source>| {
        source.is_none_or(|source| names_principal(source, principal, policy.namespace))
    };
    let to = rule.to.as_deref().unwrap_or_default();
    let is_port = |operation: Option<&Operation>| {
        operation.is_none_or(|operation| {
            let among =
                |list: &Option<Vec<String>>| list.iter().flatten().any(|port| ports.contains(port));
            (operation.ports.as_ref().is_none_or(Vec::is_empty) || among(&operation.ports))
                && !among(&operation.not_ports)
        })
    };
    (from.is_empty() || from.iter().any(|from| is_source(from.source.as_ref())))
        && (to.is_empty() || to.iter().any(|to| is_port(to.operation.as_ref())))
}

/// Whether a rule takes all requests of this principal at all of these ports.
pub(super) fn takes_all(
    rule: &AuthorizationPolicyRules,
    principal: &str,
    ports: &[String],
) -> bool {
    let from = rule.from.as_deref().unwrap_or_default();
    let is_source = from.is_empty()
        || from.iter().any(|from| {
            from.source.as_ref().is_none_or(|source| names_principal(source, principal, ""))
        });
    let to = rule.to.as_deref().unwrap_or_default();
    let is_any = |list: &Option<Vec<String>>| {
        list.as_ref().is_none_or(|list| list.iter().any(|one| one == "*"))
    };
    let is_all = to.is_empty()
        || to.iter().any(|to| {
            to.operation.as_ref().is_none_or(|operation| {
                is_any(&operation.hosts)
                    && is_any(&operation.methods)
                    && is_any(&operation.paths)
                    && operation
                        .ports
                        .as_ref()
                        .is_none_or(|list| ports.iter().all(|port| list.contains(port)))
                    && [
                        &operation.not_hosts,
                        &operation.not_methods,
                        &operation.not_paths,
                        &operation.not_ports,
                    ]
                    .into_iter()
                    .all(Option::is_none)
            })
        });
    is_source && is_all && rule.when.is_none()
}

fn names_principal(source: &Source, principal: &str, of_policy: &str) -> bool {
    let namespace = principal.split('/').nth(2).unwrap_or_default();
    let account = principal.split('/').nth(4).unwrap_or_default();
    let any = |patterns: &Option<Vec<String>>, value: &str| {
        patterns.iter().flatten().any(|pattern| is_like(pattern, value))
    };
    // A bare name is an account in the namespace of the policy; there are no patterns.
    let accounts = |names: &Option<Vec<String>>| {
        names.iter().flatten().any(|name| match name.split_once('/') {
            Some((of, name)) => of == namespace && name == account,
            None => of_policy == namespace && name == account,
        })
    };
    let none = |patterns: &Option<Vec<String>>| patterns.as_ref().is_none_or(Vec::is_empty);
    (none(&source.principals) || any(&source.principals, principal))
        && (none(&source.namespaces) || any(&source.namespaces, namespace))
        && (none(&source.service_accounts) || accounts(&source.service_accounts))
        && !any(&source.not_principals, principal)
        && !any(&source.not_namespaces, namespace)
        && !accounts(&source.not_service_accounts)
}

/// Exact, `prefix*`, `*suffix`, or `*`, as Istio's policies write it.
pub(super) fn is_like(pattern: &str, value: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => value.ends_with(end),
        (_, Some(start)) => value.starts_with(start),
        _ => pattern == value,
    }
}
