//! Listeners: addresses, connection managers, TLS. Istio facts §3.9, §3.10.

use super::{
    APP, HTTP, HTTPS, HTTPS_ROUTES, INBOUND, ONE, OUTBOUND, TWO, deployment, lab, object, service,
    world,
};
use crate::endpoint::Endpoint;
use serde_json::{Value, json};

/// The listener of this name, without its filter chains.
fn outside(lab: &Value, name: &str) -> Value {
    let mut listener = lab["listeners"][name].clone();
    listener.as_object_mut().expect("a listener").remove("filter_chains");
    listener
}

fn expected_outside(name: &str, port: u16, direction: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "traffic_direction": direction,
        "enable_reuse_port": false
    })
}

/// The connection manager of a listener's only filter.
fn manager(lab: &Value, listener: &str, chain: usize) -> Value {
    let filters = &lab["listeners"][listener]["filter_chains"][chain]["filters"];
    assert_eq!(filters.as_array().expect("filters").len(), 1);
    assert_eq!(filters[0]["name"], "envoy.filters.network.http_connection_manager");
    filters[0]["typed_config"].clone()
}

/// What all connection managers have, and the fields of `role`.
fn expected_manager(statistics: &str, log: &str, role: &Value) -> Value {
    let filter = |name: &str, message: &str| {
        json!({
            "name": format!("envoy.filters.http.{name}"),
            "typed_config": {"@type": format!("type.googleapis.com/envoy.extensions.filters.http.{name}.v3.{message}")}
        })
    };
    let mut expected = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": statistics,
        "codec_type": "AUTO",
        "normalize_path": true,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "request_id_extension": {"typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
            "use_request_id_for_trace_sampling": true
        }},
        "access_log": [{"name": "envoy.access_loggers.file", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": log,
            "log_format": {"text_format_source": {"inline_string": ""}}
        }}],
        "http_filters": [filter("fault", "HTTPFault"), filter("cors", "Cors"), filter("router", "Router")]
    });
    for (field, value) in role.as_object().unwrap() {
        expected[field] = value.clone();
    }
    expected
}

/// Compares the connection manager of a listener; the format of its log is compared elsewhere.
#[track_caller]
fn check(listener: &str, statistics: &str, log: &str, role: &Value) {
    let mut found = manager(&lab(&world()), listener, 0);
    let format =
        found["access_log"][0]["typed_config"]["log_format"]["text_format_source"]["inline_string"]
            .take();
    assert!(format.as_str().unwrap().starts_with("[%START_TIME%] \"%REQ(:METHOD)% "));
    assert!(format.as_str().unwrap().ends_with(" %ROUTE_NAME%\n"));
    found["access_log"][0]["typed_config"]["log_format"]["text_format_source"]["inline_string"] =
        json!("");
    assert_eq!(found, expected_manager(statistics, log, role));
}

fn rds(stem: &str, name: &str) -> Value {
    json!({"route_config_name": name, "config_source": {
        "resource_api_version": "V3",
        "path_config_source": {"path": format!("/routes/{stem}.json")}
    }})
}

#[test]
fn the_lab_has_one_listener_for_each_side_of_each_pod_and_those_of_its_servers() {
    let lab = lab(&world());
    let names: Vec<&String> = lab["listeners"].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "0.0.0.0_8443",
            "one-v1-0>inbound",
            "one-v1-0>outbound",
            "three-v1-0>inbound",
            "three-v1-0>outbound",
            "two-v1-0>inbound",
            "two-v1-0>outbound",
        ]
    );
}

mod sidecars {
    use super::*;

    #[test]
    fn the_outbound_listener_is_the_proxy_of_the_application() {
        let lab = lab(&world());
        let name = "one-v1-0>outbound";
        assert_eq!(outside(&lab, name), expected_outside(name, OUTBOUND, "OUTBOUND"));
        check(
            name,
            "outbound_one-v1-0",
            "/logs/one-v1-0.access.log",
            &json!({
                "rds": rds("one-v1-0", "http_proxy"),
                "http_protocol_options": {"allow_absolute_url": true}
            }),
        );
    }

    #[test]
    fn the_inbound_listener_leads_to_the_application() {
        let lab = lab(&world());
        let name = "one-v1-0>inbound";
        assert_eq!(outside(&lab, name), expected_outside(name, INBOUND, "INBOUND"));
        check(
            name,
            "inbound_one-v1-0",
            "/logs/one-v1-0.access.log",
            &json!({
                "server_name": "istio-envoy",
                "forward_client_cert_details": "APPEND_FORWARD",
                "set_current_client_cert_details": {"subject": true, "dns": true, "uri": true},
                "route_config": {
                    "name": "inbound|8080||",
                    "validate_clusters": false,
                    "virtual_hosts": [{
                        "name": "inbound|http|80",
                        "domains": ["*"],
                        "routes": [{
                            "name": "default",
                            "match": {"prefix": "/"},
                            "decorator": {"operation": format!("{ONE}:80/*")},
                            "route": {
                                "cluster": "one-v1-0>inbound|8080||",
                                "timeout": "0s",
                                "max_stream_duration": {"max_stream_duration": "0s", "grpc_timeout_header_max": "0s"},
                                "retry_policy": {"retry_on": "reset-before-request", "num_retries": 2}
                            }
                        }]
                    }]
                }
            }),
        );
    }

