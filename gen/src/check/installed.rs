//! What a cluster holds that no manifest of the lab makes: Istio's profile, and the certificates that are made at run time.

use std::collections::BTreeMap;

/// What laws take for granted.
#[derive(Clone, Debug)]
pub struct Installed {
    pub(crate) namespaces: Vec<&'static str>,
    pub(crate) gateways: Vec<GatewayWorkload>,
    /// The trace providers that a Telemetry can name.
    pub(crate) trace_providers: Vec<&'static str>,
    pub(crate) certificates: Vec<Certificate>,
    /// Hosts of Services.
    pub(crate) hosts: Vec<&'static str>,
}

/// The pods of a gateway.
#[derive(Clone, Debug)]
pub(crate) struct GatewayWorkload {
    pub(crate) namespace: &'static str,
    pub(crate) account: &'static str,
    pub(crate) labels: BTreeMap<&'static str, &'static str>,
    /// Those of its Service.
    pub(crate) ports: Vec<i64>,
}

/// A secret that is made at run time: it holds the certificate of a host, and its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Certificate {
    pub namespace: String,
    pub secret: String,
    pub host: String,
}

impl Installed {
    /// What Istio's demo profile installs.
    ///
    /// Source: `manifests/profiles/demo.yaml`, `manifests/helm-profiles/demo.yaml` and
    /// `manifests/charts/gateways/istio-ingress/` in istio.
    pub fn demo_profile() -> Self {
        let gateway = |app, istio, account, ports: &[i64]| GatewayWorkload {
            namespace: "istio-system",
            account,
            labels: BTreeMap::from([("app", app), ("istio", istio)]),
            ports: ports.into(),
        };
        Self {
            namespaces: vec!["default", "istio-system", "kube-system"],
            gateways: vec![
                gateway(
                    "istio-ingressgateway",
                    "ingressgateway",
                    "istio-ingressgateway-service-account",
                    &[15021, 80, 443, 31400, 15443],
                ),
                gateway(
                    "istio-egressgateway",
                    "egressgateway",
                    "istio-egressgateway-service-account",
                    &[80, 443],
                ),
            ],
            trace_providers: vec!["jaeger", "otel-tracing", "skywalking"],
            certificates: Vec::new(),
            hosts: vec![
                "istio-egressgateway.istio-system.svc.cluster.local",
                "istio-ingressgateway.istio-system.svc.cluster.local",
                "istiod.istio-system.svc.cluster.local",
                "kubernetes.default.svc.cluster.local",
            ],
        }
    }

    #[must_use]
    pub fn with_certificates(
        mut self,
        certificates: impl IntoIterator<Item = Certificate>,
    ) -> Self {
        self.certificates.extend(certificates);
        self
    }
}
