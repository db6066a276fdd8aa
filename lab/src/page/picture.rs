//! A diagram → the shapes of its picture, in pixels. Pure.

use crate::diagram::layout::{Layout, Run};
use crate::diagram::{Diagram, Way};
use crate::waterfall::cut;
use std::fmt::Write;

/// The names of the lanes at the left, and the gateway beside them.
const NAMES: usize = 116;
const GATEWAY: usize = 76;
const HEAD: usize = 44;
/// From one line to the next in a row, half the height of a place, and what is left above and below it.
const PITCH: usize = 32;
const HALF: usize = 24;
const PADDING: usize = 14;
/// Between two rows.
const BETWEEN: usize = 8;
const PLACE: usize = 124;
const TRACK: usize = 16;
/// Before the first track of a gap, and at its end, where the arrow is.
const BEFORE: usize = 12;
const ARROW: usize = 24;
const CORNER: usize = 9;
/// The width of a letter of the numbers, and of a service's name; a bit more than fonts need.
const LETTER: usize = 7;
const NAME_LETTER: usize = 8;
/// Letters of the words in a gap of a lane.
const WORDS: usize = 20;

pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) bands: Vec<Band>,
    pub(crate) heads: Vec<Head>,
    pub(crate) gateway: Shape,
    pub(crate) places: Vec<Spot>,
    pub(crate) gaps: Vec<Spot>,
    pub(crate) ways: Vec<Drawn>,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// The row of a lane.
pub(crate) struct Band {
    pub(crate) shape: Shape,
    pub(crate) lane: usize,
    pub(crate) name: String,
    pub(crate) total: String,
}

/// The name of a column.
pub(crate) struct Head {
    pub(crate) x: usize,
    pub(crate) name: String,
}

/// Who answers at a hop, or the words for nobody.
pub(crate) struct Spot {
    pub(crate) shape: Shape,
    pub(crate) lane: usize,
    pub(crate) name: String,
    pub(crate) ready: String,
    pub(crate) is_ready: bool,
    pub(crate) title: String,
}

pub(crate) struct Drawn {
    pub(crate) lane: usize,
    /// Of SVG.
    pub(crate) path: String,
    /// Its vertical parts, which cross the ways of others.
    pub(crate) crossing: String,
    pub(crate) arrow: String,
    pub(crate) title: String,
    pub(crate) idle: bool,
    pub(crate) conditional: bool,
    pub(crate) number: Option<Number>,
}

/// What is written on a way.
pub(crate) struct Number {
    pub(crate) shape: Shape,
    pub(crate) text: String,
    pub(crate) failed: String,
}

impl Shape {
    pub(crate) const fn middle(&self) -> usize {
        self.x + self.width / 2
    }

    pub(crate) const fn centre(&self) -> usize {
        self.y + self.height / 2
    }
}

/// Where everything lies.
struct Grid<'a> {
    diagram: &'a Diagram,
    layout: Layout,
    /// The height of each line.
    lines: Vec<usize>,
    /// The beginning of each column of places, and its width.
    columns: Vec<[usize; 2]>,
    /// For each gap: its beginning, the middle of its numbers, and its end.
    gaps: Vec<[usize; 3]>,
    width: usize,
    height: usize,
}

impl Picture {
    pub(crate) fn of(diagram: &Diagram) -> Self {
        let grid = Grid::of(diagram);
        let bands: Vec<Band> = (0..diagram.lanes.len()).map(|lane| grid.band(lane)).collect();
        let heads = diagram.hops.iter().zip(&grid.columns);
        let heads =
            heads.map(|(hop, [x, width])| Head { x: x + width / 2, name: hop.service.clone() });
        let top = bands.first().map_or(0, |band| band.shape.y + BETWEEN);
        let bottom = bands.last().map_or(0, |band| band.shape.y + band.shape.height - BETWEEN);
        Self {
            width: grid.width,
            height: grid.height,
            title: format!("Where requests to {} go", diagram.entrance),
            description: description(diagram),
            heads: heads.collect(),
            gateway: Shape { x: NAMES, y: top, width: GATEWAY, height: bottom - top },
            places: (0..diagram.places.len()).map(|place| grid.place(place)).collect(),
            gaps: (0..diagram.gaps.len()).map(|gap| grid.gap(gap)).collect(),
            ways: diagram
                .ways
                .iter()
                .zip(&grid.layout.runs)
                .map(|(way, run)| grid.way(way, run))
                .collect(),
            bands,
        }
    }
}

