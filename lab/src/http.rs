//! HTTP clients for the lab's own interfaces on the loopback interface.

use crate::failure::{Failure, Result};

/// The client that `builder` describes, past any proxy that the environment names.
pub(crate) fn client(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    let client = builder.no_proxy().build();
    client.map_err(|error| Failure::lab(format!("no HTTP client: {error}"), "run it again"))
}
