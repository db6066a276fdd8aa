//! Who may call whom: nothing at first, then each call that the model has.

use super::workload::CONTAINER_PORT;
use super::{ISTIO_NAMESPACE, labels, metadata};
use crate::model::{Lab, Service};
use crate::object::Object;
use kcr_security_istio_io::v1::authorizationpolicies as istio;
use kcr_security_istio_io::v1::peerauthentications as peer;

/// The account of the ingress gateway, as istioctl installs it.
pub(crate) const INGRESS_ACCOUNT: &str = "istio-ingressgateway-service-account";

pub(crate) fn peer_authentication(lab: &Lab) -> Object {
    let mode = Some(peer::PeerAuthenticationMtlsMode::Strict);
    Object::PeerAuthentication(Box::new(peer::PeerAuthentication {
        metadata: metadata(&lab.namespace, "default"),
        spec: peer::PeerAuthenticationSpec {
            mtls: Some(peer::PeerAuthenticationMtls { mode }),
            ..peer::PeerAuthenticationSpec::default()
        },
        status: None,
    }))
}

/// An ALLOW policy without a rule matches no request, and what no ALLOW policy matches is refused.
pub(crate) fn allow_nothing(lab: &Lab) -> Object {
    policy(lab, "allow-nothing", istio::AuthorizationPolicySpec::default())
}

/// Lets the callers of `service` in, and the gateway if it is the entrance.
pub(crate) fn allow_callers(lab: &Lab, service: &Service) -> Object {
    let is_entrance = lab.services.first().is_some_and(|first| first.name == service.name);
    let gateway = is_entrance.then(|| principal(ISTIO_NAMESPACE, INGRESS_ACCOUNT));
    let callers = lab.callers_of(service).map(|caller| principal(&lab.namespace, &caller.name));
    let principals: Vec<String> = gateway.into_iter().chain(callers).collect();
    let rule = istio::AuthorizationPolicyRules {
        from: Some(vec![istio::AuthorizationPolicyRulesFrom {
            source: Some(istio::AuthorizationPolicyRulesFromSource {
                principals: Some(principals.clone()),
                ..istio::AuthorizationPolicyRulesFromSource::default()
            }),
        }]),
        to: Some(vec![istio::AuthorizationPolicyRulesTo {
            operation: Some(istio::AuthorizationPolicyRulesToOperation {
                ports: Some(vec![CONTAINER_PORT.to_string()]),
                ..istio::AuthorizationPolicyRulesToOperation::default()
            }),
        }]),
        ..istio::AuthorizationPolicyRules::default()
    };
    policy(
        lab,
        &service.name,
        istio::AuthorizationPolicySpec {
            action: Some(istio::AuthorizationPolicyAction::Allow),
            selector: Some(istio::AuthorizationPolicySelector {
                match_labels: Some(labels([("app", &service.name)])),
            }),
            // A service that nobody calls has no rule: nobody gets in.
            rules: (!principals.is_empty()).then(|| vec![rule]),
            ..istio::AuthorizationPolicySpec::default()
        },
    )
}

fn policy(lab: &Lab, name: &str, spec: istio::AuthorizationPolicySpec) -> Object {
    let metadata = metadata(&lab.namespace, name);
    Object::AuthorizationPolicy(Box::new(istio::AuthorizationPolicy {
        metadata,
        spec,
        status: None,
    }))
}

/// What a sidecar reads in the certificate of its peer. `cluster.local` is Istio's default trust domain.
fn principal(namespace: &str, account: &str) -> String {
    format!("cluster.local/ns/{namespace}/sa/{account}")
}
