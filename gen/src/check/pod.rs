//! The laws of pods: watched, limited, without privileges, from a known image.
//!
//! Source: Kubernetes' Pod Security Standards, "Restricted", and a root file system that nobody can write to.

use super::world::World;
use super::{Findings, Kind, Law};
use k8s_openapi::api::core::v1::{Container, PodSpec, Probe, SecurityContext};

pub(super) const PROBES: Law = Law {
    name: "probes",
    istio: None,
    rule: "every container has a readiness and a liveness probe, at a port that it declares",
    kind: Kind::Safety,
    check: |world, findings| each(world, findings, probes),
};

pub(super) const RESOURCES: Law = Law {
    name: "resources",
    istio: None,
    rule: "every container asks for CPU and memory, and has limits of both",
    kind: Kind::Safety,
    check: |world, findings| each(world, findings, resources),
};

pub(super) const SECURITY_CONTEXT: Law = Law {
    name: "security-context",
    istio: Some("IST0144"),
    rule: "every container runs as a user with a number, not as root nor as the sidecar's 1337, without privileges, \
           capabilities or a writable root, under seccomp",
    kind: Kind::Safety,
    check: |world, findings| each(world, findings, security_context),
};

pub(super) const TOKEN: Law = Law {
    name: "token",
    istio: None,
    rule: "no pod gets a token of the cluster's API that it has no use for",
    kind: Kind::Safety,
    check: |world, findings| {
        each(world, findings, |pod, object| {
            if pod.automount_service_account_token != Some(false) {
                let message = "the pod gets a token of its account".to_owned();
                object(
                    "automountServiceAccountToken",
                    message,
                    "write `automountServiceAccountToken: false`",
                );
            }
        });
    },
};

pub(super) const IMAGE: Law = Law {
    name: "image",
    istio: None,
    rule: "every image has a tag other than `latest`, or a digest",
    kind: Kind::Safety,
    check: |world, findings| each(world, findings, image),
};

/// What is wrong with a pod: field below `spec.template.spec`, message, hint.
type Object<'a> = &'a mut dyn FnMut(&str, String, &str);

fn each(world: &World<'_>, findings: &mut Findings<'_>, law: impl Fn(&PodSpec, Object<'_>)) {
    for deployment in &world.deployments {
        let Some(pod) = deployment.pod() else { continue };
        law(pod, &mut |field, message, hint| {
            findings.add(deployment.manifest, format!("spec.template.spec.{field}"), message, hint);
        });
    }
}

fn containers(pod: &PodSpec) -> impl Iterator<Item = (String, &Container)> {
    let main = pod.containers.iter().enumerate();
    main.map(|(index, container)| (format!("containers[{index}]"), container))
}

/// Those that run beside the main ones, and those that run before.
fn init_containers(pod: &PodSpec) -> impl Iterator<Item = (String, &Container)> {
    let early = pod.init_containers.iter().flatten().enumerate();
    early.map(|(index, container)| (format!("initContainers[{index}]"), container))
}

fn probes(pod: &PodSpec, object: Object<'_>) {
    for (place, container) in containers(pod) {
        let probes = [
            ("readinessProbe", &container.readiness_probe),
            ("livenessProbe", &container.liveness_probe),
        ];
        for (field, probe) in probes {
            let Some(probe) = probe else {
                let message = format!("container `{}` has none", container.name);
                object(&format!("{place}.{field}"), message, "ask it for its health by HTTP");
                continue;
            };
            if let Some(port) = foreign_port(probe, container) {
                let message =
                    format!("the port is none that container `{}` declares", container.name);
                object(&format!("{place}.{field}.{port}"), message, "name a port of the container");
            }
        }
    }
}

/// The field of a probe's port, if the container declares no such port.
fn foreign_port(probe: &Probe, container: &Container) -> Option<&'static str> {
    let get = probe.http_get.as_ref().map(|get| ("httpGet.port", &get.port));
    let socket = probe.tcp_socket.as_ref().map(|socket| ("tcpSocket.port", &socket.port));
    let (field, port) = get.or(socket)?;
    let own = super::service::resolved(std::slice::from_ref(container), port);
    own.is_none().then_some(field)
}

