//! The JSON form of an answer: what each hop says of itself, and in `next` what it heard.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One hop. Where a failed hop did not answer in this form, its caller fills in what it knows:
/// the service, the status and, as the error, the beginning of the body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub service: String,
    pub version: Option<String>,
    pub lane: Option<String>,
    pub pod: Option<String>,
    pub status: u16,
    pub duration_ms: Option<f64>,
    /// Which hop failed this one, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The last hop only: each request header it received, with all its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Vec<String>>>,
    pub next: Option<Box<Self>>,
}
