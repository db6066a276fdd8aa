//! `lab demo`: the story is told to its end and everything in it holds.

use crate::harness::{envoy, folder, lab, processes_of, run};

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_running() {
    let folder = folder();
    let ran = run(lab(folder.path())
        .args(["demo", "--envoy", envoy(), "--manifests"])
        .arg(crate::harness::out()));
    assert!(ran.status.success(), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("service1/v1 → service2/v1 → service3/v1"), "{}", ran.stdout);
    assert!(ran.stdout.contains("service1/v2 → service2/v2 → service3/v2"), "{}", ran.stdout);
    for waterfall in ["no lane, 7 spans", "lane v2, 7 spans"] {
        assert!(ran.stdout.contains(waterfall), "{waterfall}: {}", ran.stdout);
    }
    assert!(ran.stdout.contains("32 of 32 claims hold"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('✗'), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "no colours in a pipe");
    assert_eq!(processes_of(folder.path()), [0u32; 0], "nothing runs any more");
    assert!(!folder.path().join("run").exists(), "the files of the run are gone");
}
