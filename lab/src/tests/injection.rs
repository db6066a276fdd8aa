//! Every embedded pod has a sidecar, as Istio would configure it: what says otherwise is refused.

use super::{deployment, findings, resolved};

const POD: &str = "Deployment lab/a";

fn pod(old: &str, new: &str) -> String {
    let yaml = deployment("lab/a", "{app: a, version: v1}");
    assert!(yaml.contains(old), "{yaml}");
    yaml.replace(old, new)
}

fn namespace(labels: &str) -> String {
    let namespace = format!(
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: lab, labels: {labels}}}\n---\n"
    );
    namespace + &deployment("lab/a", "{app: a, version: v1}")
}

#[test]
fn a_pod_that_declines_its_sidecar_is_refused() {
    let label = "sidecar.istio.io/inject: 'false', app: a, version: v1}}";
    let found = findings(&pod("app: a, version: v1}}", label));
    let field = "spec.template.metadata.labels.sidecar.istio.io/inject";
    assert_eq!(found, [[POD, field, "embedded mode gives every pod a sidecar"].map(String::from)]);
    resolved(&pod("app: a, version: v1}}", &label.replace("false", "true")));
}

#[test]
fn an_annotation_for_istio_is_refused_and_one_for_others_is_not() {
    let annotated = |key: &str| {
        pod("namespace: lab}", &format!("namespace: lab, annotations: {{{key}: 'x'}}}}"))
    };
    for key in ["proxy.istio.io/config", "traffic.sidecar.istio.io/excludeInboundPorts"] {
        let [[object, field, message]] = findings(&annotated(key)).try_into().expect("one finding");
        assert_eq!([object.as_str(), &field], [POD, "metadata.annotations"]);
        assert!(message.contains(&format!("the annotation `{key}`")), "{message}");
    }
    resolved(&annotated("prometheus.io/scrape"));
}

#[test]
fn a_namespace_with_pods_must_ask_for_sidecars() {
    resolved(&namespace("{istio-injection: enabled}"));
    for labels in ["{}", "{istio-injection: disabled}"] {
        let [[object, field, _]] = findings(&namespace(labels)).try_into().expect("one finding");
        assert_eq!([object.as_str(), &field], ["Namespace lab", "metadata.labels.istio-injection"]);
    }
}
