//! The real program with a real Envoy, as a user runs it: one test binary, a lab of its own for each test.

mod change;
mod demo;
mod harness;
mod lifecycle;
mod manifests;
mod pods;
mod refusal;
mod request;
mod traces;
mod verify;
