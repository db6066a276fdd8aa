//! The tests of the library. Each module has one `check`; fixtures are methods on the types that they vary.

mod lanes;
mod law;
mod reading;
mod rendering;
mod rule;
mod tidy;
mod writing;

use crate::layout::{self, Layer, RenderedFile};
use crate::model::Lab;
use crate::object::{Manifest, Object};
use crate::violation::Violation;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use kcr_networking_istio_io::v1::destinationrules::DestinationRule;
use kcr_networking_istio_io::v1::gateways::Gateway;
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualService, VirtualServiceHttpRouteDestination,
};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

impl Lab {
    /// The lab with another list of lanes: their names, and the services of each.
    fn with_lanes(mut self, lanes: &[(&str, &[&str])]) -> Self {
        let lanes = lanes.iter().map(|(name, services)| crate::model::Lane {
            name: (*name).into(),
            services: services.iter().map(|service| format!("httpserver-{service}")).collect(),
        });
        self.lanes = lanes.collect();
        self
    }
}

/// The objects that a cluster holds at one time, to be changed by a test.
struct Cluster(Vec<Manifest>);

/// Finds the object of one variant and name for a change; a macro, because a variant is no value.
macro_rules! object_of {
    ($cluster:expr, $variant:ident, $name:expr) => {
        $cluster
            .0
            .iter_mut()
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
        let chosen: Vec<&Layer> = names
            .iter()
            .map(|name| layers.iter().find(|layer| layer.name == *name).expect("a layer"))
            .collect();
        Self(layout::applied(&chosen))
    }

    fn ground() -> Self {
        Self::of(&Lab::demo(), &["base", "v1"])
    }

    fn with_canary() -> Self {
        Self::of(&Lab::demo(), &["base", "v1", "canary-v2"])
    }

    fn deployment(&mut self, name: &str) -> &mut Deployment {
        object_of!(self, Deployment, name)
    }

    fn destination_rule(&mut self, name: &str) -> &mut DestinationRule {
        object_of!(self, DestinationRule, name)
    }

    fn service(&mut self, name: &str) -> &mut Service {
        object_of!(self, Service, name)
    }

    fn gateway(&mut self) -> &mut Gateway {
        object_of!(self, Gateway, "httpserver-service1")
    }

    fn virtual_service(&mut self, name: &str) -> &mut VirtualService {
        object_of!(self, VirtualService, name)
    }

    /// Where the rule at `rule` of a `VirtualService` leads.
    fn destination(&mut self, name: &str, rule: usize) -> &mut VirtualServiceHttpRouteDestination {
        let http = self.virtual_service(name).spec.http.as_mut().expect("rules");
        &mut http[rule].route.as_mut().expect("a route")[0].destination
    }

    /// Removes the object of this identity, such as `Service cloudnative/httpserver-service1`.
    fn remove(&mut self, identity: &str) {
        let before = self.0.len();
        self.0.retain(|manifest| manifest.object.identity().to_string() != identity);
        assert_eq!(self.0.len(), before - 1, "{identity} is one object of the lab");
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
