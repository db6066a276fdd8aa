//! Retry policies: istiod's default, and what a rule says instead. Istio facts §3.5.

use super::{default_retries, rule};
use serde_json::{Value, json};

fn policy(retries: &str) -> Value {
    rule(&format!("retries: {{{retries}}}"))["route"]["retry_policy"].clone()
}

/// Compares a policy with the default one, of which some fields are replaced.
#[track_caller]
fn check(retries: &str, changes: &Value) {
    let mut expected = default_retries();
    for (field, value) in changes.as_object().unwrap() {
        expected[field] = value.clone();
    }
    assert_eq!(policy(retries), expected);
}

#[test]
fn a_rule_that_says_nothing_has_istiods_default() {
    assert_eq!(rule("name: a")["route"]["retry_policy"], default_retries());
}

#[test]
fn attempts_are_the_number_of_retries() {
    check("attempts: 5", &json!({"num_retries": 5}));
}

#[test]
fn no_attempts_mean_no_policy() {
    assert_eq!(policy("attempts: 0"), Value::Null);
    assert_eq!(policy("attempts: -1"), Value::Null);
    assert_eq!(policy("retryOn: '503'"), Value::Null);
    assert_eq!(rule("retries: {}")["route"].get("retry_policy"), None);
}

#[test]
fn conditions_are_copied() {
    check(
        "attempts: 1, retryOn: 'gateway-error, reset'",
        &json!({"num_retries": 1, "retry_on": "gateway-error,reset"}),
    );
}

#[test]
fn numbers_are_status_codes_and_need_their_condition() {
    check(
        "attempts: 1, retryOn: '503,reset,429'",
        &json!({
            "num_retries": 1,
            "retry_on": "reset,retriable-status-codes",
            "retriable_status_codes": [503, 429]
        }),
    );
}

#[test]
fn the_condition_of_status_codes_stands_once() {
    check(
        "attempts: 1, retryOn: 'retriable-status-codes,503'",
        &json!({
            "num_retries": 1,
            "retry_on": "retriable-status-codes",
            "retriable_status_codes": [503]
        }),
    );
}

#[test]
fn a_number_that_is_no_status_code_is_left_as_a_condition() {
    check(
        "attempts: 1, retryOn: '99,600,70000'",
        &json!({"num_retries": 1, "retry_on": "99,600,70000"}),
    );
}

#[test]
fn empty_conditions_do_not_count() {
    check("attempts: 1, retryOn: 'reset, ,'", &json!({"num_retries": 1, "retry_on": "reset"}));
    check("attempts: 1, retryOn: ''", &json!({"num_retries": 1}));
}

#[test]
fn durations_are_written_in_seconds() {
    check(
        "attempts: 1, perTryTimeout: 250ms, backoff: 1m30s",
        &json!({"num_retries": 1, "per_try_timeout": "0.25s", "retry_back_off": {"base_interval": "90s"}}),
    );
}

#[test]
fn hosts_that_failed_may_be_asked_again_only_if_the_rule_says_so() {
    check("attempts: 2, retryIgnorePreviousHosts: true", &json!({}));
    let again = policy("attempts: 2, retryIgnorePreviousHosts: false");
    assert_eq!(again.get("retry_host_predicate"), None);
    assert_eq!(again["num_retries"], 2);
}