fn resources(pod: &PodSpec, object: Object<'_>) {
    for (place, container) in containers(pod).chain(init_containers(pod)) {
        let resources = container.resources.clone().unwrap_or_default();
        for (field, quantities) in [("requests", resources.requests), ("limits", resources.limits)]
        {
            let quantities = quantities.unwrap_or_default();
            for resource in
                ["cpu", "memory"].into_iter().filter(|name| !quantities.contains_key(*name))
            {
                let message = format!("container `{}` has none", container.name);
                let field = format!("{place}.resources.{field}.{resource}");
                object(&field, message, "say how much it needs and may have");
            }
        }
    }
}

fn security_context(pod: &PodSpec, object: Object<'_>) {
    let shared =
        [("hostNetwork", pod.host_network), ("hostPID", pod.host_pid), ("hostIPC", pod.host_ipc)];
    for (field, _) in shared.into_iter().filter(|(_, shared)| *shared == Some(true)) {
        object(field, "the pod shares it with the node: `true`".to_owned(), "leave it out");
    }
    for (index, volume) in pod.volumes.iter().flatten().enumerate() {
        if let Some(path) = &volume.host_path {
            let message = format!("the pod sees `{}` of the node", path.path);
            object(&format!("volumes[{index}].hostPath"), message, "use a volume of the pod's own");
        }
    }
    let of_pod = pod.security_context.clone().unwrap_or_default();
    for (place, container) in containers(pod).chain(init_containers(pod)) {
        let own: SecurityContext = container.security_context.clone().unwrap_or_default();
        let user = own.run_as_user.or(of_pod.run_as_user);
        let seccomp = own.seccomp_profile.as_ref().or(of_pod.seccomp_profile.as_ref());
        let drops = own.capabilities.as_ref().and_then(|found| found.drop.as_ref());
        let adds = own.capabilities.as_ref().and_then(|found| found.add.as_ref());
        let required = [
            (
                "runAsNonRoot",
                own.run_as_non_root.or(of_pod.run_as_non_root) == Some(true),
                "write `true`",
            ),
            (
                "runAsUser",
                user.is_some_and(|user| user != 0 && user != 1337),
                "write the number of a user; 0 is root, 1337 the sidecar",
            ),
            (
                "allowPrivilegeEscalation",
                own.allow_privilege_escalation == Some(false),
                "write `false`",
            ),
            ("readOnlyRootFilesystem", own.read_only_root_filesystem == Some(true), "write `true`"),
            (
                "capabilities",
                drops.is_some_and(|drops| drops.iter().any(|name| name == "ALL"))
                    && adds.is_none_or(Vec::is_empty),
                "write `drop: [ALL]`",
            ),
            (
                "seccompProfile",
                seccomp.is_some_and(|profile| profile.type_ != "Unconfined"),
                "write `type: RuntimeDefault`",
            ),
            ("privileged", own.privileged != Some(true), "leave it out"),
        ];
        for (field, _, hint) in required.into_iter().filter(|(_, is_met, _)| !is_met) {
            let message =
                format!("container `{}` may do more than it needs: {field}", container.name);
            object(&format!("{place}.securityContext.{field}"), message, hint);
        }
    }
}

fn image(pod: &PodSpec, object: Object<'_>) {
    for (place, container) in containers(pod).chain(init_containers(pod)) {
        let image = container.image.as_deref().unwrap_or_default();
        let last = image.rsplit('/').next().unwrap_or_default();
        let is_pinned = match last.split_once(':') {
            None => false,
            Some((_, tag)) => image.contains('@') || (!tag.is_empty() && tag != "latest"),
        };
        if !is_pinned {
            let message = format!("`{image}` may be another image tomorrow");
            object(&format!("{place}.image"), message, "write a tag of a version, or a digest");
        }
    }
}
