//! A model that contradicts itself renders nothing, and says why.

use super::listed;
use crate::model::{Call, Lab};

/// Changes the demo's model and compares what is said about it.
#[track_caller]
fn check(change: impl FnOnce(&mut Lab), expected: &[&str]) {
    let mut lab = Lab::demo();
    change(&mut lab);
    let found = crate::rendered(&lab).map(|_| ()).expect_err("a contradiction");
    let line = |sentence: &&str| {
        format!("gen/src/model.rs: {sentence}\n  hint: change the model of the lab\n")
    };
    let expected = expected.iter().map(line).collect::<Vec<_>>().concat();
    assert_eq!(listed(&found), expected);
}

#[test]
fn a_call_of_no_service() {
    let call = Call { variable: "OTHER_URL".into(), service: "other".into() };
    check(
        |lab| lab.services[2].calls.push(call),
        &["`httpserver-service3` calls `other`, which is no service"],
    );
}

#[test]
fn a_lane_with_no_service_of_the_lab() {
    check(
        |lab| lab.lanes[0].services.push("other".into()),
        &["the lane `v2` has `other`, which is no service"],
    );
}

#[test]
fn two_things_of_one_name() {
    check(
        |lab| {
            lab.lanes[0].name = "v1".into();
            lab.services.push(lab.services[2].clone());
        },
        &[
            "`v1` is the name of two versions: lanes and the baseline",
            "`httpserver-service3` is the name of two services",
        ],
    );
}

#[test]
fn no_service_at_all() {
    check(
        |lab| {
            lab.services.clear();
            lab.lanes.clear();
        },
        &["there is no service to publish"],
    );
}

#[test]
fn a_name_that_kubernetes_does_not_take_is_a_violation_and_no_file() {
    let mut lab = Lab::demo();
    lab.lanes[0].name = "../v2".into();
    let found = crate::rendered(&lab).expect_err("a violation");
    assert!(
        found.iter().any(|violation| violation.message == "`../v2` is not a name"),
        "{}",
        listed(&found)
    );
}
