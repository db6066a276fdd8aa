//! The law of numbers and words: Istio refuses what is out of their range, and an `apply` with it.
//!
//! Source: Istio's webhook, `pkg/config/validation/validation.go` and `virtualservice.go`. Where Envoy takes less than the
//! webhook, Envoy decides: status 600, and redirects that `ApplyRedirect` in istio's `route.go` has no answer for.

use super::traffic_policy::each_policy;
use super::world::World;
use super::{Findings, Kind, Law, rule};
use kcr_networking_istio_io::v1::virtualservices::{VirtualServiceHttp, VirtualServiceHttpRetries};

pub(super) const RANGE: Law = Law {
    name: "range",
    istio: Some("IST0106"),
    rule: "every number is in its range, every word is a known one, and no two exclude each other",
    kind: Kind::Traffic,
    check: range,
};

/// The conditions for another try that Istio knows, besides codes: `supportedRetryOnPolicies`.
const RETRY_ON: [&str; 16] = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

/// The longest pattern, in bytes: what stands for the size of its program.
const LONGEST_PATTERN: usize = 1024;

/// The field, what is wrong, and how to mend it.
type Refused = (String, String, &'static str);

fn range(world: &World<'_>, findings: &mut Findings<'_>) {
    rule::each(world, |manifest, field, http| {
        let mut refused = Vec::new();
        percentages(http, &mut refused);
        codes(http, &mut refused);
        weights(http, &mut refused);
        patterns(http, &mut refused);
        together(http, &mut refused);
        if let Some(retries) = &http.retries {
            tries(retries, &mut refused);
        }
        for (name, message, hint) in refused {
            findings.add(manifest, format!("{field}.{name}"), message, hint);
        }
    });
    for rule in world.rules.values().flatten() {
        each_policy!(rule.object.spec, |field, policy| {
            if let Some(outlier) = &policy.outlier_detection {
                let percentages = [
                    ("maxEjectionPercent", outlier.max_ejection_percent),
                    ("minHealthPercent", outlier.min_health_percent),
                ];
                for (name, value) in percentages {
                    let field = format!("{field}.outlierDetection.{name}");
                    let refused = percentage(field, value.map(f64::from));
                    if let Some((field, message, hint)) = refused {
                        findings.add(rule.manifest, field, message, hint);
                    }
                }
            }
        });
    }
    for telemetry in &world.telemetries {
        for (index, tracing) in telemetry.object.spec.tracing.iter().flatten().enumerate() {
            let field = format!("spec.tracing[{index}].randomSamplingPercentage");
            let refused = percentage(field, tracing.random_sampling_percentage);
            if let Some((field, message, hint)) = refused {
                findings.add(telemetry.manifest, field, message, hint);
            }
        }
    }
}

fn percentage(field: impl Into<String>, value: Option<f64>) -> Option<Refused> {
    let value = value.filter(|value| !(0.0..=100.0).contains(value))?;
    Some((field.into(), format!("`{value}` is not a percentage"), "write a number from 0 to 100"))
}

fn percentages(http: &VirtualServiceHttp, refused: &mut Vec<Refused>) {
    /// Below this, Envoy sees zero: it counts in millionths.
    const LEAST: f64 = 0.0001;
    let fault = http.fault.as_ref();
    let abort = fault.and_then(|fault| fault.abort.as_ref()?.percentage.as_ref()?.value);
    let delay = fault.and_then(|fault| fault.delay.as_ref()?.percentage.as_ref()?.value);
    let of_fault = [("fault.abort.percentage", abort), ("fault.delay.percentage", delay)];
    for (name, value) in of_fault {
        refused.extend(percentage(format!("{name}.value"), value));
        if let Some(value) = value.filter(|value| *value > 0.0 && *value < LEAST) {
            let message = format!("`{value}` is too small a percentage");
            refused.push((format!("{name}.value"), message, "write 0, or at least 0.0001"));
        }
    }
    let mirror = http.mirror_percentage.as_ref().and_then(|percentage| percentage.value);
    refused.extend(percentage("mirrorPercentage.value", mirror));
    for (index, mirror) in http.mirrors.iter().flatten().enumerate() {
        let value = mirror.percentage.as_ref().and_then(|percentage| percentage.value);
        refused.extend(percentage(format!("mirrors[{index}].percentage.value"), value));
    }
}

fn codes(http: &VirtualServiceHttp, refused: &mut Vec<Refused>) {
    let abort = http.fault.as_ref().and_then(|fault| fault.abort.as_ref()?.http_status);
    let answers = [
        ("fault.abort.httpStatus", abort.map(i64::from)),
        ("directResponse.status", http.direct_response.as_ref().map(|answer| answer.status)),
    ];
    for (field, code) in answers {
        if let Some(code) = code.filter(|code| !(200..=599).contains(code)) {
            let message = format!("`{code}` is not the status of an answer");
            refused.push((field.into(), message, "write a number from 200 to 599"));
        }
    }
    // Zero is the default, 301.
    let code = http.redirect.as_ref().and_then(|redirect| redirect.redirect_code);
    if let Some(code) = code.filter(|code| ![0, 301, 302, 303, 307, 308].contains(code)) {
        let message = format!("`{code}` is not the code of a redirect");
        refused.push(("redirect.redirectCode".into(), message, "use 301, 302, 303, 307 or 308"));
    }
}

/// A weight of more than 100 is not refused, but breaks the law of their sum.
fn weights(http: &VirtualServiceHttp, refused: &mut Vec<Refused>) {
    for (index, route) in http.route.iter().flatten().enumerate() {
        if let Some(weight) = route.weight.filter(|weight| *weight < 0) {
            let message = format!("`{weight}` is not a weight");
            let field = format!("route[{index}].weight");
            refused.push((field, message, "write a number from 0 to 100"));
        }
    }
}

fn patterns(http: &VirtualServiceHttp, refused: &mut Vec<Refused>) {
    let matches = http.r#match.iter().flatten().enumerate();
    let of_matches = matches.flat_map(|(position, found)| {
        let named = rule::patterns(found).into_iter();
        named.map(move |(name, pattern)| (format!("match[{position}].{name}.regex"), pattern))
    });
    let rewrite = http.rewrite.as_ref();
    let rewrite = rewrite.and_then(|rewrite| rewrite.uri_regex_rewrite.as_ref()?.r#match.clone());
    let of_rewrite = rewrite.map(|pattern| ("rewrite.uriRegexRewrite.match".into(), pattern));
    for (field, pattern) in of_matches.chain(of_rewrite) {
        if pattern.len() > LONGEST_PATTERN {
            let message = format!("`{}` bytes are too many for a pattern", pattern.len());
            refused.push((field, message, "write at most 1024 bytes, or several matches"));
        }
    }
}

fn together(http: &VirtualServiceHttp, refused: &mut Vec<Refused>) {
    let redirects = http.redirect.as_ref().map(|_| "redirect");
    let answer = redirects.or(http.direct_response.as_ref().map(|_| "directResponse"));
    let changes = [("fault", http.fault.is_some()), ("rewrite", http.rewrite.is_some())];
    for (field, _) in changes.iter().filter(|(_, there)| *there) {
        if let Some(answer) = answer {
            let message = format!("`{field}` does not go together with `{answer}`");
            refused.push((
                (*field).into(),
                message,
                "a rule that answers by itself takes no other",
            ));
        }
    }
    if http.mirror.is_some() && http.mirrors.as_ref().is_some_and(|mirrors| !mirrors.is_empty()) {
        let message = "`mirror` does not go together with `mirrors`".into();
        refused.push(("mirror".into(), message, "move it to `mirrors`"));
    }
}

fn tries(retries: &VirtualServiceHttpRetries, refused: &mut Vec<Refused>) {
    let VirtualServiceHttpRetries {
        attempts,
        per_try_timeout,
        retry_on,
        retry_remote_localities,
        ..
    } = retries;
    let attempts = attempts.unwrap_or_default();
    let words = retry_on.as_deref().filter(|words| !words.is_empty());
    let set = per_try_timeout.is_some() || words.is_some() || retry_remote_localities.is_some();
    if attempts < 0 {
        let message = format!("`{attempts}` is not a number of tries");
        refused.push(("retries.attempts".into(), message, "write 0 to switch them off, or more"));
    } else if attempts == 0 && set {
        let message = "`0` tries leave nothing to set".into();
        refused.push((
            "retries.attempts".into(),
            message,
            "write their number, or only `attempts: 0`",
        ));
    }
    // Istio does not take away spaces, so a word with one is unknown.
    for word in words.into_iter().flat_map(|words| words.split(',')) {
        if !RETRY_ON.contains(&word) && !word.parse().is_ok_and(is_status) {
            let message = format!("`{word}` is not a condition for another try");
            let hint =
                "use those of Envoy's x-envoy-retry-on, or a status, separated by commas alone";
            refused.push(("retries.retryOn".into(), message, hint));
        }
    }
}

/// Those that Go has a text for.
fn is_status(code: u16) -> bool {
    matches!(code, 100..=103 | 200..=208 | 226 | 300..=305 | 307..=308)
        || matches!(code, 400..=418 | 421..=426 | 428..=429 | 431 | 451 | 500..=508 | 510..=511)
}
