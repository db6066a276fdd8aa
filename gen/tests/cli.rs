//! The program `gen` as users see it: output, findings and exit code, compared verbatim.

use manifests::layout::RenderedFile;
use manifests::model::Lab;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const MARK: &str = "# Rendered by `cargo gen write`; edit the model in gen/src, not this file.\n";

/// A working folder, in which the program fills `out/`.
struct Scene(TempDir);

impl Scene {
    fn empty() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// With everything that the program renders.
    fn written() -> Self {
        let scene = Self::empty();
        scene.run(&["write"]).code(0);
        scene
    }

    fn with(self, path: &str, text: &str) -> Self {
        put(&self.path(path), text);
        self
    }

    fn without(self, path: &str) -> Self {
        fs::remove_file(self.path(path)).expect("a file to remove");
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path(path)).ok()
    }

    #[must_use]
    fn run(&self, arguments: &[&str]) -> Run {
        let output = program().args(arguments).current_dir(self.0.path()).output();
        Run(output.expect("gen runs"))
    }
}

/// What a run left on stdout and stderr, and its exit code; each is compared and hands the rest on.
struct Run(Output);

impl Run {
    #[track_caller]
    fn code(self, expected: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(expected), "{}", self.text());
        self
    }

    #[track_caller]
    fn stdout(self, expected: &str) -> Self {
        assert_eq!(String::from_utf8_lossy(&self.0.stdout), expected);
        self
    }

    #[track_caller]
    fn stderr(self, expected: &str) -> Self {
        assert_eq!(String::from_utf8_lossy(&self.0.stderr), expected);
        self
    }

    fn text(&self) -> String {
        [&self.0.stdout, &self.0.stderr].map(|text| String::from_utf8_lossy(text)).concat()
    }
}

#[expect(clippy::disallowed_methods, reason = "runs the program under test")]
fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_gen"))
}

#[expect(clippy::disallowed_methods, reason = "the one place where these tests write files")]
fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn rendered() -> Vec<RenderedFile> {
    manifests::rendered(&Lab::demo()).expect("the demo breaks no law")
}

/// What `gen print` shows of the files whose path starts with `start`.
fn printed(start: &str) -> String {
    each_file(|RenderedFile { path, text }| {
        if path.starts_with(start) { format!("# ===== {path}\n{text}\n") } else { String::new() }
    })
}

/// What `line` says of every rendered file, one after the other.
fn each_file(line: impl Fn(&RenderedFile) -> String) -> String {
    rendered().iter().map(line).collect::<Vec<_>>().concat()
}

fn count() -> usize {
    rendered().len()
}

#[test]
fn write_fills_an_empty_folder_and_says_what_is_new() {
    let new = each_file(|file| format!("new      {}\n", file.path));
    let scene = Scene::empty();
    scene
        .run(&["write"])
        .code(0)
        .stdout(&format!("{new}{0} files in out, {0} changed\n", count()))
        .stderr("");
    for file in rendered() {
        let path = format!("out/{}", file.path);
        assert_eq!(scene.text(&path), Some(file.text), "{path}");
    }
}

#[test]
fn a_second_write_changes_nothing() {
    let nothing = format!("{} files in out, 0 changed\n", count());
    Scene::written().run(&["write"]).code(0).stdout(&nothing).stderr("");
}

#[test]
fn write_replaces_removes_and_leaves_and_counts_what_it_changed() {
    let scene = Scene::written()
        .without("out/base/namespace.yaml")
        .with("out/v1/routes/gateway.yaml", "kind: Gateway\n")
        .with("out/v0/gone.yaml", MARK)
        .with("out/zz-notes.txt", "mine\n");
    let count = count();
    scene.run(&["write"]).code(0).stderr("").stdout(&format!(
        "new      base/namespace.yaml\n\
         changed  v1/routes/gateway.yaml\n\
         removed  v0/gone.yaml\n\
         left     zz-notes.txt (not rendered by gen)\n\
         {count} files in out, 3 changed\n"
    ));
    assert_eq!(scene.text("out/v0/gone.yaml"), None);
    assert_eq!(scene.text("out/zz-notes.txt").as_deref(), Some("mine\n"));
    let scene = scene.without("out/zz-notes.txt");
    scene.run(&["check"]).code(0);
}

