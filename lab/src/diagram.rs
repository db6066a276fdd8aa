//! Objects → a picture of where requests go: lanes as rows, services in the order of calls as columns, who answers where.
//!
//! What is drawn is what the routes say; how many requests took each way is what the collector counted. Pure.

mod build;
pub(crate) mod layout;
pub(crate) mod text;

pub(crate) use build::diagrams;

use crate::collector::calls::{Call, Calls, Count, Known};
use crate::control::PodStatus;
use serde::{Deserialize, Serialize};

/// Everything behind one entrance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Diagram {
    /// `https://host`, as the manifests publish it.
    pub(crate) entrance: String,
    #[serde(skip)]
    host: String,
    /// The rows: the baseline, then every lane that some rule asks for.
    pub(crate) lanes: Vec<Lane>,
    /// The columns behind the gateway.
    pub(crate) hops: Vec<Hop>,
    pub(crate) places: Vec<Place>,
    pub(crate) ways: Vec<Way>,
    pub(crate) gaps: Vec<Gap>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lane {
    /// Empty for the baseline: requests without a lane, and those in a lane that nobody has.
    pub(crate) name: String,
    /// What entered; absent where spans go elsewhere.
    pub(crate) count: Option<Count>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hop {
    pub(crate) service: String,
    /// The hop that calls it; none for one behind the gateway.
    pub(crate) caller: Option<usize>,
    /// Its calls are drawn where it stands for the first time.
    pub(crate) repeated: bool,
}

/// The pods that answer at a hop, in the row of their lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) hop: usize,
    pub(crate) row: usize,
    /// Which of several at the same hop in the same row, from 0.
    pub(crate) slot: usize,
    /// The version, with the service where it is not the one that was called.
    pub(crate) name: String,
    pub(crate) pods: Vec<String>,
    pub(crate) ready: usize,
}

/// What requests of one lane do between two places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Way {
    pub(crate) lane: usize,
    /// None: the gateway.
    pub(crate) from: Option<usize>,
    pub(crate) to: usize,
    /// In thousandths of the requests of the lane that are here.
    pub(crate) permille: u32,
    /// What else a request must be like, in words.
    pub(crate) when: Option<String>,
    /// The lane that the requests are in from here on, if the proxy puts them into another one; they are counted there.
    pub(crate) enters: Option<String>,
    pub(crate) count: Option<Count>,
    #[serde(skip)]
    calls: Vec<Call>,
}

/// A hop at which a lane has nothing of its own, and what becomes of its requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gap {
    pub(crate) lane: usize,
    pub(crate) hop: usize,
    pub(crate) words: String,
}

impl Lane {
    /// As people call it.
    pub(crate) fn words(&self) -> &str {
        if self.name.is_empty() { "baseline" } else { &self.name }
    }
}

impl Way {
    /// The share of the requests that take it, in words; none where all do.
    pub(crate) fn share(&self) -> Option<String> {
        (self.permille < 1000).then(|| format!("{} %", f64::from(self.permille) / 10.0))
    }

    /// What else a request must be like, and which lane it is in from there on, in words.
    pub(crate) fn words(&self) -> Option<String> {
        let when = self.when.as_ref().map(|when| format!("when {when}"));
        let enters = self.enters.as_deref().map(|lane| match lane {
            "" => "in no lane from there on".to_owned(),
            lane => format!("in lane {lane} from there on"),
        });
        let words: Vec<String> = when.into_iter().chain(enters).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

impl Diagram {
    /// With what is known right now: the pods, and the counts if there are any.
    #[must_use]
    pub(crate) fn live(mut self, pods: &[PodStatus], calls: Option<&Calls>) -> Self {
        for place in &mut self.places {
            let ready = pods.iter().filter(|pod| pod.ready && place.pods.contains(&pod.name));
            place.ready = ready.count();
        }
        for way in &mut self.ways {
            way.count = calls.filter(|_| way.enters.is_none()).map(|calls| calls.of(&way.calls));
        }
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let entering = self.ways.iter().filter(|way| way.lane == index && way.from.is_none());
            // Several ways from the gateway may stand for the same call.
            let counted = entering.filter(|way| way.enters.is_none());
            let entered: Vec<&Call> = counted.flat_map(|way| &way.calls).collect();
            lane.count = calls.map(|calls| calls.of(unique(entered)));
        }
        self
    }

    /// As a picture has it: a way that only differs from another in the lane that its requests enter is not drawn, because
    /// that lane begins at the gateway, too.
    #[must_use]
    pub(crate) fn drawn(&self) -> Self {
        let is_plain = |way: &Way| {
            let same =
                |other: &&Way| (other.lane, other.from, other.to) == (way.lane, way.from, way.to);
            let first = self.ways.iter().filter(same).min_by_key(|other| other.enters.is_some());
            first.is_some_and(|first| first.enters == way.enters)
        };
        let ways = self.ways.iter().filter(|way| is_plain(way)).cloned().collect();
        Self { ways, ..self.clone() }
    }

    /// Whether there is a row for a lane that requests enter.
    fn is_drawn(&self, lane: Option<&str>) -> bool {
        lane.is_some_and(|name| self.lanes.iter().any(|lane| lane.name == name))
    }

    /// Who answers requests of a lane at a hop: places, each once.
    pub(crate) fn answering(&self, lane: usize, hop: usize) -> Vec<usize> {
        let ways = self.ways.iter().filter(|way| way.lane == lane);
        let mut found = Vec::new();
        for place in ways.map(|way| way.to).filter(|place| self.places[*place].hop == hop) {
            if !found.contains(&place) {
                found.push(place);
            }
        }
        found
    }

    /// The name of a way's beginning, and of its end.
    pub(crate) fn ends(&self, way: &Way) -> [String; 2] {
        let name = |place: usize| {
            let Place { hop, name, .. } = &self.places[place];
            format!("{} {name}", self.hops[*hop].service)
        };
        [way.from.map_or_else(|| "gateway".to_owned(), name), name(way.to)]
    }
}

fn unique(mut calls: Vec<&Call>) -> Vec<&Call> {
    calls.sort();
    calls.dedup();
    calls
}

/// What the diagrams draw, so that it is counted.
pub(crate) fn known<'a>(diagrams: impl IntoIterator<Item = &'a Diagram>) -> Known {
    let mut known = Known::default();
    for diagram in diagrams {
        known.hosts.insert(diagram.host.clone());
        known.calls.extend(diagram.ways.iter().flat_map(|way| way.calls.clone()));
    }
    known
}
