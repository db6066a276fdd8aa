//! The flow of requests, and the pods → a diagram for each entrance.

use super::{Diagram, Gap, Hop, Lane, Place, Way};
use crate::collector::calls::{Call, Caller};
use crate::topology::{Pod, Topology};
use manifests::flow::{Cell, Class, Decision, Entrance, Flow, Row, Share};
use manifests::object::Manifest;
use std::collections::BTreeSet;

/// A diagram for each entrance that leads to a service; one that only tells to come again by HTTPS has none.
pub(crate) fn diagrams(manifests: &[Manifest], topology: &Topology) -> Vec<Diagram> {
    let applied: Vec<&Manifest> = manifests.iter().collect();
    let flow = Flow::of(&applied);
    let classes = flow.classes();
    let entrances = flow.entrances().into_iter().filter(|entrance| !entrance.to_https);
    let behind = entrances.map(|entrance| (flow.tree(&entrance, &classes), entrance));
    let drawn = behind.filter(|(rows, _)| !rows.is_empty());
    drawn.map(|(rows, entrance)| Building::of(&entrance, &classes, topology).drawn(&rows)).collect()
}

struct Building<'a> {
    topology: &'a Topology,
    classes: &'a [Class],
    diagram: Diagram,
    /// Host, subset and callers of each place.
    behind: Vec<Behind>,
}

struct Behind {
    host: String,
    subset: Option<String>,
    /// As which the pods call others.
    callers: Vec<Caller>,
}

impl<'a> Building<'a> {
    fn of(entrance: &Entrance, classes: &'a [Class], topology: &'a Topology) -> Self {
        let lane = |class: &Class| Lane { name: name(class), count: None };
        let diagram = Diagram {
            entrance: entrance.url.clone(),
            host: entrance.host.clone(),
            lanes: classes.iter().map(lane).collect(),
            hops: Vec::new(),
            places: Vec::new(),
            ways: Vec::new(),
            gaps: Vec::new(),
        };
        Self { topology, classes, diagram, behind: Vec::new() }
    }

    fn drawn(mut self, rows: &[Row]) -> Diagram {
        for (hop, row) in rows.iter().enumerate() {
            let above = rows[..hop].iter().rposition(|other| other.depth + 1 == row.depth);
            self.diagram.hops.push(Hop {
                service: row.service.clone(),
                caller: above,
                repeated: row.repeated,
            });
            for (lane, cell) in row.cells.iter().enumerate() {
                if let Some(cell) = cell {
                    self.add(lane, hop, row, cell);
                }
            }
        }
        self.diagram
    }

    /// What becomes of the requests of one lane at one hop.
    fn add(&mut self, lane: usize, hop: usize, row: &Row, cell: &Cell) {
        let sources = self.sources(lane, hop);
        if sources.is_empty() {
            // All of them are in another lane by now, and drawn there.
            return;
        }
        for decision in &cell.decisions {
            // An entrance may lead to several services; each has a hop of its own.
            let here = |share: &&Share| row.depth > 0 || share.host == row.host;
            for share in decision.answer.shares().iter().filter(here) {
                let to = self.place(lane, hop, row, share);
                for from in &sources {
                    self.way(lane, *from, to, share, condition(decision));
                }
            }
        }
        let answering = self.diagram.answering(lane, hop);
        let places = answering.iter().map(|place| &self.diagram.places[*place]);
        let elsewhere: Vec<&Place> = places.filter(|place| place.row != lane).collect();
        if elsewhere.len() == answering.len() {
            let names: Vec<&str> = elsewhere.iter().map(|place| place.name.as_str()).collect();
            let words = match elsewhere.first() {
                None => cell.words(&row.host),
                Some(place) if place.row == 0 => format!("falls back to {}", names.join(", ")),
                Some(_) => format!("goes to {}", names.join(", ")),
            };
            self.diagram.gaps.push(Gap { lane, hop, words });
        }
    }

    /// Where requests of the lane come from on their way to a hop; none: the gateway.
    fn sources(&self, lane: usize, hop: usize) -> Vec<Option<usize>> {
        match self.diagram.hops[hop].caller {
            None => vec![None],
            Some(caller) => {
                let staying = |place: &usize| {
                    let ways = self.diagram.ways.iter();
                    let mut ways = ways.filter(|way| (way.lane, way.to) == (lane, *place));
                    ways.any(|way| !self.diagram.is_drawn(way.enters.as_deref()))
                };
                self.diagram.answering(lane, caller).into_iter().filter(staying).map(Some).collect()
            }
        }
    }

