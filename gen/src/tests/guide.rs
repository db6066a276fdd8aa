//! The guide: it shows the lab as it is, names every file, object, law and command, and keeps its links.

use super::rendered;
use crate::check::LAWS;
use crate::layout;
use crate::model::{Call, Lab, Service};
use std::collections::BTreeSet;
use std::path::Path;

fn guide(lab: &Lab) -> String {
    let files = rendered(lab);
    files.into_iter().find(|file| file.path == "GUIDE.md").expect("the guide").text
}

/// The lines of the first picture in the guide.
#[track_caller]
fn check_picture(lab: &Lab, expected: &[&str]) {
    let guide = guide(lab);
    let picture = guide.split("```\n").nth(1).expect("a picture");
    assert_eq!(picture.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_picture_shows_each_service_below_its_caller_and_who_answers_in_which_lane() {
    check_picture(
        &Lab::with_one_lane(),
        &[
            "Gateway cloudnative/httpserver-service1   no lane   x-lane: v2",
            "└─ httpserver-service1 :80                v1        v2",
            "   └─ httpserver-service2 :80             v1        v2",
            "      └─ httpserver-service3 :80          v1        v2",
        ],
    );
}

#[test]
fn a_picture_tells_a_fallback_and_has_a_column_for_each_lane() {
    check_picture(
        &Lab::with_one_lane()
            .with_lanes(&[("v2", &["service1", "service3"]), ("blue", &["service2"])]),
        &[
            "Gateway cloudnative/httpserver-service1   no lane   x-lane: v2        x-lane: blue",
            "└─ httpserver-service1 :80                v1        v2                v1 (falls back)",
            "   └─ httpserver-service2 :80             v1        v1 (falls back)   blue",
            "      └─ httpserver-service3 :80          v1        v2                v1 (falls back)",
        ],
    );
}

#[test]
fn a_picture_shows_a_fan_out() {
    let mut lab = Lab::with_one_lane().with_lanes(&[]);
    let third = lab.services[1].calls.remove(0);
    lab.services[0].calls.push(third);
    check_picture(
        &lab,
        &[
            "Gateway cloudnative/httpserver-service1   no lane",
            "└─ httpserver-service1 :80                v1",
            "   └─ httpserver-service2 :80             v1",
            "   └─ httpserver-service3 :80             v1",
        ],
    );
}

#[test]
fn every_file_of_a_layer_is_named_with_its_objects() {
    let guide = guide(&Lab::with_one_lane());
    for layer in layout::layers(&Lab::with_one_lane()) {
        assert!(guide.contains(&format!("\n### {}\n", layer.name)), "layer {}", layer.name);
        for manifest in layer.manifests() {
            let identity = manifest.object.identity();
            let path = manifest.file.trim_start_matches("out/");
            let line = guide.lines().find(|line| line.contains(&format!("]({path}): ")));
            let line = line.unwrap_or_else(|| panic!("{path} is named"));
            assert!(line.contains(identity.kind), "{path}: {line}");
            assert!(line.contains(&format!("`{}`", identity.name)), "{path}: {line}");
        }
    }
}

#[test]
fn every_link_leads_to_a_rendered_file_or_into_the_repository() {
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("../out");
    let files = rendered(&Lab::with_one_lane());
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let guide = guide(&Lab::with_one_lane());
    let links: Vec<&str> =
        guide.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 15, "{links:?}");
    for link in links {
        let is_in_repository = link.starts_with("../") && out.join(link).is_file();
        assert!(paths.contains(link) || is_in_repository, "{link}");
    }
}

#[test]
fn every_law_has_a_row_and_every_layer_is_applied() {
    let guide = guide(&Lab::with_one_lane());
    for law in LAWS {
        let row = format!("| `{}` | {} | {} |", law.name, law.istio.unwrap_or("—"), law.rule);
        assert!(guide.contains(&row), "{row}");
    }
    for folder in
        ["cluster", "base", "v1/workloads", "v1/routes", "canary-v2/workloads", "canary-v2/routes"]
    {
        assert_eq!(
            guide.matches(&format!("\nkubectl apply -k out/{folder}\n")).count(),
            1 + usize::from(folder == "v1/routes"),
            "{folder}"
        );
    }
}

#[test]
fn a_picture_follows_the_calls_of_a_service_once_however_many_call_it() {
    // Two services at each of 20 levels call both of the next level: a million ways lead to the last ones.
    let mut lab = Lab::with_one_lane().with_lanes(&[]);
    let name = |level: usize, side: usize| format!("level-{level:02}-{side}");
    let call =
        |service: String| Call { variable: format!("{}_URL", service.to_uppercase()), service };
    let entrance = Service {
        name: "entrance".into(),
        replicas: 2,
        calls: [0, 1].map(|side| call(name(0, side))).into(),
    };
    let levels = (0..20).flat_map(|level| {
        [0, 1].map(|side| Service {
            name: name(level, side),
            replicas: 2,
            calls: [0, 1]
                .into_iter()
                .filter(|_| level < 19)
                .map(|next| call(name(level + 1, next)))
                .collect(),
        })
    });
    lab.services = std::iter::once(entrance).chain(levels).collect();
    let guide = guide(&lab);
    let picture = guide.split("```\n").nth(1).expect("a picture");
    assert!(picture.lines().count() < 100, "{picture}");
    assert!(picture.contains("└─ level-05-1 :80 (see above)"), "{picture}");
}
