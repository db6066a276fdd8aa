//! Bad input ends with what, where and a hint, a non-zero exit code, and no process left.

use crate::harness::{envoy, folder, lab, out, processes_of, run};
use crate::manifests::Copy;
use std::net::TcpListener;
use std::path::Path;

const ROUTES: &str = "v1/routes/virtual-services.yaml";

/// Starts a lab that must be refused, and returns what it said.
fn refused(manifests: &Path, arguments: &[&str], code: i32) -> String {
    let folder = folder();
    let ran = run(lab(folder.path())
        .args(["up", "--envoy", envoy(), "--manifests"])
        .arg(manifests)
        .args(arguments));
    assert_eq!(ran.status.code(), Some(code), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    assert_eq!(processes_of(folder.path()), [0u32; 0], "{}", ran.stderr);
    assert!(!folder.path().join("run").exists(), "no file of the run is left");
    ran.stderr
}

/// Changes one file of the manifests; the refusal must say all of `wanted`.
fn check(file: &str, old: &str, new: &str, wanted: &[&str]) {
    let copy = Copy::of_out();
    copy.replace(file, old, new);
    let said = refused(copy.path(), &[], 1);
    for words in std::iter::once(&file).chain(wanted) {
        assert!(said.contains(words), "`{words}` is missing in: {said}");
    }
}

#[test]
fn a_field_that_embedded_mode_cannot_honour_is_named() {
    check(
        ROUTES,
        "  - name: baseline\n",
        "  - name: baseline\n    mirror:\n      host: httpserver-service1\n",
        &[
            "VirtualService cloudnative/httpserver-service1",
            "spec.http[0].mirror",
            "embedded mode cannot honour this field",
        ],
    );
}

#[test]
fn a_value_that_embedded_mode_cannot_honour_is_named() {
    check(
        "v1/routes/gateway.yaml",
        "mode: SIMPLE",
        "mode: MUTUAL",
        &["Gateway cloudnative/httpserver-service1", "spec.servers[0].tls.mode", "MUTUAL"],
    );
}

#[test]
fn an_unknown_subset_is_named() {
    check(
        ROUTES,
        "subset: v1",
        "subset: v9",
        &[
            "VirtualService cloudnative/httpserver-service1",
            "spec.http[0].route[0].destination.subset",
            "`v9`",
            "v1",
        ],
    );
}

#[test]
fn a_misspelt_field_is_named() {
    check(
        "v1/workloads/httpserver-service1.yaml",
        "replicas:",
        "replica:",
        &[
            "Deployment cloudnative/httpserver-service1-v1",
            "spec.replica: is not a field of this kind",
        ],
    );
}

#[test]
fn broken_yaml_is_named_with_its_place() {
    check(ROUTES, "spec:\n  gateways:", "spec: [\n  gateways:", &["is not valid YAML", "line "]);
}

#[test]
fn an_unknown_kind_is_named() {
    check(
        "base/peer-authentication.yaml",
        "kind: PeerAuthentication",
        "kind: PeerAuthorization",
        &[
            "PeerAuthorization cloudnative/default",
            "security.istio.io/v1 PeerAuthorization",
            "use one of: ",
        ],
    );
}

#[test]
fn all_findings_are_told_at_once() {
    let copy = Copy::of_out();
    copy.replace(
        "v1/workloads/httpserver-service1.yaml",
        "    spec:\n      automount",
        "    spec:\n      hostNetwork: true\n      automount",
    );
    copy.replace("v1/routes/gateway.yaml", "number: 80", "number: 81");
    let said = refused(copy.path(), &[], 1);
    for words in ["spec.template.spec.hostNetwork", "spec.servers[1].port.number", "2 findings"] {
        assert!(said.contains(words), "`{words}` is missing in: {said}");
    }
}

#[test]
fn a_taken_port_is_named() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    for flag in ["--https-port", "--http-port"] {
        let said = refused(&out(), &[flag, &port], 1);
        assert!(
            said.contains(&format!("{flag} {port}")) && said.contains("Address already in use"),
            "{said}"
        );
    }
}

#[test]
fn one_port_cannot_be_asked_for_twice() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    drop(holder);
    let said = refused(&out(), &["--https-port", &port, "--http-port", &port], 1);
    assert!(said.contains(&format!("--http-port {port}: the port is asked for twice")), "{said}");
}

#[test]
fn a_name_that_is_a_path_is_refused_and_nothing_is_written_there() {
    let elsewhere = tempfile::tempdir().unwrap();
    let name = format!("credentialName: {}/cred", elsewhere.path().display());
    check(
        "v1/routes/gateway.yaml",
        "credentialName: cncamp-credential",
        &name,
        &["spec.servers[0].tls.credentialName", "is not a name"],
    );
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_pod_that_would_listen_for_the_world_is_refused() {
    check(
        "v1/workloads/httpserver-service1.yaml",
        "      - env:\n",
        "      - args: ['--listen', '0.0.0.0:0']\n        env:\n",
        &["spec.template.spec.containers[0].args[0]", "the lab decides where a pod listens"],
    );
}

#[test]
fn a_missing_folder_or_layer_is_named() {
    let said = refused(Path::new("/no/such/folder"), &[], 1);
    assert!(said.contains("there is no folder /no/such/folder"), "{said}");
    let said = refused(&out(), &["--with", "canary-v9"], 1);
    assert!(said.contains("there is no layer `canary-v9`") && said.contains("canary-v2"), "{said}");
}

#[test]
fn without_envoy_and_without_pip_it_says_how_to_get_one() {
    // A PATH on which there is neither an Envoy nor a Python; then one whose Python has no pip.
    let (empty, without_pip) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let python = without_pip.path().join("python3");
    std::os::unix::fs::symlink("/bin/false", python).unwrap();
    for (path, words) in
        [(&empty, "no python3 to install it with"), (&without_pip, "pip could not install it")]
    {
        let folder = folder();
        let ran = run(lab(folder.path())
            .env("PATH", path.path())
            .env_remove("LAB_ENVOY")
            .args(["up", "--manifests"])
            .arg(out()));
        assert_eq!(ran.status.code(), Some(2), "{}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stderr.contains(words) && ran.stderr.contains("hint: install Python 3 with pip"),
            "{}",
            ran.stderr
        );
        assert_eq!(processes_of(folder.path()), [0u32; 0]);
    }
}

#[test]
fn an_envoy_of_another_version_is_refused() {
    let folder = folder();
    let copy = Copy::of_out();
    copy.write("envoy", "#!/bin/sh\necho 'envoy  version: 0/1.12.0/Clean/RELEASE/BoringSSL'\n");
    let fake = copy.path().join("envoy");
    std::fs::set_permissions(&fake, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ran =
        run(lab(folder.path()).args(["up", "--manifests"]).arg(out()).arg("--envoy").arg(&fake));
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("is Envoy 1.12.0") && ran.stderr.contains("hint: "),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_state_folder_whose_path_is_too_long_for_a_socket_is_refused() {
    let folder = folder();
    let long = folder.path().join("x".repeat(120));
    let ran = run(lab(&long).args(["up", "--envoy", envoy(), "--manifests"]).arg(out()));
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stdout);
    assert!(ran.stderr.contains("too long") && ran.stderr.contains("--state"), "{}", ran.stderr);
}
