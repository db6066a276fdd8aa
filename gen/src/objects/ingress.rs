//! The public entrances: a host over HTTPS, plain HTTP redirected to it.

use super::{labels, metadata};
use crate::model::{Lab, Publication};
use crate::object::Object;
use kcr_networking_istio_io::v1::gateways::{
    Gateway, GatewayServers, GatewayServersPort, GatewayServersTls,
    GatewayServersTlsMinProtocolVersion, GatewayServersTlsMode, GatewaySpec,
};

/// The Gateway carries the name of the service that it publishes.
pub(crate) fn name(lab: &Lab) -> String {
    lab.services.first().map(|service| service.name.clone()).unwrap_or_default()
}

pub(crate) fn gateway(namespace: &str, name: &str, publication: &Publication) -> Object {
    let https = GatewayServers {
        hosts: vec![publication.host.clone()],
        port: port("https-default", 443, "HTTPS"),
        tls: Some(GatewayServersTls {
            mode: Some(GatewayServersTlsMode::Simple),
            credential_name: Some(publication.credential.clone()),
            min_protocol_version: Some(GatewayServersTlsMinProtocolVersion::Tlsv12),
            ..GatewayServersTls::default()
        }),
        ..GatewayServers::default()
    };
    let redirect = GatewayServers {
        hosts: vec![publication.host.clone()],
        port: port("http-redirect", 80, "HTTP"),
        tls: Some(GatewayServersTls { https_redirect: Some(true), ..GatewayServersTls::default() }),
        ..GatewayServers::default()
    };
    Object::Gateway(Box::new(Gateway {
        metadata: metadata(namespace, name),
        spec: GatewaySpec {
            selector: Some(labels([("istio", "ingressgateway")])),
            servers: Some(vec![https, redirect]),
        },
        status: None,
    }))
}

fn port(name: &str, number: i64, protocol: &str) -> GatewayServersPort {
    GatewayServersPort { name: name.into(), number, protocol: protocol.into(), target_port: None }
}
