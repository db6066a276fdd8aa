//! Everything that is known of the running lab → its first page.

use super::Scene;
use super::picture::Picture;
use super::release::Release;
use crate::collector::calls::Count;
use crate::collector::store::Store;
use crate::control::{PodStatus, Status};
use crate::diagram::Diagram;
use crate::trace::Trace;
use crate::waterfall::milliseconds;
use askama::Template;

/// How many traces are listed.
const LISTED: usize = 20;
/// Letters of a lane's name that are shown; a client makes it up.
const LANE_LETTERS: usize = 24;

/// Whether the page loads itself again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    On,
    Off,
}

impl Refresh {
    /// The seconds from one load to the next.
    pub(crate) const SECONDS: u32 = 5;
}

#[derive(Template)]
#[template(path = "overview.html")]
pub(crate) struct Overview {
    refresh: Option<u32>,
    layers: Vec<String>,
    figures: Vec<Figure>,
    drawings: Vec<Drawing>,
    /// What the numbers in the pictures are, or why there are none.
    note: String,
    release: Option<Release>,
    pods: Vec<Pod>,
    traces: Vec<Listed>,
    /// The query API of the Jaeger that spans go to, if it is not the lab's own.
    jaeger: Option<String>,
    status: Status,
}

/// A number that sums up the lab.
struct Figure {
    name: &'static str,
    value: String,
    is_bad: bool,
}

/// An entrance: its picture, and the same as a table.
struct Drawing {
    entrance: String,
    picture: Picture,
    rows: Vec<Row>,
}

struct Row {
    lane: Chip,
    from: String,
    to: String,
    share: String,
    count: Option<Count>,
}

/// The name of a lane in its colour; none for one that the lab does not have.
pub(crate) struct Chip {
    pub(crate) name: String,
    pub(crate) colour: Option<usize>,
}

struct Pod {
    status: PodStatus,
    lane: Option<Chip>,
}

/// A trace in the list.
struct Listed {
    id: String,
    time: String,
    lane: Chip,
    request: String,
    spans: usize,
    duration: String,
    /// Per cent of the longest duration in the list.
    length: u64,
    status: String,
    is_bad: bool,
}

impl Overview {
    pub(crate) fn of(scene: Scene, store: Option<&Store>, refresh: Refresh) -> Self {
        let Scene { status, diagrams, sampled } = scene;
        let calls = store.map(|store| &store.calls);
        let diagrams: Vec<Diagram> =
            diagrams.into_iter().map(|diagram| diagram.live(&status.pods, calls)).collect();
        let traces: Vec<Trace> = store
            .into_iter()
            .flat_map(|store| store.latest().take(LISTED).map(Trace::from))
            .collect();
        let longest = traces.iter().map(Trace::duration).max().unwrap_or_default().max(1);
        let pods = status.pods.iter().map(|pod| Pod {
            status: pod.clone(),
            lane: (!pod.lane.is_empty()).then(|| Chip::of(&pod.lane, &diagrams)),
        });
        Self {
            refresh: (refresh == Refresh::On).then_some(Refresh::SECONDS),
            layers: status.layers.clone(),
            figures: figures(&status, &diagrams),
            note: note(sampled, store.is_some()),
            release: status.release.as_ref().map(|release| Release::of(release, &diagrams)),
            pods: pods.collect(),
            traces: traces.iter().map(|trace| Listed::of(trace, longest, &diagrams)).collect(),
            jaeger: store.is_none().then(|| status.traces.clone()),
            drawings: diagrams.iter().map(Drawing::of).collect(),
            status,
        }
    }
}

fn figures(status: &Status, diagrams: &[Diagram]) -> Vec<Figure> {
    let lanes = || diagrams.iter().flat_map(|diagram| &diagram.lanes);
    let mut counts = lanes().map(|lane| lane.count);
    let sum = counts.try_fold(Count::default(), |sum, count| Some(sum.plus(count?)));
    let named = lanes().map(|lane| &lane.name).filter(|name| !name.is_empty());
    let mut named: Vec<&String> = named.collect();
    named.sort();
    named.dedup();
    let ready = status.pods.iter().filter(|pod| pod.ready).count();
    let all = status.pods.len();
    let number = |value: Option<u64>| value.map_or("–".to_owned(), |value| value.to_string());
    let failed = sum.map(|sum| sum.failed);
    vec![
        Figure { name: "Requests", value: number(sum.map(|sum| sum.requests)), is_bad: false },
        Figure {
            name: "Failed",
            value: number(failed),
            is_bad: failed.is_some_and(|failed| failed > 0),
        },
        Figure { name: "Lanes", value: named.len().to_string(), is_bad: false },
        Figure { name: "Pods ready", value: format!("{ready} of {all}"), is_bad: ready < all },
    ]
}

fn note(sampled: Option<f64>, here: bool) -> String {
    match (sampled, here) {
        (None, _) => "No Telemetry asks for spans, so no request is counted.".into(),
        (_, false) => "Spans go to another Jaeger, so requests are counted there.".into(),
        (Some(sampled), true) if sampled < 100.0 => format!(
            "A number is how many requests took that way since the lab started, as far as they are traced: {sampled} % are."
        ),
        _ => "A number is how many requests took that way since the lab started.".into(),
    }
}

impl Drawing {
    fn of(diagram: &Diagram) -> Self {
        let rows = diagram.ways.iter().map(|way| {
            let [from, to] = diagram.ends(way);
            Row {
                lane: Chip {
                    name: diagram.lanes[way.lane].words().to_owned(),
                    colour: Some(way.lane),
                },
                from,
                to,
                share: [way.share(), way.words()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(", "),
                count: way.count,
            }
        });
        Self {
            entrance: diagram.entrance.clone(),
            picture: Picture::of(&diagram.drawn()),
            rows: rows.collect(),
        }
    }
}

impl Chip {
    pub(crate) fn of(lane: &str, diagrams: &[Diagram]) -> Self {
        let mut lanes = diagrams.iter().map(|diagram| &diagram.lanes);
        let colour = lanes.find_map(|lanes| lanes.iter().position(|known| known.name == lane));
        let short: String = lane.chars().take(LANE_LETTERS).collect();
        let name = match lane.chars().count() {
            0 => "baseline".to_owned(),
            letters if letters > LANE_LETTERS => short + "…",
            _ => short,
        };
        Self { name, colour }
    }
}

impl Listed {
    fn of(trace: &Trace, longest: u64, diagrams: &[Diagram]) -> Self {
        let status = trace.tag("http.status_code").to_owned();
        let url = trace.tag("http.url");
        let path = reqwest::Url::parse(url).map_or(url.to_owned(), |url| url.path().to_owned());
        Self {
            id: trace.id.clone(),
            time: time(trace.start()),
            lane: Chip::of(trace.tag("lane"), diagrams),
            request: format!("{} {path}", trace.tag("http.method")),
            spans: trace.spans.len(),
            duration: milliseconds(trace.duration()),
            length: (trace.duration() * 100 / longest).max(1),
            is_bad: trace.has_failed(),
            status,
        }
    }
}

/// Microseconds since 1970 as the time of the day, in UTC.
pub(crate) fn time(microseconds: u64) -> String {
    let seconds = microseconds / 1_000_000 % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
