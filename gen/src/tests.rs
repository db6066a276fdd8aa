//! The tests of the library. Each module has one `check`; fixtures are methods on the types that they vary.

mod change;
mod closure;
mod covers;
mod fine;
mod flow;
mod guide;
mod lanes;
mod law;
mod model;
mod reading;
mod release;
mod rendering;
mod rule;
mod tidy;
mod value;
mod writing;

use crate::check;
use crate::kind::istio_operator::IstioOperator;
use crate::layout::{self, Layer, RenderedFile};
use crate::model::Lab;
use crate::object::{Manifest, Object};
use crate::violation::Violation;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, Namespace, PodSpec, ServiceSpec};
use k8s_openapi::api::policy::v1::PodDisruptionBudgetSpec;
use kcr_networking_istio_io::v1::destinationrules::DestinationRule;
use kcr_networking_istio_io::v1::gateways::{Gateway, GatewayServers};
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualService, VirtualServiceHttp, VirtualServiceHttpRouteDestination,
};
use kcr_security_istio_io::v1::authorizationpolicies::AuthorizationPolicy;
use kcr_security_istio_io::v1::peerauthentications::PeerAuthentication;
use kcr_telemetry_istio_io::v1::telemetries::Telemetry;
use serde::{Serialize, de::DeserializeOwned};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

impl Lab {
    /// The lab with the lane v2 alone, which has every service.
    fn with_one_lane() -> Self {
        Self::demo().with_lanes(&[("v2", &["service1", "service2", "service3"])])
    }

    /// The lab with another list of lanes: their names, and the services of each.
    fn with_lanes(mut self, lanes: &[(&str, &[&str])]) -> Self {
        let lanes = lanes.iter().map(|(name, services)| {
            let services = services.iter().map(|service| format!("httpserver-{service}"));
            crate::model::Lane::new(name, services)
        });
        self.lanes = lanes.collect();
        self
    }
}

/// The objects that are applied to a cluster, in their order, to be changed by a test.
struct Cluster(Vec<Manifest>);

/// Finds the last object of one variant and name for a change; a macro, because a variant is no value.
macro_rules! object_of {
    ($cluster:expr, $variant:ident, $name:expr) => {
        $cluster
            .0
            .iter_mut()
            .rev()
            .find_map(|manifest| match &mut manifest.object {
                Object::$variant(object) if object.metadata.name.as_deref() == Some($name) => {
                    Some(object.as_mut())
                }
                _ => None,
            })
            .expect("the lab has an object of this name")
    };
}

impl Cluster {
    /// What stands in these layers of `lab`, by name.
    fn of(lab: &Lab, names: &[&str]) -> Self {
        let layers = layout::layers(lab);
        let layer = |name: &&str| layers.iter().find(|layer| layer.name == *name).expect("a layer");
        Self(names.iter().map(layer).flat_map(Layer::manifests).collect())
    }

    fn ground() -> Self {
        Self::of(&Lab::demo(), &["cluster", "base", "v1"])
    }

    fn with_canary() -> Self {
        Self::of(&Lab::demo(), &["cluster", "base", "v1", "canary-v2"])
    }

    /// What the laws say.
    fn findings(&self) -> Vec<Violation> {
        let manifests: Vec<&Manifest> = self.0.iter().collect();
        check::check(&manifests, &crate::installed(&Lab::demo()))
    }

    /// What the laws say that even a lab that is broken on purpose must keep.
    fn without_meaning(&self) -> Vec<Violation> {
        let manifests: Vec<&Manifest> = self.0.iter().collect();
        check::meaning(&manifests)
    }

    /// As a cluster holds them: a later object replaces an earlier one of its identity.
    fn applied(self) -> Vec<Manifest> {
        layout::merged(self.0)
    }

    fn deployment(&mut self, name: &str) -> &mut Deployment {
        object_of!(self, Deployment, name)
    }

    fn pod(&mut self, name: &str) -> &mut PodSpec {
        let spec = self.deployment(name).spec.as_mut().expect("a spec");
        spec.template.spec.as_mut().expect("a pod")
    }

