//! The real program with a real Envoy, as a user runs it: one test binary, a lab of its own for each test.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]
#![expect(clippy::print_stderr, reason = "logs of a lab that failed, figures of one that did not")]

mod analysis;
mod canary;
mod change;
mod chapters;
mod demo;
mod explain;
mod harness;
mod lifecycle;
mod load;
mod manifests;
mod page;
mod pods;
mod refusal;
mod request;
mod topologies;
mod traces;
mod verify;
