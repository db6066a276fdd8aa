//! Text goes in, the base URL of a service comes out: http, with a host, without a query.

use std::{fmt, str::FromStr};

use reqwest::Url;

use crate::value::NotAccepted;

/// Where a service is found: scheme, host, port, and maybe a path prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrl(Url);

const FORM: &str = "http://HOST[:PORT][/PATH], for example http://httpserver-service2";

impl ServiceUrl {
    /// The full URL of `path`, which begins with a slash.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url
    }
}

impl FromStr for ServiceUrl {
    type Err = NotAccepted;

    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        let url = Url::parse(text).map_err(|error| NotAccepted::new(error, FORM))?;
        // The sidecar does the encryption; this client is built without TLS.
        if url.scheme() != "http" {
            return Err(NotAccepted::new("it must begin with `http://`", FORM));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(NotAccepted::new("it must end with the host, the port or a path", FORM));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match text.parse::<ServiceUrl>() {
            Ok(url) => url.join("/hello/service2").to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_path_is_joined_with_exactly_one_slash() {
        check("http://httpserver-service2", "http://httpserver-service2/hello/service2");
        check("http://127.0.0.1:8082/", "http://127.0.0.1:8082/hello/service2");
        check("http://[::1]:8082/v1/", "http://[::1]:8082/v1/hello/service2");
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        let scheme = "it must begin with `http://`";
        let query = "it must end with the host, the port or a path";
        for (text, reason) in [
            ("https://a", scheme),
            ("localhost:8082", scheme),
            ("httpserver-service2", "relative URL without a base"),
            ("http://a/?b=c", query),
            ("http://a/#b", query),
        ] {
            check(text, &format!("{reason}: write {FORM}"));
        }
    }
}