    fn container(&mut self, name: &str) -> &mut Container {
        &mut self.pod(name).containers[0]
    }

    fn destination_rule(&mut self, name: &str) -> &mut DestinationRule {
        object_of!(self, DestinationRule, name)
    }

    fn service(&mut self, name: &str) -> &mut ServiceSpec {
        object_of!(self, Service, name).spec.as_mut().expect("a spec")
    }

    fn gateway(&mut self, name: &str) -> &mut Gateway {
        object_of!(self, Gateway, name)
    }

    /// A server of a Gateway: the first one speaks HTTPS, the second one redirects.
    fn server(&mut self, name: &str, index: usize) -> &mut GatewayServers {
        &mut self.gateway(name).spec.servers.as_mut().expect("servers")[index]
    }

    fn namespace(&mut self) -> &mut Namespace {
        object_of!(self, Namespace, "cloudnative")
    }

    fn telemetry(&mut self) -> &mut Telemetry {
        object_of!(self, Telemetry, "mesh-default")
    }

    fn peer_authentication(&mut self) -> &mut PeerAuthentication {
        object_of!(self, PeerAuthentication, "default")
    }

    fn policy(&mut self, name: &str) -> &mut AuthorizationPolicy {
        object_of!(self, AuthorizationPolicy, name)
    }

    fn budget(&mut self, name: &str) -> &mut PodDisruptionBudgetSpec {
        object_of!(self, PodDisruptionBudget, name).spec.as_mut().expect("a spec")
    }

    fn istio_operator(&mut self) -> &mut IstioOperator {
        object_of!(self, IstioOperator, "istio")
    }

    fn virtual_service(&mut self, name: &str) -> &mut VirtualService {
        object_of!(self, VirtualService, name)
    }

    fn rules(&mut self, name: &str) -> &mut Vec<VirtualServiceHttp> {
        self.virtual_service(name).spec.http.as_mut().expect("rules")
    }

    /// Where the rule at `rule` of a `VirtualService` leads.
    fn destination(&mut self, name: &str, rule: usize) -> &mut VirtualServiceHttpRouteDestination {
        &mut self.rules(name)[rule].route.as_mut().expect("a route")[0].destination
    }

    /// Removes every object of this identity, such as `Service cloudnative/httpserver-service1`.
    fn remove(&mut self, identity: &str) {
        let before = self.0.len();
        self.0.retain(|manifest| manifest.object.identity().to_string() != identity);
        assert_ne!(self.0.len(), before, "{identity} is an object of the lab");
    }

    /// Adds a copy of the last object of this identity at the end, changed.
    fn copy(&mut self, identity: &str, change: impl FnOnce(&mut Object)) {
        let mut found = self.0.iter().rev();
        let found = found.find(|manifest| manifest.object.identity().to_string() == identity);
        let mut copy = found.expect("an object of the lab").clone();
        change(&mut copy.object);
        self.0.push(copy);
    }
}

/// A folder of files that ends with the test.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        for (path, text) in files {
            folder.put(path, text);
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where these tests write files")]
    fn put(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path().join(path)).ok()
    }
}

/// The folder `out/` that is committed.
fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../out")
}

fn rendered(lab: &Lab) -> Vec<RenderedFile> {
    crate::rendered(lab).unwrap_or_else(|violations| panic!("{}", listed(&violations)))
}

/// Findings as users see them, one below the other.
fn listed(violations: &[Violation]) -> String {
    violations.iter().map(|violation| format!("{violation}\n")).collect::<Vec<_>>().concat()
}

/// An object with some of its fields replaced by those of a YAML mapping.
#[track_caller]
fn with_fields<T: Serialize + DeserializeOwned>(object: &T, fields: &str) -> T {
    let mut value = serde_yaml::to_value(object).expect("an object");
    let fields: serde_yaml::Mapping = serde_yaml::from_str(fields).expect("a mapping");
    value.as_mapping_mut().expect("fields").extend(fields);
    serde_yaml::from_value(value).expect("fields that the type has")
}