impl<'a> Grid<'a> {
    fn of(diagram: &'a Diagram) -> Self {
        let layout = Layout::of(diagram);
        let mut lines = Vec::new();
        let mut y = HEAD + PADDING + HALF;
        for (index, line) in layout.lines.iter().enumerate() {
            if let Some(before) = index.checked_sub(1) {
                let same = layout.lines[before].row == line.row;
                y += if same { PITCH } else { 2 * (HALF + PADDING) + BETWEEN };
            }
            lines.push(y);
        }
        let height = y + HALF + PADDING;
        let (mut columns, mut gaps) = (Vec::new(), Vec::new());
        let mut x = NAMES + GATEWAY;
        for (hop, [left, right]) in layout.tracks.iter().enumerate() {
            let ways = diagram.ways.iter().filter(|way| diagram.places[way.to].hop == hop);
            let number = ways.map(|way| number_width(&number(way))).max().unwrap_or_default();
            let middle = x + BEFORE + left * TRACK + number.max(48) / 2;
            let end = middle + number.max(48) / 2 + right * TRACK + ARROW;
            gaps.push([x, middle, end]);
            let width = PLACE.max(diagram.hops[hop].service.chars().count() * NAME_LETTER);
            columns.push([end, width]);
            x = end + width;
        }
        Self { diagram, layout, lines, columns, gaps, width: x + PADDING, height }
    }

    fn band(&self, lane: usize) -> Band {
        let own = self.layout.lines.iter().zip(&self.lines).filter(|(line, _)| line.row == lane);
        let heights: Vec<usize> = own.map(|(_, y)| *y).collect();
        let (first, last) = (
            heights.first().copied().unwrap_or_default(),
            heights.last().copied().unwrap_or_default(),
        );
        let y = first - HALF - PADDING;
        let drawn = &self.diagram.lanes[lane];
        let total = drawn.count.map(|count| match count.requests {
            1 => "1 request".to_owned(),
            number => format!("{number} requests"),
        });
        Band {
            shape: Shape { x: 0, y, width: self.width, height: last + HALF + PADDING - y },
            lane,
            name: drawn.words().to_owned(),
            total: total.unwrap_or_default(),
        }
    }

    fn place(&self, place: usize) -> Spot {
        let place = &self.diagram.places[place];
        let (first, last) = self.layout.lines_of(place.row, place.slot);
        let [x, width] = self.columns[place.hop];
        let y = self.lines[first] - HALF;
        let shape = Shape { x, y, width, height: self.lines[last] + HALF - y };
        let (ready, pods) = (place.ready, place.pods.len());
        let service = &self.diagram.hops[place.hop].service;
        Spot {
            shape,
            lane: place.row,
            name: cut(&place.name, width / NAME_LETTER),
            ready: format!("{ready} of {pods} ready"),
            is_ready: ready == pods,
            title: format!("{service} {}: {}", place.name, place.pods.join(", ")),
        }
    }

    fn gap(&self, gap: usize) -> Spot {
        let gap = &self.diagram.gaps[gap];
        let [x, width] = self.columns[gap.hop];
        let own =
            self.layout.lines.iter().position(|line| (line.row, line.lane) == (gap.lane, gap.lane));
        let y = self.lines[own.unwrap_or_default()];
        let service = &self.diagram.hops[gap.hop].service;
        let lane = self.diagram.lanes[gap.lane].words();
        Spot {
            shape: Shape { x, y: y - HALF + 6, width, height: 2 * (HALF - 6) },
            lane: gap.lane,
            name: cut(&gap.words, WORDS),
            ready: String::new(),
            is_ready: true,
            title: format!("{lane} at {service}: {}", gap.words),
        }
    }

