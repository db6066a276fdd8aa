//! The command line, the texts of failures, and the exit codes.

use super::{findings, object, topology_of, world};
use crate::cli::Arguments;
use crate::failure::{Failure, Fault};
use clap::CommandFactory;
use std::process::ExitCode;

#[test]
fn the_command_line_has_no_contradiction() {
    Arguments::command().debug_assert();
}

#[test]
fn a_failure_is_evidence_message_and_hint() {
    let failure = Failure::input("it is wrong", "mend it").with_evidence("line 1\nline 2\n\n");
    assert_eq!(failure.to_string(), "line 1\nline 2\nerror: it is wrong\n  hint: mend it");
    let failure = Failure::lab("it is wrong", "mend it");
    assert_eq!(failure.to_string(), "error: it is wrong\n  hint: mend it");
}

#[test]
fn the_exit_code_tells_whose_mistake_it_is() {
    assert_eq!(Failure::input("", "").fault, Fault::Input);
    assert_eq!(Failure::lab("", "").fault, Fault::Lab);
    assert_eq!(Failure::lab("", "").with_evidence("log").fault, Fault::Lab);
    let codes = [Failure::input("", ""), Failure::lab("", "")].map(|failure| failure.exit_code());
    assert_eq!(format!("{codes:?}"), format!("{:?}", [ExitCode::from(1), ExitCode::from(2)]));
}

#[test]
fn findings_are_listed_with_their_places_and_counted() {
    let broken = object(
        "Gateway",
        "lab/broken",
        "{selector: {a: b}, servers: [{hosts: [a/b], port: {name: http, number: 80, protocol: HTTP}}]}",
    );
    let violations = topology_of(&(world() + &broken)).unwrap_err();
    assert_eq!(Failure::violations(&violations).to_string(), "\
error: file.yaml: Gateway lab/broken: spec.selector: no gateway has the labels {\"a\": \"b\"}
  hint: the demo profile's gateway has `istio: ingressgateway`
error: file.yaml: Gateway lab/broken: spec.servers[0].hosts[0]: embedded mode cannot honour the namespace in `a/b`
  hint: write the host alone
error: the manifests cannot be applied: 2 findings
  hint: nothing was changed; mend the findings and run the command again");
    let one = Failure::violations(&violations[..1]).to_string();
    assert!(one.contains("cannot be applied: 1 finding\n"), "{one}");
}

#[test]
fn broken_references_are_told_before_anything_else() {
    let rules = object(
        "VirtualService",
        "lab/rules",
        "{hosts: [two], http: [{fault: {}, route: [{destination: {host: nobody}}]}]}",
    );
    assert_eq!(
        findings(&(world() + &rules)),
        [[
            "VirtualService lab/rules",
            "spec.http[0].route[0].destination.host",
            "there is no Service for host `nobody.lab.svc.cluster.local`",
        ]]
    );
}
