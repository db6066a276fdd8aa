//! The traffic policies of a DestinationRule, wherever it has them: macros, because their types differ, and their fields do not.
//!
//! Source: `validateTrafficPolicy` and `validatePortTrafficPolicies` in istio's `pkg/config/validation/validation.go`.

/// Does the same for each traffic policy of a DestinationRule and of its subsets, and for their settings of single ports.
macro_rules! each_policy {
    ($spec:expr, |$field:ident, $policy:ident| $body:expr) => {{
        let field = "spec.trafficPolicy".to_owned();
        each_policy!(@ports $spec.traffic_policy, field, $field, $policy, $body);
        for (index, subset) in $spec.subsets.iter().flatten().enumerate() {
            let field = format!("spec.subsets[{index}].trafficPolicy");
            each_policy!(@ports subset.traffic_policy, field, $field, $policy, $body);
        }
    }};
    (@ports $found:expr, $prefix:expr, $field:ident, $policy:ident, $body:expr) => {
        if let Some($policy) = &$found {
            let $field: String = $prefix;
            $body;
            for (index, $policy) in $policy.port_level_settings.iter().flatten().enumerate() {
                let $field = format!("{}.portLevelSettings[{index}]", $field);
                $body;
            }
        }
    };
}
/// The durations of a traffic policy, and what Istio wants of each.
macro_rules! durations {
    ($policy:expr) => {{
        let pool = $policy.connection_pool.as_ref();
        let http = pool.and_then(|pool| pool.http.as_ref());
        let tcp = pool.and_then(|pool| pool.tcp.as_ref());
        let alive = tcp.and_then(|tcp| tcp.tcp_keepalive.as_ref());
        let outlier = $policy.outlier_detection.as_ref();
        let balancer = $policy.load_balancer.as_ref();
        let warmup = balancer.and_then(|balancer| balancer.warmup.as_ref());
        [
            (
                "connectionPool.http.idleTimeout",
                http.and_then(|http| http.idle_timeout.as_ref()),
                Milliseconds,
            ),
            (
                "connectionPool.tcp.connectTimeout",
                tcp.and_then(|tcp| tcp.connect_timeout.as_ref()),
                Milliseconds,
            ),
            (
                "connectionPool.tcp.idleTimeout",
                tcp.and_then(|tcp| tcp.idle_timeout.as_ref()),
                MillisecondsOrZero,
            ),
            (
                "connectionPool.tcp.maxConnectionDuration",
                tcp.and_then(|tcp| tcp.max_connection_duration.as_ref()),
                Milliseconds,
            ),
            (
                "connectionPool.tcp.tcpKeepalive.time",
                alive.and_then(|alive| alive.time.as_ref()),
                Milliseconds,
            ),
            (
                "connectionPool.tcp.tcpKeepalive.interval",
                alive.and_then(|alive| alive.interval.as_ref()),
                Milliseconds,
            ),
            (
                "outlierDetection.interval",
                outlier.and_then(|outlier| outlier.interval.as_ref()),
                Milliseconds,
            ),
            (
                "outlierDetection.baseEjectionTime",
                outlier.and_then(|outlier| outlier.base_ejection_time.as_ref()),
                Milliseconds,
            ),
            ("loadBalancer.warmup.duration", warmup.map(|warmup| &warmup.duration), Milliseconds),
        ]
    }};
}

pub(super) use {durations, each_policy};