    fn way(&self, way: &Way, run: &Run) -> Drawn {
        let [begin, _, _] = self.gaps[run.first_gap];
        let [_, middle, end] = self.gaps[run.last_gap];
        let [start, along, stop] = [run.start, run.along, run.end].map(|line| self.lines[line]);
        let (mut path, mut crossing) = (format!("M{begin} {start}"), String::new());
        if let Some(track) = run.left {
            let x = begin + BEFORE + track * TRACK;
            path += &turn(x, start, along);
            crossing += &straight(x, start, along);
        }
        if let Some(track) = run.right {
            let outside = self.layout.tracks[run.last_gap][1] - track;
            let x = end - ARROW - outside * TRACK + TRACK / 2;
            path += &turn(x, along, stop);
            crossing += &straight(x, along, stop);
        }
        let tip = end - 2;
        write!(path, "H{}", tip - 5).ok();
        let numbers = number(way);
        let width = number_width(&numbers);
        let shape = Shape { x: middle - width / 2, y: along - 11, width, height: 22 };
        let [text, failed] = numbers;
        Drawn {
            lane: way.lane,
            path,
            crossing,
            arrow: format!("M{tip} {stop}l-9 -5v10z"),
            title: sentence(self.diagram, way),
            idle: way.count.is_some_and(|count| count.requests == 0),
            conditional: way.when.is_some(),
            number: (!text.is_empty()).then_some(Number { shape, text, failed }),
        }
    }
}

/// From one line to another at `x`, with round corners.
fn turn(x: usize, from: usize, to: usize) -> String {
    let (before, after) =
        if to > from { (from + CORNER, to - CORNER) } else { (from - CORNER, to + CORNER) };
    format!("H{}Q{x} {from} {x} {before}V{after}Q{x} {to} {} {to}", x - CORNER, x + CORNER)
}

/// The part of a turn between its corners.
fn straight(x: usize, from: usize, to: usize) -> String {
    format!("M{x} {}V{}", from.min(to) + CORNER, from.max(to) - CORNER)
}

/// What is written on a way: its share or its requests, or both; and those that failed.
fn number(way: &Way) -> [String; 2] {
    let requests = way.count.map(|count| count.requests.to_string());
    let text: Vec<String> = way.share().into_iter().chain(requests).collect();
    let enters = way.enters.as_ref().map(|lane| format!(" → {lane}")).unwrap_or_default();
    let failed = way.count.filter(|count| count.failed > 0);
    let failed = failed.map(|count| format!("{} failed", count.failed)).unwrap_or_default();
    [text.join(" · ") + &enters, failed]
}

fn number_width([text, failed]: &[String; 2]) -> usize {
    if text.is_empty() {
        return 0;
    }
    let letters = text.chars().count() + if failed.is_empty() { 0 } else { failed.len() + 1 };
    18 + letters * LETTER
}

/// One way in words.
fn sentence(diagram: &Diagram, way: &Way) -> String {
    let [from, to] = diagram.ends(way);
    let lane = diagram.lanes[way.lane].words();
    let when = way.words().map(|words| format!(", {words}")).unwrap_or_default();
    let [text, failed] = number(way);
    let numbers: Vec<String> = [text, failed].into_iter().filter(|text| !text.is_empty()).collect();
    let numbers =
        if numbers.is_empty() { String::new() } else { format!(": {}", numbers.join(", ")) };
    format!("{lane}: {from} → {to}{when}{numbers}")
}

/// The whole picture in words: for each lane, who answers at each hop.
fn description(diagram: &Diagram) -> String {
    let lanes = diagram.lanes.iter().enumerate().map(|(lane, drawn)| {
        let hops = diagram.hops.iter().enumerate().map(|(hop, column)| {
            let gap = diagram.gaps.iter().find(|gap| (gap.lane, gap.hop) == (lane, hop));
            let own = diagram.answering(lane, hop).into_iter().map(|place| &diagram.places[place]);
            let own: Vec<&str> = own.map(|place| place.name.as_str()).collect();
            let words = gap.map_or_else(|| own.join(" or "), |gap| gap.words.clone());
            format!("{} {words}", column.service)
        });
        format!("{}: {}.", drawn.words(), hops.collect::<Vec<_>>().join(", then "))
    });
    lanes.collect::<Vec<_>>().join(" ")
}
