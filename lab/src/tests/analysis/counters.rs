//! Envoy's statistics → readings. The answers are Envoy 1.40's, shortened.

use crate::admin::{Admin, Histograms};
use crate::analysis::Reading;
use crate::analysis::counters::{read, reading};
use manifests::release::Counterpart;
use serde_json::json;
use std::time::Duration;

const PREFIX: &str = "cluster.outbound|80|v2|one.lab.svc.cluster.local;.";

fn counters(values: &[(&str, u64)]) -> crate::admin::Statistics {
    values
        .iter()
        .map(|(name, value)| (format!("{PREFIX}upstream_rq_{name}"), json!(value)))
        .collect()
}

#[test]
fn a_reading_has_the_classes_the_sum_and_the_latencies() {
    let statistics = counters(&[("completed", 280), ("2xx", 225), ("4xx", 5), ("5xx", 50)]);
    let bounds = [(Duration::from_millis(25), 131), (Duration::from_millis(50), 200)];
    let histograms = Histograms::from([(format!("{PREFIX}upstream_rq_time"), bounds.to_vec())]);
    let reading = reading(PREFIX, &statistics, &histograms).unwrap();
    assert_eq!((reading.completed, reading.classes), (280, [0, 225, 0, 5, 50]));
    assert_eq!((reading.forgotten(), reading.latency.total()), (0, 200));
}

#[test]
fn a_cluster_without_a_request_is_a_reading_of_zeros_and_no_cluster_is_none() {
    let none = Histograms::new();
    assert_eq!(reading(PREFIX, &counters(&[("completed", 0)]), &none), Some(Reading::default()));
    assert_eq!(reading(PREFIX, &counters(&[]), &none), None);
}

#[tokio::test]
async fn an_envoy_that_does_not_answer_is_a_failure_of_the_lab() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let [host, lane, baseline] = ["one.lab.svc.cluster.local", "v2", "v1"].map(ToOwned::to_owned);
    let clusters = Counterpart { host, port: 80, lane, baseline };
    let failure = read(&Admin::new(&address).unwrap(), &[clusters]).await.unwrap_err();
    assert!(failure.message.starts_with("Envoy's admin interface does not answer"), "{failure}");
}
