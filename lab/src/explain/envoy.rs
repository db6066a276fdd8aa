//! The snapshot that the lab would give to Envoy → the same, typed and found by ports and names.

use super::config::{self, Cluster, ConnectionManager, Listener, RouteConfiguration};
use crate::envoy::Snapshot;
use crate::failure::{Failure, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct Envoy {
    /// By the port that they listen on.
    listeners: BTreeMap<u16, Listener>,
    clusters: BTreeMap<String, Cluster>,
    /// By the file that they are read from.
    routes: BTreeMap<PathBuf, RouteConfiguration>,
}

impl Envoy {
    /// `routes` is the folder of the route configurations.
    pub(super) fn of(snapshot: &Snapshot, routes: &Path) -> Result<Self> {
        let listeners = snapshot.listeners.iter().map(|(name, listener)| {
            let listener: Listener = config::of(name, listener)?;
            Ok((listener.address.socket_address.port_value, listener))
        });
        let clusters = snapshot.clusters.iter();
        let clusters =
            clusters.map(|(name, cluster)| Ok((name.clone(), config::of(name, cluster)?)));
        let routes = snapshot.routes.iter().map(|(stem, of_stem)| {
            let file = routes.join(format!("{stem}.json"));
            Ok((file, config::of(stem, &of_stem.configuration)?))
        });
        Ok(Self {
            listeners: listeners.collect::<Result<_>>()?,
            clusters: clusters.collect::<Result<_>>()?,
            routes: routes.collect::<Result<_>>()?,
        })
    }

    pub(super) fn listener(&self, port: u16) -> Option<&Listener> {
        self.listeners.get(&port)
    }

    pub(super) fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.get(name)
    }

    /// The routes of a connection manager.
    pub(super) fn routes<'a>(
        &'a self,
        manager: &'a ConnectionManager,
    ) -> Result<&'a RouteConfiguration> {
        let inline = manager.route_config.as_ref();
        let file = manager.rds.as_ref().map(|rds| &rds.config_source.path_config_source.path);
        inline.or_else(|| self.routes.get(file?)).ok_or_else(|| {
            let message = "explain does not find the routes of a connection manager";
            Failure::lab(message, "this is a mistake of the lab; please report it")
        })
    }
}

impl Cluster {
    /// The ports of its endpoints.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        let localities = self.load_assignment.endpoints.iter();
        let endpoints = localities.flat_map(|locality| &locality.lb_endpoints);
        endpoints.map(|endpoint| endpoint.endpoint.address.socket_address.port_value)
    }

    pub(super) fn istio_name(&self) -> &str {
        self.alt_stat_name.trim_end_matches(';')
    }
}