    /// The place of a share; a new one, unless another lane leads there too.
    fn place(&mut self, lane: usize, hop: usize, row: &Row, share: &Share) -> usize {
        let known = self.diagram.places.iter().zip(&self.behind).position(|(place, behind)| {
            (place.hop, &behind.host, &behind.subset) == (hop, &share.host, &share.subset)
        });
        if let Some(known) = known {
            return known;
        }
        let of = |lane: &usize| self.classes[*lane].lane().is_some_and(|name| share.is_of(name));
        let own = Some(lane).filter(of).or_else(|| (0..self.classes.len()).find(of));
        let place_row = own.unwrap_or(0);
        let same =
            self.diagram.places.iter().filter(|place| (place.hop, place.row) == (hop, place_row));
        let slot = same.count();
        let pods = self.pods(share);
        self.behind.push(Behind {
            host: share.host.clone(),
            subset: share.subset.clone(),
            callers: pods
                .iter()
                .map(|pod| caller(pod))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        });
        self.diagram.places.push(Place {
            hop,
            row: place_row,
            slot,
            name: words(share, &row.host),
            pods: pods.into_iter().map(|pod| pod.name.clone()).collect(),
            ready: 0,
        });
        self.diagram.places.len() - 1
    }

    /// The pods of the Service that have one of the share's versions.
    fn pods(&self, share: &Share) -> Vec<&'a Pod> {
        let service = self.topology.services.iter().find(|service| service.host == share.host);
        let pods = self.topology.pods.iter().filter(|pod| {
            let selected = service
                .is_some_and(|service| service.ports.iter().any(|port| service.selects(pod, port)));
            selected && share.versions.iter().any(|version| is_of(pod, version))
        });
        pods.collect()
    }

    fn way(
        &mut self,
        lane: usize,
        from: Option<usize>,
        to: usize,
        share: &Share,
        when: Option<String>,
    ) {
        let enters = Some(&share.arrives).filter(|class| **class != self.classes[lane]).map(name);
        let ways = &mut self.diagram.ways;
        let is_known =
            |way: &&mut Way| (way.lane, way.from, way.to, &way.enters) == (lane, from, to, &enters);
        if let Some(known) = ways.iter_mut().find(is_known) {
            // Several rules lead there; without a condition if one of them has none.
            known.when =
                known.when.take().zip(when).map(|(one, other)| format!("{one}, or {other}"));
            known.permille = known.permille.max(share.permille);
            return;
        }
        let callers = match from {
            None => vec![Caller::Gateway(self.diagram.host.clone())],
            Some(place) => self.behind[place].callers.clone(),
        };
        // A lane that no rule asks for is counted with the baseline.
        let counted = self.diagram.lanes[lane].name.clone();
        let calls = callers.into_iter().map(|caller| Call {
            lane: counted.clone(),
            caller,
            host: share.host.clone(),
            subset: share.subset.clone().unwrap_or_default(),
        });
        let way = Way {
            lane,
            from,
            to,
            permille: share.permille,
            when,
            enters,
            count: None,
            calls: calls.collect(),
        };
        self.diagram.ways.push(way);
    }
}

/// What a request must be like: a rule with a name is easier to look up than its patterns are to read.
fn condition(decision: &Decision) -> Option<String> {
    let named = decision.rule.as_ref().filter(|(_, name)| !name.is_empty());
    let named = named.map(|(_, name)| format!("rule {name} takes it"));
    decision.when.as_ref().map(|when| named.unwrap_or_else(|| when.clone()))
}

/// Empty for requests without a lane.
fn name(class: &Class) -> String {
    class.lane().unwrap_or_default().to_owned()
}

/// The version; every one, where the route leaves it open; with the service, where it is not the one that was called.
fn words(share: &Share, home: &str) -> String {
    let versions = match (share.versions.as_slice(), &share.subset) {
        ([], _) => "no pods".to_owned(),
        (versions, None) => versions.join(" or "),
        (versions, Some(_)) => versions.join(" and "),
    };
    if share.host == home { versions } else { format!("{} {versions}", share.service) }
}

/// As which a pod's proxy names itself in its spans.
fn caller(pod: &Pod) -> Caller {
    let version = Some(pod.label("version")).filter(|version| !version.is_empty());
    Caller::Pods {
        service: format!("{}.{}", pod.label("app"), pod.namespace),
        version: version.unwrap_or("latest").to_owned(),
    }
}

/// A version is the label of the pod, or the name of its Deployment.
fn is_of(pod: &Pod, version: &str) -> bool {
    match pod.label("version") {
        "" => pod.name.starts_with(version),
        label => label == version,
    }
}
