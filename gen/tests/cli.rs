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
fn help_names_the_three_commands() {
    let run = Scene::empty().run(&["--help"]).code(0).stderr("");
    for command in ["write", "check", "print"] {
        assert!(run.text().contains(&format!("\n  {command} ")), "{}", run.text());
    }
}
