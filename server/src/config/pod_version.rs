//! Text goes in, a version that can be the value of a header comes out.

use std::str::FromStr;

use poem::http::HeaderValue;

use crate::value::{self, NotAccepted};

/// Empty for a pod that has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodVersion {
    text: String,
    header: Option<HeaderValue>,
}

impl PodVersion {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `None` if it is empty.
    pub(crate) fn header(&self) -> Option<&HeaderValue> {
        self.header.as_ref()
    }
}

impl FromStr for PodVersion {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        let text = value::visible(text)?;
        // Visible characters are what a header's value may be made of.
        let header = HeaderValue::from_str(&text).ok().filter(|value| !value.is_empty());
        Ok(Self { text, header })
    }
}
