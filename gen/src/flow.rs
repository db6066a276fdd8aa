//! Objects → where a request goes: the entrances, the lanes, and what is decided at each hop.
//!
//! Everything is told from the objects alone. Source of what a route means: `TranslateRoute` in istio's
//! `pilot/pkg/networking/core/route/route.go`.

mod answer;
mod calls;
mod condition;
mod entrance;
mod extra;
mod rule;
mod tree;

pub use answer::{Answer, Share};
pub use entrance::Entrance;
pub use extra::{Extra, Topic};
pub use rule::Decision;
pub use tree::{Cell, Row};

use crate::check::Installed;
use crate::check::covers::Text;
use crate::check::world::{MESH, Placed, World};
use crate::host;
use crate::model::LANE_HEADER;
use crate::object::Manifest;
use condition::Place;
use kcr_networking_istio_io::v1::virtualservices::VirtualService;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// Requests that carry the same lane, or none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    NoLane,
    Lane(String),
}

/// What is decided about requests by the objects that are applied together.
pub struct Flow<'a> {
    world: World<'a>,
    /// The places of the routes in the world, by gateway and host.
    routes: HashMap<(String, String), usize>,
    /// Those with a wildcard for a host.
    wide_routes: Vec<usize>,
    /// Names that Services of several namespaces bear.
    shared_names: BTreeSet<&'a str>,
}

/// A way is asked for as the manifests have it; what is installed beside them does not matter.
static NOTHING_INSTALLED: Installed = Installed {
    namespaces: Vec::new(),
    gateways: Vec::new(),
    trace_providers: Vec::new(),
    certificates: Vec::new(),
    hosts: Vec::new(),
};

