//! The sources: rules that the compiler cannot hold.

use std::fs;
use std::path::Path;

/// Words that only those modules may use which know Kubernetes and Istio.
const WIRE_TYPES: [&str; 3] = ["k8s_openapi", "kube", "kcr_"];

fn wire_types_in(source: &str) -> Vec<&'static str> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(source);
    let text = fs::read_to_string(path).expect("a source file");
    WIRE_TYPES.into_iter().filter(|word| text.contains(word)).collect()
}

#[test]
fn the_model_names_no_type_of_kubernetes_or_istio() {
    assert_eq!(wire_types_in("model.rs"), [""; 0]);
}

#[test]
fn a_module_that_names_such_types_would_be_found() {
    assert_eq!(wire_types_in("objects/traffic.rs"), ["kcr_"]);
    assert_eq!(wire_types_in("objects/pod.rs"), ["k8s_openapi"]);
}