#[test]
fn check_of_what_was_written_finds_nothing() {
    let clean = format!("out: {} files, all as rendered\n", count());
    Scene::written().run(&["check"]).code(0).stdout(&clean).stderr("");
}

#[test]
fn check_of_the_committed_folder_finds_nothing() {
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("../out");
    let out = out.to_str().expect("a path of plain text");
    let clean = format!("{out}: {} files, all as rendered\n", count());
    Scene::empty().run(&["check", "--out", out]).code(0).stdout(&clean).stderr("");
}

#[test]
fn check_names_a_missing_file_and_the_command_that_writes_it() {
    let scene = Scene::written().without("out/v1/routes/gateway.yaml");
    scene.run(&["check"]).code(1).stdout("").stderr(
        "error: out/v1/routes/gateway.yaml: is missing\n  \
         hint: run `cargo gen write`\n",
    );
    assert_eq!(scene.text("out/v1/routes/gateway.yaml"), None, "check writes nothing");
}

#[test]
fn check_shows_how_a_stale_file_differs() {
    let scene = Scene::written();
    let path = "out/base/namespace.yaml";
    let stale = scene.text(path).expect("a file").replace("enabled", "disabled");
    let scene = scene.with(path, &stale);
    scene.run(&["check"]).code(1).stdout("").stderr(
        "error: out/base/namespace.yaml: is not what gen renders\n\
         --- on the disk\n\
         +++ rendered\n\
         @@ -5,4 +5,4 @@\n \
         metadata:\n   \
           labels:\n\
         -    istio-injection: disabled\n\
         +    istio-injection: enabled\n   \
           name: cloudnative\n  \
         hint: change the model in gen/src, then run `cargo gen write`\n",
    );
    assert_eq!(scene.text(path), Some(stale), "check writes nothing");
}

#[test]
fn check_names_a_file_that_is_no_longer_rendered() {
    let scene = Scene::written().with("out/canary-v0/old.yaml", MARK);
    scene.run(&["check"]).code(1).stdout("").stderr(
        "error: out/canary-v0/old.yaml: is no longer rendered\n  \
         hint: run `cargo gen write`, which removes it\n",
    );
    assert!(scene.text("out/canary-v0/old.yaml").is_some(), "check removes nothing");
}

#[test]
fn check_names_a_foreign_file() {
    let scene = Scene::written().with("out/v1/notes.txt", "mine\n");
    scene.run(&["check"]).code(1).stdout("").stderr(
        "error: out/v1/notes.txt: is not a file of gen\n  \
         hint: move it out of out, which holds only rendered files\n",
    );
}

#[test]
fn check_reports_all_findings_at_once() {
    let scene = Scene::written()
        .without("out/base/namespace.yaml")
        .without("out/v1/kustomization.yaml")
        .with("out/zz.txt", "mine\n");
    scene.run(&["check"]).code(1).stdout("").stderr(
        "error: out/base/namespace.yaml: is missing\n  \
         hint: run `cargo gen write`\n\
         error: out/v1/kustomization.yaml: is missing\n  \
         hint: run `cargo gen write`\n\
         error: out/zz.txt: is not a file of gen\n  \
         hint: move it out of out, which holds only rendered files\n",
    );
}

#[test]
fn check_of_a_folder_that_is_not_there_finds_every_file_missing() {
    let missing = each_file(|file| {
        format!("error: out/{}: is missing\n  hint: run `cargo gen write`\n", file.path)
    });
    Scene::empty().run(&["check"]).code(1).stdout("").stderr(&missing);
}

#[test]
fn a_file_in_place_of_the_folder_is_not_a_finding_but_a_failure() {
    let scene = Scene::empty().with("out", "a file\n");
    for command in ["check", "write"] {
        scene.run(&[command]).code(2).stdout("").stderr(
            "error: out: Not a directory (os error 20)\n  \
             hint: check the path and its permissions\n",
        );
    }
    assert_eq!(scene.text("out").as_deref(), Some("a file\n"));
}

#[test]
fn print_shows_every_file_and_writes_none() {
    let scene = Scene::empty();
    scene.run(&["print"]).code(0).stdout(&printed("")).stderr("");
    assert!(!scene.path("out").exists());
}