    #[test]
    fn the_inbound_side_is_named_by_the_port_of_the_service_that_leads_to_the_pod() {
        let ports =
            "[{name: http-a, port: 81, targetPort: 9}, {name: http-b, port: 82, targetPort: 8080}]";
        let two =
            object("Service", "lab/two", &format!("{{selector: {{app: two}}, ports: {ports}}}"));
        let pods = deployment("lab/two", "{app: two}");
        let lab = lab(&[service("lab/one"), two, pods].concat());
        let host = &manager(&lab, "two-0>inbound", 0)["route_config"]["virtual_hosts"][0];
        assert_eq!(host["name"], "inbound|http|82");
        assert_eq!(host["routes"][0]["decorator"]["operation"], format!("{TWO}:82/*"));
    }

    #[test]
    fn a_pod_of_no_service_is_known_by_its_own_name() {
        let lab = lab(&deployment("lab/alone", "{app: alone}"));
        let host = &manager(&lab, "alone-0>inbound", 0)["route_config"]["virtual_hosts"][0];
        assert_eq!(host["name"], "inbound|http|8080");
        assert_eq!(host["routes"][0]["decorator"]["operation"], "alone-0:8080/*");
    }

    #[test]
    fn the_cluster_of_the_application_has_its_port() {
        let cluster = &lab(&world())["clusters"]["two-v1-0>inbound|8080||"];
        assert_eq!(
            cluster["load_assignment"]["endpoints"][0]["lb_endpoints"],
            json!([{"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": APP + 1}}}}])
        );
        assert_eq!(cluster["alt_stat_name"], "inbound|8080||;");
        assert_eq!(cluster["lb_policy"], "LEAST_REQUEST");
    }
}

mod gateways {
    use super::*;

    const EDGE: [(&str, bool); 4] =
        [("subject", true), ("cert", true), ("dns", true), ("uri", true)];

    fn role(stem: &str) -> Value {
        json!({
            "rds": rds(stem, stem),
            "use_remote_address": true,
            "server_name": "istio-envoy",
            "proxy_100_continue": true,
            "forward_client_cert_details": "SANITIZE_SET",
            "set_current_client_cert_details": EDGE.into_iter().collect::<std::collections::BTreeMap<_, _>>()
        })
    }

    fn gateway(servers: &str) -> Value {
        lab(&object("Gateway", "lab/edge", &format!("{{servers: [{servers}]}}")))
    }

    fn https(name: &str, hosts: &str, tls: &str) -> String {
        format!(
            "{{port: {{name: {name}, number: 443, protocol: HTTPS}}, hosts: [{hosts}], \
              tls: {{mode: SIMPLE, credentialName: credential{tls}}}}}"
        )
    }

