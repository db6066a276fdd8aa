//! Every version and image that the lab pins, in one place.

/// The server's image as the manifests name it; `lab` accepts any image whose last path segment is [`SERVER_REPOSITORY`].
pub const SERVER_IMAGE: &str = concat!("httpserver:", env!("CARGO_PKG_VERSION"));

/// The repository name of the server's image.
pub const SERVER_REPOSITORY: &str = "httpserver";

/// The Envoy that embedded mode runs: the Envoy of Istio's newest line.
pub const ENVOY: &str = "1.40.0";

/// Istio on the cluster: the line of the `istioctl` that the development shell brings.
pub const ISTIO: &str = "1.29.2";

/// Where Istio's images come from.
pub const ISTIO_HUB: &str = "docker.io/istio";

/// Istio's images: its control plane, and the proxy of gateways and sidecars.
pub const ISTIO_IMAGES: [&str; 2] = ["pilot", "proxyv2"];

pub const JAEGER_IMAGE: &str = "docker.io/jaegertracing/jaeger:2.17.0";

/// Kubernetes on the cluster. From 1.33 on, Istio makes its proxies native sidecars: they outlive the application.
pub const K3S_IMAGE: &str = "docker.io/rancher/k3s:v1.35.2-k3s1";

/// What k3d starts beside the nodes: the load balancer that holds the ports of the host, and its tools.
pub const K3D_IMAGES: [&str; 2] =
    ["ghcr.io/k3d-io/k3d-proxy:5.8.3", "ghcr.io/k3d-io/k3d-tools:5.8.3"];

/// What k3s itself runs in the cluster, with the parts that the lab leaves on; from its `scripts/airgap/image-list.txt`.
pub const K3S_SYSTEM_IMAGES: [&str; 3] = [
    "docker.io/rancher/klipper-lb:v0.4.14",
    "docker.io/rancher/mirrored-coredns-coredns:1.14.1",
    "docker.io/rancher/mirrored-pause:3.6",
];
