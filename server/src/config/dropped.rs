//! Text goes in, the request headers that are not passed on come out.

use std::str::FromStr;

use poem::http::{HeaderMap, HeaderName};

use crate::value::NotAccepted;

/// Names of header fields; empty for a server that passes on what it should.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped(Vec<HeaderName>);

impl Dropped {
    /// Removes every value of each of them.
    pub fn out_of(&self, mut headers: HeaderMap) -> HeaderMap {
        for name in &self.0 {
            headers.remove(name);
        }
        headers
    }
}

impl FromStr for Dropped {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        let form = "names of headers with commas between them, for example x-lane,traceparent";
        let names = text.split(',').map(str::trim).filter(|_| !text.is_empty());
        names
            .map(|name| {
                HeaderName::from_str(name).map_err(|_| {
                    NotAccepted::new(format!("{name:?} is not the name of a header"), form)
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}