#[test]
fn print_of_a_path_shows_only_the_files_below_it() {
    let run = Scene::empty().run(&["print", "v1/routes"]).code(0).stdout(&printed("v1/routes"));
    let run = run.stderr("");
    let text = run.text();
    let shown: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# ===== ")).collect();
    assert_eq!(
        shown,
        [
            "v1/routes/destination-rules.yaml",
            "v1/routes/gateway.yaml",
            "v1/routes/kustomization.yaml",
            "v1/routes/virtual-services.yaml",
        ]
    );
}

#[test]
fn print_takes_a_path_as_the_shell_completes_it() {
    let expected = printed("v1/routes/gateway.yaml");
    assert_ne!(expected, "");
    Scene::empty().run(&["print", "out/v1/routes/gateway.yaml"]).code(0).stdout(&expected);
}

#[test]
fn print_of_nothing_fails_with_a_hint() {
    for path in ["nothing", "routes/gateway.yaml"] {
        Scene::empty().run(&["print", path]).code(1).stdout("").stderr(&format!(
            "error: no rendered file starts with `{path}`\n  \
             hint: `cargo gen print` without a path prints all\n",
        ));
    }
}

#[test]
fn print_ends_in_peace_when_its_reader_has_seen_enough() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let run = Run(program()
        .arg("print")
        .stdout(Stdio::from(writer))
        .stderr(Stdio::piped())
        .output()
        .expect("gen runs"));
    run.code(0).stderr("");
}

#[test]
fn another_folder_can_be_named_before_and_after_the_command() {
    let scene = Scene::empty();
    scene.run(&["--out", "elsewhere", "write"]).code(0);
    let clean = format!("elsewhere: {} files, all as rendered\n", count());
    scene.run(&["check", "--out", "elsewhere"]).code(0).stdout(&clean).stderr("");
    assert!(!scene.path("out").exists());
}

#[test]
fn nothing_that_is_rendered_depends_on_the_environment() {
    let scene = Scene::empty();
    let bare = program().arg("print").env_clear().current_dir("/").output();
    let odd = program()
        .arg("print")
        .envs([("HOME", "/nowhere"), ("LANG", "tr_TR.UTF-8"), ("TZ", "Asia/Kathmandu")])
        .envs([("VERSION", "v9"), ("LANE", "v9"), ("CARGO_PKG_VERSION", "9"), ("OUT", "elsewhere")])
        .current_dir(scene.0.path())
        .output();
    for output in [bare, odd] {
        Run(output.expect("gen runs")).code(0).stdout(&printed("")).stderr("");
    }
}

#[test]
fn an_unknown_command_is_refused() {
    let run = Scene::empty().run(&["delete"]).code(2).stdout("");
    assert!(run.text().contains("unrecognized subcommand 'delete'"), "{}", run.text());
}

#[test]
fn help_names_every_command() {
    let run = Scene::empty().run(&["--help"]).code(0).stderr("");
    for command in ["write", "check", "print", "lanes", "diff", "lint"] {
        assert!(run.text().contains(&format!("\n  {command} ")), "{}", run.text());
    }
}

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn another_image_stands_in_every_deployment_of_the_server_and_in_the_list_of_images() {
    let image = format!("registry.example:5000/lab/httpserver@{DIGEST}");
    let scene = Scene::empty();
    scene.run(&["write", "--image", &image]).code(0).stderr("");
    let with_image = ["v1", "canary-v2"].into_iter().flat_map(|layer| {
        [1, 2, 3].map(|number| format!("out/{layer}/workloads/httpserver-service{number}.yaml"))
    });
    for path in with_image {
        let text = scene.text(&path).expect("a file");
        assert_eq!(text.matches(&format!("image: {image}\n")).count(), 1, "{path}");
    }
    assert!(scene.text("out/images.txt").expect("a file").contains(&format!("\n{image}\n")));
    scene.run(&["check", "--image", &image]).code(0);
    let run = scene.run(&["check"]).code(1);
    assert!(
        run.text().contains("-        image: registry.example:5000/lab/httpserver@sha256:"),
        "{}",
        run.text()
    );
}

