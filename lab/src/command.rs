//! The commands: each module is one, from its arguments to what it prints and its exit code.

pub(crate) mod auto;
pub(crate) mod canary;
pub(crate) mod counters;
pub(crate) mod demo;
pub(crate) mod diagram;
pub(crate) mod down;
pub(crate) mod envoy;
pub(crate) mod explain;
pub(crate) mod layer;
pub(crate) mod load;
pub(crate) mod simulate;
pub(crate) mod status;
pub(crate) mod traces;
pub(crate) mod up;
pub(crate) mod verify;
