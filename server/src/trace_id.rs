//! The headers of a request go in, the id of the trace that it belongs to comes out.

use poem::http::HeaderMap;

/// From W3C Trace Context §3.2 (`traceparent`), or else from B3's `x-b3-traceid`.
pub(crate) fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let w3c = || {
        let mut fields = value("traceparent")?.split('-');
        let id = fields.nth(1)?;
        (id.len() == 32).then_some(id)
    };
    let b3 = || value("x-b3-traceid").filter(|id| [16, 32].contains(&id.len()));
    // All zeroes is no trace.
    let is_valid = |id: &&str| {
        id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte != b'0')
    };
    w3c().filter(is_valid).or_else(|| b3().filter(is_valid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fields: &[(&'static str, &str)], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        assert_eq!(trace_id(&headers), expected);
    }

    #[test]
    fn the_trace_id_of_the_w3c_header_wins_over_that_of_b3() {
        const W3C: (&str, &str) =
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        const B3: (&str, &str) = ("x-b3-traceid", "80f198ee56343ba8");
        check(&[W3C, B3], Some("0af7651916cd43dd8448eb211c80319c"));
        check(&[B3], Some("80f198ee56343ba8"));
        check(&[], None);
    }

    #[test]
    fn what_is_no_trace_id_is_none() {
        for value in [
            "",
            "00",
            "00-0af7-b7ad-01",
            &format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
            &format!("00-{}-b7ad6b7169203331-01", "x".repeat(32)),
        ] {
            check(&[("traceparent", value)], None);
        }
        check(&[("x-b3-traceid", "80f1")], None);
    }
}