    #[test]
    fn the_https_listener_looks_at_the_servers_name_first() {
        let lab = lab(&world());
        let mut expected = expected_outside("0.0.0.0_8443", HTTPS, "OUTBOUND");
        expected["listener_filters"] = json!([{"name": "envoy.filters.listener.tls_inspector", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
            "initial_read_buffer_size": 512
        }}]);
        assert_eq!(outside(&lab, "0.0.0.0_8443"), expected);
        check(
            "0.0.0.0_8443",
            "outbound_0.0.0.0_8443_0",
            "/logs/istio-ingressgateway.access.log",
            &role(HTTPS_ROUTES),
        );
    }

    #[test]
    fn a_server_is_a_filter_chain_with_its_names_and_its_certificate() {
        let lab = lab(&world());
        let mut chain = lab["listeners"]["0.0.0.0_8443"]["filter_chains"][0].clone();
        chain.as_object_mut().unwrap().remove("filters");
        assert_eq!(
            chain,
            json!({
                "filter_chain_match": {"server_names": ["example.com"]},
                "transport_socket_connect_timeout": "15s",
                "transport_socket": {
                    "name": "envoy.transport_sockets.tls",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                        "require_client_certificate": false,
                        "common_tls_context": {
                            "alpn_protocols": ["h2", "http/1.1"],
                            "tls_certificates": [{
                                "certificate_chain": {"filename": "/tls/credential.crt"},
                                "private_key": {"filename": "/tls/credential.key"}
                            }]
                        }
                    }
                }
            })
        );
    }

    #[test]
    fn versions_of_tls_are_bounded_only_if_the_server_says_so() {
        let parameters = |tls: &str| {
            let lab = gateway(&https("https", "a", tls));
            lab["listeners"]["0.0.0.0_8443"]["filter_chains"][0]["transport_socket"]["typed_config"]
                ["common_tls_context"]["tls_params"]
                .clone()
        };
        assert_eq!(parameters(""), Value::Null);
        assert_eq!(
            parameters(", minProtocolVersion: TLSV1_2"),
            json!({"tls_minimum_protocol_version": "TLSv1_2"})
        );
        assert_eq!(
            parameters(", minProtocolVersion: TLS_AUTO, maxProtocolVersion: TLSV1_3"),
            json!({"tls_minimum_protocol_version": "TLS_AUTO", "tls_maximum_protocol_version": "TLSv1_3"})
        );
    }

    #[test]
    fn server_names_are_sorted_and_a_star_takes_every_name() {
        let names = |hosts: &str| {
            gateway(&https("https", hosts, ""))["listeners"]["0.0.0.0_8443"]["filter_chains"][0]["filter_chain_match"]
                .clone()
        };
        assert_eq!(names("b, a"), json!({"server_names": ["a", "b"]}));
        assert_eq!(names("'*.example.com'"), json!({"server_names": ["*.example.com"]}));
        assert_eq!(names("b, '*'"), json!({}));
    }

    #[test]
    fn each_server_has_a_chain_with_statistics_and_routes_of_its_own() {
        let other = https("second", "b", "").replace("credential}", "other}");
        let lab = gateway(&format!("{}, {other}", https("first", "a", "")));
        let second = manager(&lab, "0.0.0.0_8443", 1);
        assert_eq!(second["stat_prefix"], "outbound_0.0.0.0_8443_1");
        assert_eq!(second["rds"], rds("https.443.second.edge.lab", "https.443.second.edge.lab"));
        let certificate = |chain: usize| {
            lab["listeners"]["0.0.0.0_8443"]["filter_chains"][chain]["transport_socket"]["typed_config"]["common_tls_context"]
                ["tls_certificates"][0]["private_key"]["filename"]
                .clone()
        };
        assert_eq!([certificate(0), certificate(1)], ["/tls/credential.key", "/tls/other.key"]);
    }

    #[test]
    fn plain_http_has_a_listener_without_tls() {
        let lab = gateway("{port: {name: http, number: 80, protocol: HTTP}, hosts: ['*']}");
        let mut listener = lab["listeners"]["0.0.0.0_8080"].clone();
        let manager = manager(&lab, "0.0.0.0_8080", 0);
        assert_eq!(manager["stat_prefix"], "outbound_0.0.0.0_8080");
        assert_eq!(manager["rds"], rds("http.8080", "http.8080"));
        assert_eq!(manager["use_remote_address"], true);
        listener["filter_chains"][0].as_object_mut().unwrap().remove("filters");
        let mut expected = expected_outside("0.0.0.0_8080", HTTP, "OUTBOUND");
        expected["filter_chains"] = json!([{}]);
        assert_eq!(listener, expected);
    }
}

mod bootstrap {
    use super::*;
    use crate::envoy::bootstrap::{bootstrap, file};
    use std::path::Path;

    #[test]
    fn envoy_watches_the_files_and_sends_spans_to_the_collector() {
        let bootstrap = bootstrap(
            Path::new("/run/listeners.json"),
            Path::new("/run/clusters.json"),
            &Endpoint::loopback(4318),
            4319,
        );
        assert_eq!(
            bootstrap["dynamic_resources"],
            json!({
                "lds_config": file(Path::new("/run/listeners.json")),
                "cds_config": file(Path::new("/run/clusters.json"))
            })
        );
        assert_eq!(
            bootstrap["static_resources"]["clusters"],
            json!([{
                "name": "opentelemetry-collector",
                "type": "STATIC",
                "load_assignment": {
                    "cluster_name": "opentelemetry-collector",
                    "endpoints": [{"lb_endpoints": [
                        {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 4318}}}}
                    ]}]
                }
            }])
        );
    }

    #[test]
    fn a_listener_answers_by_itself_where_the_worker_is_asked() {
        let bootstrap = bootstrap(Path::new("/l"), Path::new("/c"), &Endpoint::loopback(1), 2);
        let listener = &bootstrap["static_resources"]["listeners"][0];
        assert_eq!(
            listener["address"],
            json!({"socket_address": {"address": "127.0.0.1", "port_value": 2}})
        );
        let manager = &listener["filter_chains"][0]["filters"][0]["typed_config"];
        assert_eq!(
            manager["route_config"]["virtual_hosts"][0]["routes"],
            json!([{"match": {"prefix": "/"}, "direct_response": {"status": 200}}])
        );
    }

    #[test]
    fn envoys_admin_listens_on_a_free_port_of_the_loopback_interface() {
        let bootstrap = bootstrap(Path::new("/l"), Path::new("/c"), &Endpoint::loopback(1), 2);
        assert_eq!(
            bootstrap["admin"],
            json!({"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}})
        );
        assert_eq!(bootstrap["stats_flush_on_admin"], true, "histograms are read there");
    }
}