#[test]
fn an_image_that_is_no_reference_or_is_not_pinned_is_refused() {
    let grammar = "is not `[REGISTRY/]REPOSITORY[:TAG][@sha256:DIGEST]`";
    for (image, message) in [
        ("", grammar),
        ("Upper/case:1", grammar),
        ("two words:1", grammar),
        ("httpserver:", grammar),
        ("httpserver@sha256:0123", grammar),
        ("httpserver: 1\nkind: Secret", grammar),
        ("httpserver", "has neither a tag nor a digest"),
        ("localhost:5000/httpserver", "has neither a tag nor a digest"),
    ] {
        let scene = Scene::empty();
        let run = scene.run(&["write", "--image", image]).code(2).stdout("");
        assert!(run.text().contains(message), "{image}: {}", run.text());
        assert!(!scene.path("out").exists(), "{image}");
    }
    for image in [
        "httpserver:1",
        "localhost:5000/a/b_c/httpserver:v1.2-rc.3",
        &format!("httpserver:1@{DIGEST}"),
    ] {
        Scene::empty().run(&["print", "images.txt", "--image", image]).code(0);
    }
}

/// A repository of git in which `out/` is committed.
fn repository() -> Scene {
    let scene = Scene::written();
    git(&scene, &["init", "--quiet"]);
    git(&scene, &["add", "out"]);
    let author = ["-c", "user.name=lab", "-c", "user.email=lab@example.com"];
    git(&scene, &[&author[..], &["commit", "--quiet", "--message", "rendered"]].concat());
    scene
}

