//! The public entrance: one host over HTTPS, plain HTTP redirected to it.

use super::{labels, metadata};
use crate::model::Lab;
use crate::object::Object;
use kcr_networking_istio_io::v1::gateways::{
    Gateway, GatewayServers, GatewayServersPort, GatewayServersTls,
    GatewayServersTlsMinProtocolVersion, GatewayServersTlsMode, GatewaySpec,
};

/// The Gateway carries the name of the service that it publishes.
pub(crate) fn name(lab: &Lab) -> String {
    lab.chain.first().map(|service| service.name.clone()).unwrap_or_default()
}

pub(crate) fn gateway(lab: &Lab) -> Object {
    let https = GatewayServers {
        hosts: vec![lab.host.clone()],
        port: GatewayServersPort {
            name: "https-default".into(),
            number: 443,
            protocol: "HTTPS".into(),
            target_port: None,
        },
        tls: Some(GatewayServersTls {
            mode: Some(GatewayServersTlsMode::Simple),
            credential_name: Some(lab.credential.clone()),
            min_protocol_version: Some(GatewayServersTlsMinProtocolVersion::Tlsv12),
            ..GatewayServersTls::default()
        }),
        ..GatewayServers::default()
    };
    let redirect = GatewayServers {
        hosts: vec![lab.host.clone()],
        port: GatewayServersPort {
            name: "http-redirect".into(),
            number: 80,
            protocol: "HTTP".into(),
            target_port: None,
        },
        tls: Some(GatewayServersTls { https_redirect: Some(true), ..GatewayServersTls::default() }),
        ..GatewayServers::default()
    };
    Object::Gateway(Box::new(Gateway {
        metadata: metadata(&lab.namespace, &name(lab)),
        spec: GatewaySpec {
            selector: Some(labels([("istio", "ingressgateway")])),
            servers: Some(vec![https, redirect]),
        },
        status: None,
    }))
}