impl<'a> Flow<'a> {
    /// `manifests` are in the order of application: a later object replaces an earlier one of its identity.
    pub fn of(manifests: &'a [&'a Manifest]) -> Self {
        let world = World::of(manifests, &NOTHING_INSTALLED);
        let mut routes = HashMap::new();
        let mut wide_routes = Vec::new();
        for (index, route) in world.routes.iter().enumerate() {
            for name in route.object.spec.hosts.iter().flatten() {
                let host = host::resolve(name, route.namespace);
                if host.starts_with('*') {
                    wide_routes.push(index);
                }
                for gateway in route.gateways() {
                    // Of several for one host, the first one: Istio would ignore the others in the mesh, and a law forbids them.
                    routes.entry((gateway, host.clone())).or_insert(index);
                }
            }
        }
        let mut names = BTreeSet::new();
        let all = world.services.values().map(|service| service.name);
        let shared_names = all.filter(|name| !names.insert(*name)).collect();
        Self { world, routes, wide_routes, shared_names }
    }

    /// Every value that a rule compares the header of lanes with, exactly.
    pub fn lanes(&self) -> BTreeSet<String> {
        let rules = self.world.routes.iter().flat_map(|route| route.object.spec.http.iter());
        let matches = rules.flatten().flat_map(|rule| rule.r#match.iter().flatten());
        matches.flat_map(condition::lanes).collect()
    }

    /// The patterns and beginnings that rules compare the header of lanes with.
    pub(crate) fn wide_lanes(&self) -> Vec<Text<'a>> {
        let rules = self.world.routes.iter().flat_map(|route| route.object.spec.http.iter());
        let matches = rules.flatten().flat_map(|rule| rule.r#match.iter().flatten());
        let texts: Vec<Text<'a>> = matches.flat_map(condition::lane_texts).collect();
        texts.into_iter().filter(|text| matches!(text, Text::Prefix(_) | Text::Regex(_))).collect()
    }

    /// No lane, then every lane.
    pub fn classes(&self) -> Vec<Class> {
        let lanes = self.lanes().into_iter().map(Class::Lane);
        std::iter::once(Class::NoLane).chain(lanes).collect()
    }

    /// What is decided about a request at an entrance, in order; the last decision takes what is left.
    pub fn at_entrance(&self, entrance: &Entrance, class: &Class) -> Vec<Decision> {
        if entrance.to_https {
            return vec![Decision::always(Answer::Redirect("HTTPS".into()))];
        }
        let route = self.route_of(entrance);
        let place = Place { gateway: &entrance.gateway, ports: &[entrance.port] };
        self.decisions(route, class, &place)
    }

    pub(crate) fn route_of(&self, entrance: &Entrance) -> Option<&Placed<'a, VirtualService>> {
        let identity = entrance.route.as_ref()?;
        let wanted = (identity.namespace.as_str(), identity.name.as_str());
        self.world.routes.iter().find(|route| (route.namespace, route.name) == wanted)
    }

    /// What is decided about a call to a fully qualified host inside of the mesh, in order.
    pub fn at_host(&self, host: &str, class: &Class) -> Vec<Decision> {
        let Some(route) = self.mesh_route(host) else {
            let share = Share { arrives: class.clone(), ..self.share(host, None, answer::WHOLE) };
            return vec![Decision::always(Answer::Shares(vec![share]))];
        };
        let ports = self.ports(host);
        self.decisions(Some(route), class, &Place { gateway: MESH, ports: &ports })
    }

    /// The fully qualified hosts of all Services: in the order of calls from the entrances, then those never called.
    pub fn services(&self) -> Vec<String> {
        let classes = self.classes();
        let entrances = self.entrances();
        let rows = entrances.iter().flat_map(|entrance| self.tree(entrance, &classes));
        let hosts = rows.map(|row| row.host).chain(self.world.services.keys().cloned());
        let mut seen = BTreeSet::new();
        hosts.filter(|host| seen.insert(host.clone())).collect()
    }

    pub fn has_service(&self, host: &str) -> bool {
        self.world.services.contains_key(host)
    }

    fn decisions(
        &self,
        route: Option<&Placed<'_, VirtualService>>,
        class: &Class,
        place: &Place<'_>,
    ) -> Vec<Decision> {
        let mut decisions = Vec::new();
        let rules = route.iter().flat_map(|route| route.object.spec.http.iter().flatten());
        for http in rules.enumerate() {
            let namespace = route.map_or("", |route| route.namespace);
            let Some(decision) = self.decision(http, namespace, class, place) else { continue };
            let decided = decision.when.is_none();
            decisions.push(decision);
            if decided {
                return decisions;
            }
        }
        decisions.push(Decision::always(Answer::Nothing));
        decisions
    }

    /// The VirtualService of a host in the mesh: the one that names it, or the one with the longest wildcard for it.
    pub(crate) fn mesh_route(&self, host: &str) -> Option<&Placed<'a, VirtualService>> {
        self.route_at(MESH, host)
    }

    /// The route that names the host, or the one with the longest wildcard for it; of equals, the first one.
    fn route_at(&self, gateway: &str, host: &str) -> Option<&Placed<'a, VirtualService>> {
        if let Some(index) = self.routes.get(&(gateway.to_owned(), host.to_owned())) {
            return self.world.routes.get(*index);
        }
        let closeness = |route: &Placed<'_, VirtualService>| {
            let hosts = route.object.spec.hosts.iter().flatten();
            let hosts = hosts.map(|name| host::resolve(name, route.namespace));
            hosts.filter(|name| entrance::includes(name, host)).map(|name| name.len()).max()
        };
        let wide = self.wide_routes.iter().map(|index| &self.world.routes[*index]);
        let bound = wide.filter(|route| route.gateways().iter().any(|name| name == gateway));
        let close = bound.filter_map(|route| Some((closeness(route)?, route)));
        close.rev().max_by_key(|(closeness, _)| *closeness).map(|(_, route)| route)
    }

    pub(crate) fn ports(&self, host: &str) -> Vec<i64> {
        let spec = self.world.services.get(host).and_then(|service| service.object.spec.as_ref());
        let ports = spec.and_then(|spec| spec.ports.as_ref());
        ports.into_iter().flatten().map(|port| i64::from(port.port)).collect()
    }
}

impl Class {
    pub fn lane(&self) -> Option<&str> {
        match self {
            Self::NoLane => None,
            Self::Lane(lane) => Some(lane),
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLane => formatter.write_str("requests without a lane"),
            Self::Lane(lane) => write!(formatter, "lane {lane}"),
        }
    }
}

/// Whether a header is the one that carries the lane; names of headers are the same in any case.
fn is_lane_header(name: &str) -> bool {
    name.eq_ignore_ascii_case(LANE_HEADER)
}
