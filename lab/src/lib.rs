//! `out/` → topology → Envoy's configuration → processes → verification. Starts from the files, never from the model.

mod address;
mod admin;
mod analysis;
mod certificate;
pub mod cli;
mod clock;
mod collector;
mod command;
mod control;
mod disk;
mod embedded;
mod endpoint;
mod envoy;
pub mod explain;
mod failure;
mod http;
mod install;
mod jaeger;
mod kubelet;
mod layers;
mod load;
mod otlp;
mod process;
mod release;
mod state;
mod target;
mod terminal;
#[cfg(test)]
mod tests;
mod topology;
mod trace;
mod verify;
mod wait;
mod waterfall;
mod worker;
mod xds;
