//! The Accept fields of a request go in, the form of the answer comes out.

use poem::http::{HeaderMap, header};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
}

impl Form {
    /// JSON must be asked for by name: `*/*` is what every client sends.
    pub fn asked_for(headers: &HeaderMap) -> Self {
        let ranges = headers.get_all(header::ACCEPT).into_iter();
        let named = ranges
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(is_wanted_json);
        if named { Self::Json } else { Self::Text }
    }
}

fn is_wanted_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    is_json && parts.filter_map(weight).all(|weight| weight > 0.0)
}

/// The value of a `q` parameter; one that cannot be read counts as "not wanted".
fn weight(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&'static str], expected: Form) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        assert_eq!(Form::asked_for(&headers), expected, "for {values:?}");
    }

    #[test]
    fn json_is_given_to_those_who_name_it() {
        check(&["application/json"], Form::Json);
        check(&["Application/JSON; charset=utf-8"], Form::Json);
        check(&["text/html, application/json;q=0.1"], Form::Json);
        check(&["text/html", "application/json"], Form::Json);
        check(&["application/json ; Q = 1"], Form::Json);
    }

    #[test]
    fn everyone_else_gets_text() {
        check(&[], Form::Text);
        check(&[""], Form::Text);
        check(&["*/*"], Form::Text);
        check(&["application/*"], Form::Text);
        check(&["application/json;q=0"], Form::Text);
        check(&["application/json;q=0.000, */*"], Form::Text);
        check(&["application/json;q=much"], Form::Text);
        check(&["application/jsonp"], Form::Text);
        check(&["application/json-seq"], Form::Text);
    }
}
