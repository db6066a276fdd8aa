//! A copy of the committed manifests that a test may change.

use crate::harness::out;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

#[derive(Debug)]
pub(crate) struct Copy {
    folder: TempDir,
}

impl Copy {
    pub(crate) fn of_out() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&out(), folder.path());
        Self { folder }
    }

    /// A lane v2 that has no service2, and falls back there.
    pub(crate) fn with_fallback() -> Self {
        let copy = Self::of_out();
        let routes = copy.without_lane_rule("httpserver-service2");
        copy.write("canary-v2/routes/virtual-services.yaml", &routes);
        copy
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, file: &str) -> PathBuf {
        self.path().join(file)
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.file(file)).unwrap()
    }

    /// Replaces every occurrence of `old`, which must be there.
    pub(crate) fn replace(&self, file: &str, old: &str, new: &str) {
        let text = self.read(file);
        assert!(text.contains(old), "{file} has no `{old}`");
        self.write(file, &text.replace(old, new));
    }

    #[expect(clippy::disallowed_methods, reason = "the tests' one place that writes files")]
    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::create_dir_all(self.file(file).parent().unwrap()).unwrap();
        fs::write(self.file(file), text).unwrap();
    }

    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.file(file)).unwrap();
    }

    pub(crate) fn copy(&self, from: &str, to: &str) {
        self.write(to, &self.read(from));
    }

    /// The lane's VirtualServices, without the rule of the lane for the calls to `service`.
    pub(crate) fn without_lane_rule(&self, service: &str) -> String {
        self.changed(
            "canary-v2/routes/virtual-services.yaml",
            &format!("name: {service}-mesh\n"),
            |document| {
                let (start, end) = (
                    document.find("  - match:").unwrap(),
                    document.find("  - name: baseline").unwrap(),
                );
                format!("{}{}", &document[..start], &document[end..])
            },
        )
    }

    /// The lane's DestinationRules, without the subset of the lane for `service`.
    pub(crate) fn without_subset(&self, service: &str) -> String {
        let subset = "  - labels:\n      version: v2\n    name: v2\n";
        self.changed(
            "canary-v2/routes/destination-rules.yaml",
            &format!("name: {service}\n"),
            |document| {
                assert!(document.contains(subset), "{document}");
                document.replace(subset, "")
            },
        )
    }

    /// A file of several documents with those changed that contain `mark`.
    fn changed(&self, file: &str, mark: &str, change: impl Fn(&str) -> String) -> String {
        let text = self.read(file);
        let mut found = false;
        let documents: Vec<String> = text
            .split("---\n")
            .map(|document| {
                let hit = document.contains(mark);
                found |= hit;
                if hit { change(document) } else { document.to_owned() }
            })
            .collect();
        assert!(found, "{file} has no `{mark}`");
        documents.join("---\n")
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