#[expect(clippy::disallowed_methods, reason = "makes a repository for the program under test")]
fn git(scene: &Scene, arguments: &[&str]) {
    let output = Command::new("git").args(arguments).current_dir(scene.0.path()).output();
    let output = output.expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn diff_with_the_last_commit_of_what_is_rendered_says_that_nothing_changes() {
    let nothing = "For a request\n  nothing changes for a request\n\nObjects\n  nothing changes\n";
    let scene = repository();
    scene.run(&["diff"]).code(0).stdout(nothing).stderr("");
    scene.run(&["diff", "out"]).code(0).stdout(nothing).stderr("");
}

#[test]
fn diff_says_what_changes_for_a_request_and_in_which_field() {
    let scene = Scene::written();
    let path = "out/canary-v2/routes/virtual-services.yaml";
    let text = scene.text(path).expect("a file");
    let (before, after) = text.rsplit_once("subset: v2").expect("the rule of the last service");
    let scene = scene.with(path, &format!("{before}subset: v1{after}"));
    scene.run(&["diff", "out"]).code(0).stderr("").stdout(
        "For a request\n  \
           lane v2: httpserver-service3 is in its lane again: v2 (was v1)\n\
         \n\
         Objects\n  \
           canary-v2\n    \
             changed VirtualService cloudnative/httpserver-service3-mesh (out/canary-v2/routes/virtual-services.yaml)\n      \
               spec.http[lane-v2].route[0].destination.subset: \"v1\" → \"v2\"\n",
    );
}

#[test]
fn diff_with_another_image_names_each_deployment() {
    let run = repository().run(&["diff", "HEAD", "--image", "httpserver:9"]).code(0).stderr("");
    let text = run.text();
    assert!(text.contains("every request goes where it went"), "{text}");
    let field = "spec.template.spec.containers[httpserver].image: \"httpserver:";
    assert_eq!(text.matches(field).count(), 7, "{text}");
}

#[test]
fn diff_with_what_is_neither_folder_nor_revision_is_refused() {
    let hint = "hint: name a folder of layers, or a revision of this repository such as HEAD~1";
    for from in ["no-such-thing", "HEAD~9", "--output=x"] {
        let run = repository().run(&["diff", "--", from]).code(1).stdout("");
        let message = format!("error: `{from}` is neither a folder nor a revision");
        assert_eq!(run.text(), format!("{message}\n  {hint}\n"));
    }
}

#[test]
fn diff_with_a_folder_that_cannot_be_read_names_the_place() {
    let scene = Scene::written();
    let path = "out/base/namespace.yaml";
    let text = scene.text(path).expect("a file").replace("labels:", "label:");
    let run = scene.with(path, &text).run(&["diff", "out"]).code(1).stdout("");
    let message = "error: out/base/namespace.yaml: Namespace cloudnative: metadata.label: is not a field of this kind\n";
    assert!(run.text().starts_with(message), "{}", run.text());
}

#[test]
fn lint_of_what_is_rendered_finds_nothing() {
    let run = Scene::written().run(&["lint", "out"]).code(0).stderr("");
    assert!(run.text().starts_with("out: 54 objects in 5 layers, all "), "{}", run.text());
}

#[test]
fn lint_tells_what_cannot_be_read_together_with_the_laws_that_are_broken() {
    let scene = Scene::written();
    let replaced = |path: &str, old: &str, new: &str| {
        let text = scene.text(path).expect("a file");
        assert!(text.contains(old), "{path}: {old}");
        text.replacen(old, new, 1)
    };
    let unread = replaced("out/v1/routes/gateway.yaml", "hosts:", "host:");
    let misspelt = replaced("out/base/telemetry.yaml", "name: jaeger", "name: jager");
    let scene = scene
        .with("out/v1/routes/gateway.yaml", &unread)
        .with("out/base/telemetry.yaml", &misspelt)
        .with("out/v1/extra.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: extra}\n");
    let run = scene.run(&["lint", "out"]).code(1).stdout("");
    for line in [
        "error: out/base/telemetry.yaml: Telemetry istio-system/mesh-default: spec.tracing[0].providers[0].name: Istio has no provider `jager`",
        "  rule: trace-provider (IST0101): every provider that a Telemetry names is one that Istio is installed with",
        "error: out/v1/routes/gateway.yaml: Gateway cloudnative/httpserver-service1: spec.servers[0].host: is not a field of this kind",
        "error: out/v1/extra.yaml: is listed by no kustomization: kubectl does not apply it",
    ] {
        assert!(run.text().lines().any(|found| found == line), "{line}\n{}", run.text());
    }
}

#[test]
fn lint_of_no_folder_and_of_a_folder_without_objects_is_refused() {
    let scene = Scene::empty().with("empty/notes.txt", "nothing\n");
    for (folder, message) in [("nowhere", "is not a folder"), ("empty", "holds no objects")] {
        let run = scene.run(&["lint", folder]).code(1).stdout("");
        assert!(
            run.text().starts_with(&format!("error: {folder}: {message}\n  hint: ")),
            "{}",
            run.text()
        );
    }
}

#[test]
fn lint_takes_files_in_the_order_in_which_kubectl_does() {
    let list = "out/canary-v2/routes/kustomization.yaml";
    let top = "out/canary-v2/kustomization.yaml";
    let scene = Scene::written();
    let text = |path: &str| scene.text(path).expect("a file");
    let routes_first = text(list).replace(
        "- destination-rules.yaml\n- virtual-services.yaml\n",
        "- virtual-services.yaml\n- destination-rules.yaml\n",
    );
    let by_kind = text(top).replace("sortOptions:\n  order: fifo\n", "");
    assert_ne!((&routes_first, &by_kind), (&text(list), &text(top)));
    let scene = scene.with(list, &routes_first);
    let run = scene.run(&["lint", "out"]).code(1).stdout("");
    let late = "the subset `v2` is applied later\n  rule: order: ";
    assert_eq!(run.text().matches(late).count(), 4, "{}", run.text());
    // Without the option, kubectl sorts by kind, and that is in order again.
    scene.with(top, &by_kind).run(&["lint", "out"]).code(0);
}

#[test]
fn lanes_prints_the_rule_that_decides_about_every_kind_of_request_at_every_hop() {
    let run = Scene::empty().run(&["lanes"]).code(0).stderr("");
    let text = run.text();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(lines[0], ["cluster + base + v1 + canary-v2"]);
    assert_eq!(lines[1], ["HOP", "no lane", "lane v2", "lane no-such-lane"]);
    for service in ["httpserver-service1", "httpserver-service2", "httpserver-service3"] {
        let row = [service, "baseline: v1", "lane-v2: v2", "baseline: v1"];
        assert!(lines.iter().any(|line| *line == row), "{text}");
    }
    assert!(text.contains("3 kinds of requests, 9 lines, 27 decisions; closed: "), "{text}");
}
