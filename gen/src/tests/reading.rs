//! Reading: whatever is not understood is refused with its place; nothing is skipped.

use super::{Folder, listed};
use crate::read;
use crate::violation::Violation;

const ROUTE: &str = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: route
  namespace: lab
spec:
  hosts: [one]
  http:
  - timeout: 3s
    route:
    - weight: 100
      destination: {host: one, port: {number: 80}, subset: v1}
";

const WORKLOAD: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: workload
  namespace: lab
spec:
  selector: {}
  template:
    spec:
      containers:
      - name: first
      - name: second
        image: server:1
        env:
        - name: VERSION
          value: v1
        livenessProbe:
          httpGet: {path: /healthz, port: 8080}
";

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: lab}\n";

const UNKNOWN: &str = "is not a field of this kind";

/// Replaces `old` in a text that is read without a finding, and compares object, field and message of all findings.
#[track_caller]
fn check(text: &str, old: &str, new: &str, expected: &[[&str; 3]]) {
    assert_eq!(read::text("file.yaml", text), Ok(accepted(text)), "the text is fine as it is");
    assert_eq!(text.matches(old).count(), 1, "`{old}` stands once in the text");
    check_text(&text.replace(old, new), expected);
}

#[track_caller]
fn check_text(text: &str, expected: &[[&str; 3]]) {
    let found = read::text("file.yaml", text).expect_err("a finding");
    let found: Vec<[String; 3]> = found
        .into_iter()
        .map(|Violation { file, object, field, message, hint, .. }| {
            assert_eq!(file, "file.yaml");
            assert!(!hint.is_empty(), "every finding has a hint");
            [object, field, message]
        })
        .collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn accepted(text: &str) -> Vec<crate::object::Manifest> {
    read::text("file.yaml", text).unwrap_or_else(|violations| panic!("{}", listed(&violations)))
}

/// Identities of what a text or a folder holds, in order.
fn identities(manifests: Vec<crate::object::Manifest>) -> Vec<String> {
    manifests.into_iter().map(|manifest| manifest.object.identity().to_string()).collect()
}

mod kinds {
    use super::*;

    const KNOWN: &str = "use one of: security.istio.io/v1 AuthorizationPolicy, v1 ConfigMap, apps/v1 Deployment, \
                         networking.istio.io/v1 DestinationRule, networking.istio.io/v1 Gateway, \
                         install.istio.io/v1alpha1 IstioOperator, v1 Namespace, \
                         security.istio.io/v1 PeerAuthentication, policy/v1 PodDisruptionBudget, v1 Secret, \
                         v1 Service, v1 ServiceAccount, k3d.io/v1alpha5 Simple, \
                         telemetry.istio.io/v1 Telemetry, networking.istio.io/v1 VirtualService";

    #[track_caller]
    fn check(text: &str, object: &str, message: &str) {
        let found = read::text("file.yaml", text).expect_err("a finding");
        let prefix = if object.is_empty() { String::new() } else { format!("{object}: ") };
        let expected = format!("file.yaml: {prefix}kind: {message}\n  hint: {KNOWN}\n");
        assert_eq!(listed(&found), expected);
    }

    #[test]
    fn an_unknown_kind_is_refused_with_the_known_ones_as_hint() {
        check(
            &ROUTE.replace("kind: VirtualService", "kind: Sidecar"),
            "Sidecar lab/route",
            "`networking.istio.io/v1 Sidecar` is not a kind that the lab knows",
        );
    }

    #[test]
    fn a_kind_in_another_version_is_another_kind() {
        check(
            &ROUTE.replace("istio.io/v1", "istio.io/v1beta1"),
            "VirtualService lab/route",
            "`networking.istio.io/v1beta1 VirtualService` is not a kind that the lab knows",
        );
    }

    #[test]
    fn the_case_of_a_kind_counts() {
        check(
            &NAMESPACE.replace("Namespace", "namespace"),
            "namespace lab",
            "`v1 namespace` is not a kind that the lab knows",
        );
    }

    #[test]
    fn an_object_without_kind_is_refused_by_its_name() {
        check(
            &NAMESPACE.replace("kind: Namespace\n", ""),
            "lab",
            "`v1` is not a kind that the lab knows",
        );
    }

    #[test]
    fn a_document_that_is_no_object_is_refused() {
        for text in ["just words\n", "- a list\n", "42\n", "{}\n"] {
            check(text, "", "`` is not a kind that the lab knows");
        }
    }
}

mod fields {
    use super::*;

    #[test]
    fn an_unknown_field_of_a_rule_is_found() {
        check(
            ROUTE,
            "timeout: 3s",
            "timeot: 3s",
            &[["VirtualService lab/route", "spec.http[0].timeot", UNKNOWN]],
        );
    }

    #[test]
    fn an_unknown_field_of_a_weighted_route_is_found() {
        check(
            ROUTE,
            "weight: 100",
            "wait: 100",
            &[["VirtualService lab/route", "spec.http[0].route[0].wait", UNKNOWN]],
        );
    }

    #[test]
    fn an_unknown_field_deep_inside_of_a_destination_is_found() {
        check(
            ROUTE,
            "{number: 80}",
            "{number: 80, name: http}",
            &[["VirtualService lab/route", "spec.http[0].route[0].destination.port.name", UNKNOWN]],
        );
    }

    #[test]
    fn an_unknown_field_beside_spec_is_found() {
        check(
            ROUTE,
            "spec:",
            "specification: {}\nspec:",
            &[["VirtualService lab/route", "specification", UNKNOWN]],
        );
    }

    #[test]
    fn an_unknown_field_of_a_container_is_found() {
        check(
            WORKLOAD,
            "image: server:1",
            "img: server:1",
            &[["Deployment lab/workload", "spec.template.spec.containers[1].img", UNKNOWN]],
        );
    }

    #[test]
    fn an_unknown_field_of_a_variable_is_found() {
        check(
            WORKLOAD,
            "value: v1",
            "valu: v1",
            &[["Deployment lab/workload", "spec.template.spec.containers[1].env[0].valu", UNKNOWN]],
        );
    }

    #[test]
    fn an_unknown_field_of_a_probe_is_found() {
        let field = "spec.template.spec.containers[1].livenessProbe.httpGet.prot";
        check(
            WORKLOAD,
            "port: 8080",
            "port: 8080, prot: 1",
            &[["Deployment lab/workload", field, UNKNOWN]],
        );
    }

    #[test]
    fn an_unknown_field_of_metadata_is_found_in_both_families_of_kinds() {
        let lables = "name: X\n  lables: {app: one}";
        check(
            ROUTE,
            "name: route",
            &lables.replace('X', "route"),
            &[["VirtualService lab/route", "metadata.lables", UNKNOWN]],
        );
        check(
            WORKLOAD,
            "name: workload",
            &lables.replace('X', "workload"),
            &[["Deployment lab/workload", "metadata.lables", UNKNOWN]],
        );
    }

    #[test]
    fn a_second_kind_or_version_further_in_is_an_unknown_field() {
        check(
            ROUTE,
            "hosts: [one]",
            "kind: VirtualService\n  apiVersion: v1",
            &[
                ["VirtualService lab/route", "spec.kind", UNKNOWN],
                ["VirtualService lab/route", "spec.apiVersion", UNKNOWN],
            ],
        );
    }

    #[test]
    fn all_unknown_fields_of_an_object_are_found_at_once() {
        check(
            ROUTE,
            "timeout: 3s\n    route:\n    - weight: 100",
            "timeot: 3s\n    route:\n    - wait: 100",
            &[
                ["VirtualService lab/route", "spec.http[0].timeot", UNKNOWN],
                ["VirtualService lab/route", "spec.http[0].route[0].wait", UNKNOWN],
            ],
        );
    }

    #[test]
    fn the_keys_of_a_map_are_part_of_the_path() {
        check(
            ROUTE,
            "timeout: 3s",
            "match: [{headers: {x-lane: {exct: v2}}}]",
            &[["VirtualService lab/route", "spec.http[0].match[0].headers.x-lane.exct", UNKNOWN]],
        );
    }

    #[test]
    fn a_missing_field_is_reported_where_it_should_stand() {
        check(
            ROUTE,
            "{host: one, ",
            "{",
            &[[
                "VirtualService lab/route",
                "spec.http[0].route[0].destination",
                "missing field `host`",
            ]],
        );
    }

    #[test]
    fn a_misspelt_field_that_is_required_is_both_unknown_and_missing() {
        check(
            ROUTE,
            "spec:",
            "spek:",
            &[
                ["VirtualService lab/route", "spek", UNKNOWN],
                ["VirtualService lab/route", "", "missing field `spec`"],
            ],
        );
    }
}

mod types {
    use super::*;

    #[test]
    fn a_list_in_place_of_a_duration_is_refused() {
        check(
            ROUTE,
            "timeout: 3s",
            "timeout: [3]",
            &[[
                "VirtualService lab/route",
                "spec.http[0].timeout",
                "invalid type: sequence, expected a string",
            ]],
        );
    }

    #[test]
    fn a_number_in_place_of_a_duration_is_refused() {
        check(
            ROUTE,
            "timeout: 3s",
            "timeout: 3",
            &[[
                "VirtualService lab/route",
                "spec.http[0].timeout",
                "invalid type: integer `3`, expected a string",
            ]],
        );
    }

    #[test]
    fn a_word_in_place_of_a_weight_is_refused() {
        check(
            ROUTE,
            "weight: 100",
            "weight: all",
            &[[
                "VirtualService lab/route",
                "spec.http[0].route[0].weight",
                "invalid type: string \"all\", expected i32",
            ]],
        );
    }

    #[test]
    fn a_value_in_place_of_a_list_is_refused() {
        check(
            ROUTE,
            "[one]",
            "one",
            &[[
                "VirtualService lab/route",
                "spec.hosts",
                "invalid type: string \"one\", expected a sequence",
            ]],
        );
    }

    #[test]
    fn a_wrong_item_of_a_list_is_refused_at_its_index() {
        check(
            ROUTE,
            "[one]",
            "[one, {}]",
            &[[
                "VirtualService lab/route",
                "spec.hosts[1]",
                "invalid type: map, expected a string",
            ]],
        );
    }

    #[test]
    fn a_wrong_type_inside_of_a_container_is_refused() {
        check(
            WORKLOAD,
            "image: server:1",
            "image: 1",
            &[[
                "Deployment lab/workload",
                "spec.template.spec.containers[1].image",
                "invalid type: integer `1`, expected a string",
            ]],
        );
    }

    #[test]
    fn a_value_that_an_enumeration_does_not_have_is_refused() {
        let text = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n\
            metadata: {name: default}\nspec: {mtls: {mode: STRICT}}\n";
        check(
            text,
            "STRICT",
            "STRONG",
            &[[
                "PeerAuthentication default",
                "spec.mtls.mode",
                "unknown variant `STRONG`, expected one of `UNSET`, `DISABLE`, `PERMISSIVE`, `STRICT`",
            ]],
        );
    }

    #[test]
    fn an_object_whose_name_is_no_string_is_called_by_its_kind() {
        check(
            NAMESPACE,
            "name: lab",
            "name: 3",
            &[["Namespace", "metadata.name", "invalid type: integer `3`, expected a string"]],
        );
    }

    #[test]
    fn a_wrong_type_and_an_unknown_field_before_it_are_both_found() {
        check(
            ROUTE,
            "timeout: 3s",
            "timeot: 3s\n    retries: often",
            &[
                ["VirtualService lab/route", "spec.http[0].timeot", UNKNOWN],
                [
                    "VirtualService lab/route",
                    "spec.http[0].retries",
                    "invalid type: string \"often\", expected struct VirtualServiceHttpRetries",
                ],
            ],
        );
    }
}

mod yaml {
    use super::*;

    #[test]
    fn broken_yaml_is_refused_with_line_and_column() {
        check(
            ROUTE,
            "[one]",
            "[one",
            &[[
                "",
                "",
                "is not valid YAML: did not find expected ',' or ']' at line 8 column 7, \
                while parsing a flow sequence at line 7 column 10",
            ]],
        );
    }

    #[test]
    fn wrong_indentation_is_refused_with_line_and_column() {
        check(
            ROUTE,
            "  namespace: lab",
            " namespace: lab",
            &[[
                "",
                "",
                "is not valid YAML: did not find expected key at line 5 column 2, while parsing a block mapping",
            ]],
        );
    }

    #[test]
    fn a_tab_is_refused_with_line_and_column() {
        check(
            NAMESPACE,
            "metadata: {name: lab}",
            "metadata:\n\tname: lab",
            &[[
                "",
                "",
                "is not valid YAML: found character that cannot start any token at line 4 column 1, \
                while scanning for the next token",
            ]],
        );
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        check(
            ROUTE,
            "hosts: [one]",
            "hosts: [one]\n  hosts: [two]",
            &[[
                "",
                "",
                "is not valid YAML: spec: duplicate entry with key \"hosts\" at line 7 column 3",
            ]],
        );
    }

    #[test]
    fn a_key_that_stands_twice_at_the_top_is_refused() {
        check(
            NAMESPACE,
            "kind: Namespace",
            "kind: Namespace\nkind: Service",
            &[["", "", "is not valid YAML: duplicate entry with key \"kind\""]],
        );
    }

    #[test]
    fn several_documents_of_one_file_are_read_in_order() {
        let text = [ROUTE, NAMESPACE, WORKLOAD].join("---\n");
        assert_eq!(
            identities(accepted(&text)),
            ["VirtualService lab/route", "Namespace lab", "Deployment lab/workload"]
        );
    }

    #[test]
    fn findings_of_all_documents_are_reported() {
        let text = [ROUTE, NAMESPACE, WORKLOAD].join("---\n");
        let text = text.replace("weight:", "wait:").replace("image:", "img:");
        check_text(
            &text,
            &[
                ["VirtualService lab/route", "spec.http[0].route[0].wait", UNKNOWN],
                ["Deployment lab/workload", "spec.template.spec.containers[1].img", UNKNOWN],
            ],
        );
    }

    #[test]
    fn a_syntax_error_does_not_hide_the_findings_before_it() {
        let text = format!("{}---\nspec: [\n", NAMESPACE.replace("name: lab", "nme: lab"));
        check_text(
            &text,
            &[
                ["Namespace", "metadata.nme", UNKNOWN],
                [
                    "",
                    "",
                    "is not valid YAML: did not find expected node content at line 6 column 1, \
                    while parsing a flow node",
                ],
            ],
        );
    }

    #[test]
    fn a_line_in_a_later_document_is_counted_from_the_top_of_the_file() {
        let text = format!("{NAMESPACE}---\nspec: {{a: 1, a: 2}}\n");
        check_text(
            &text,
            &[[
                "",
                "",
                "is not valid YAML: spec: duplicate entry with key \"a\" at line 5 column 7",
            ]],
        );
    }

    #[test]
    fn empty_documents_hold_nothing() {
        for text in
            ["", "\n", "---\n", "# only a comment\n", "---\n---\n# nothing\n---\n", "null\n"]
        {
            assert_eq!(read::text("file.yaml", text), Ok(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn empty_documents_between_objects_do_not_count() {
        let text = format!("---\n---\n{NAMESPACE}---\n# nothing\n---\n{WORKLOAD}---\n");
        assert_eq!(identities(accepted(&text)), ["Namespace lab", "Deployment lab/workload"]);
    }

    #[test]
    fn objects_carry_the_name_of_their_file() {
        assert_eq!(accepted(NAMESPACE)[0].file, "file.yaml");
    }
}

mod folders {
    use super::*;

    /// Reads a folder of these files; the temporary path is called `F`.
    fn folder(files: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let folder = Folder::new(files);
        let root = folder.path().to_string_lossy().into_owned();
        match read::folder(folder.path()) {
            Ok(manifests) => Ok(manifests
                .into_iter()
                .map(|manifest| {
                    let file = manifest.file.replace(&root, "F");
                    format!("{file}: {}", manifest.object.identity())
                })
                .collect()),
            Err(violations) => Err(listed(&violations).replace(&root, "F")),
        }
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(
            folder(files).unwrap_or_else(|findings| panic!("{findings}")),
            expected.to_vec()
        );
    }

    #[track_caller]
    fn refused(files: &[(&str, &str)], expected: &str) {
        assert_eq!(folder(files).expect_err("a finding"), expected);
    }

    fn list(rest: &str) -> String {
        format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{rest}\n")
    }

    fn named(name: &str) -> String {
        NAMESPACE.replace("lab", name)
    }

    #[test]
    fn a_kustomization_decides_which_files_are_read_and_in_which_order() {
        check(
            &[
                ("kustomization.yaml", &list("resources: [z.yaml, a.yaml]")),
                ("a.yaml", &named("a")),
                ("not-listed.yaml", "not: [read"),
                ("z.yaml", &named("z")),
            ],
            &["F/z.yaml: Namespace z", "F/a.yaml: Namespace a"],
        );
    }

    #[test]
    fn a_kustomization_can_list_folders_with_a_kustomization_of_their_own() {
        check(
            &[
                ("kustomization.yaml", &list("resources: [two, one]")),
                ("one/kustomization.yaml", &list("resources: [b.yaml, a.yaml]")),
                ("one/a.yaml", &named("a")),
                ("one/b.yaml", &named("b")),
                ("two/kustomization.yaml", &list("resources: [c.yaml]")),
                ("two/c.yaml", &named("c")),
            ],
            &[
                "F/two/c.yaml: Namespace c",
                "F/one/b.yaml: Namespace b",
                "F/one/a.yaml: Namespace a",
            ],
        );
    }

    #[test]
    fn a_folder_without_kustomization_stands_for_its_yaml_files_sorted() {
        check(
            &[
                ("c.yml", &named("c")),
                ("a.yaml", &named("a")),
                ("README.md", "# Not YAML: ["),
                ("b/z.yaml", &named("z")),
                ("b/y.yaml", &named("y")),
                ("values.json", "{"),
            ],
            &[
                "F/a.yaml: Namespace a",
                "F/b/y.yaml: Namespace y",
                "F/b/z.yaml: Namespace z",
                "F/c.yml: Namespace c",
            ],
        );
    }

    #[test]
    fn a_kustomization_that_lists_a_missing_file_is_refused() {
        refused(
            &[
                ("kustomization.yaml", &list("resources: [here.yaml, gone.yaml]")),
                ("here.yaml", NAMESPACE),
            ],
            "F/gone.yaml: cannot be read: No such file or directory (os error 2)\n  \
            hint: list only what exists in the kustomization.yaml beside it, and check its permissions\n",
        );
    }

    #[test]
    fn a_kustomization_with_a_field_that_changes_objects_is_refused() {
        for (field, text) in
            [("patches", "[]"), ("namespace", "other"), ("namePrefix", "a-"), ("images", "[]")]
        {
            refused(
                &[("kustomization.yaml", &list(&format!("resources: []\n{field}: {text}")))],
                &format!(
                    "F/kustomization.yaml: Kustomization: {field}: unknown field `{field}`, \
                    expected one of `apiVersion`, `kind`, `resources`, `sortOptions`\n  \
                    hint: see the kind's reference for the type of this field\n"
                ),
            );
        }
    }

    #[test]
    fn a_kustomization_without_resources_is_refused() {
        refused(
            &[("kustomization.yaml", &list(""))],
            "F/kustomization.yaml: Kustomization: missing field `resources`\n  \
            hint: see the kind's reference for the type of this field\n",
        );
    }

    #[test]
    fn a_kustomization_of_broken_yaml_is_refused_with_line_and_column() {
        refused(
            &[("kustomization.yaml", &list("resources: [a.yaml"))],
            "F/kustomization.yaml: is not valid YAML: did not find expected ',' or ']' at line 4 column 1, \
            while parsing a flow sequence at line 3 column 12\n  \
            hint: mend the YAML at the place that the message names\n",
        );
    }

    #[test]
    fn a_kustomization_whose_resources_are_no_list_is_refused() {
        refused(
            &[("kustomization.yaml", &list("resources: a.yaml"))],
            "F/kustomization.yaml: Kustomization: resources: \
            invalid type: string \"a.yaml\", expected a sequence\n  \
            hint: see the kind's reference for the type of this field\n",
        );
    }

    #[test]
    fn folders_that_list_each_other_are_refused() {
        refused(
            &[
                ("kustomization.yaml", &list("resources: [inner]")),
                ("inner/kustomization.yaml", &list("resources: [..]")),
            ],
            "F/inner/..: is a folder that lists itself, by way of what it lists\n  \
            hint: take it out of the kustomization.yaml that lists it\n",
        );
    }

    #[test]
    fn a_folder_that_two_others_list_is_no_circle_but_its_objects_stand_there_twice() {
        refused(
            &[
                ("kustomization.yaml", &list("resources: [one, shared]")),
                ("one/kustomization.yaml", &list("resources: [../shared]")),
                ("shared/kustomization.yaml", &list("resources: [a.yaml]")),
                ("shared/a.yaml", &named("a")),
            ],
            "F/shared/a.yaml: Namespace a: metadata.name: stands in F/one/../shared/a.yaml already\n  \
            hint: keep one of the two; to replace an object, put the other into a later layer\n",
        );
    }

    #[test]
    fn findings_of_all_files_are_reported_with_their_file() {
        refused(
            &[
                ("a.yaml", &NAMESPACE.replace("metadata:", "metdata:")),
                ("b.yaml", NAMESPACE),
                ("c.yaml", "["),
            ],
            "F/a.yaml: Namespace: metdata: is not a field of this kind\n  \
            hint: check its spelling and its place\n\
            F/c.yaml: is not valid YAML: did not find expected node content at line 2 column 1, \
            while parsing a flow node\n  \
            hint: mend the YAML at the place that the message names\n",
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_refused() {
        let folder = Folder::new(&[]);
        let gone = folder.path().join("gone");
        let found = read::folder(&gone).expect_err("a finding");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, gone.display().to_string());
        assert!(found[0].message.starts_with("cannot be read: No such file"), "{}", found[0]);
    }

    #[test]
    fn a_file_that_is_no_text_is_refused() {
        use std::os::unix::fs::symlink;
        let folder = Folder::new(&[]);
        symlink("/proc/self/exe", folder.path().join("a.yaml")).expect("a link");
        let found = read::folder(folder.path()).expect_err("a finding");
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("valid UTF-8"), "{}", found[0]);
    }
}

mod paths {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(read::plain_path(path), expected);
    }

    #[test]
    fn indices_stand_in_brackets_and_options_do_not_show() {
        check("spec.?.http.?.0.route.?.10.weight", "spec.http[0].route[10].weight");
    }

    #[test]
    fn a_path_that_has_its_form_stays_as_it_is() {
        check("spec.http[0].route[0].weight", "spec.http[0].route[0].weight");
    }

    #[test]
    fn names_with_digits_are_no_indices() {
        check("metadata.labels.v1.4x", "metadata.labels.v1.4x");
    }

    #[test]
    fn an_empty_path_stays_empty() {
        check("", "");
    }
}
