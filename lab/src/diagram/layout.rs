//! A diagram → where its ways run: horizontal lines in the rows, vertical tracks between the columns. No units: those who
//! draw it give lines and tracks their size.
//!
//! A way runs along one line, for the most part its own lane's. Where it begins in another row, it comes in on a track at
//! the left of the gap between two columns; where it ends in another row, it leaves on a track at the right. So a number
//! in the middle of a gap is crossed by no way of a neighbour.

use super::{Diagram, Way};
use std::collections::BTreeSet;

/// A horizontal line: no two lanes share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) row: usize,
    pub(crate) level: Level,
    pub(crate) lane: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Through the places of this slot.
    Slot(usize),
    /// Below all places of the row, for a call that skips a column.
    Below,
}

/// The course of one way. Lines and tracks are numbers, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Where it leaves its source, where it runs, and where it reaches its target.
    pub(crate) start: usize,
    pub(crate) along: usize,
    pub(crate) end: usize,
    /// Gaps are numbered by the hop behind them.
    pub(crate) first_gap: usize,
    pub(crate) last_gap: usize,
    /// From the start to the line along which it runs, at the left of the first gap.
    pub(crate) left: Option<usize>,
    /// From there to the end, at the right of the last gap.
    pub(crate) right: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// From the top.
    pub(crate) lines: Vec<Line>,
    /// One for each way.
    pub(crate) runs: Vec<Run>,
    /// For each gap, the number of tracks at its left and at its right.
    pub(crate) tracks: Vec<[usize; 2]>,
}

impl Layout {
    pub(crate) fn of(diagram: &Diagram) -> Self {
        let courses = courses(diagram);
        let own = (0..diagram.lanes.len()).map(home);
        let mut lines: Vec<Line> = courses.iter().flatten().copied().chain(own).collect();
        lines.sort();
        lines.dedup();
        let number = |line: &Line| lines.binary_search(line).unwrap_or_default();
        let mut runs: Vec<Run> = diagram
            .ways
            .iter()
            .zip(&courses)
            .map(|(way, [start, along, end])| Run {
                start: number(start),
                along: number(along),
                end: number(end),
                first_gap: first_gap(diagram, way),
                last_gap: diagram.places[way.to].hop,
                left: None,
                right: None,
            })
            .collect();
        let tracks = (0..diagram.hops.len()).map(|gap| tracks(gap, &mut runs)).collect();
        Self { lines, runs, tracks }
    }

    /// The lines of a place: the first one and the last one.
    pub(crate) fn lines_of(&self, row: usize, slot: usize) -> (usize, usize) {
        let is_of = |line: &Line| (line.row, line.level) == (row, Level::Slot(slot));
        let first = self.lines.iter().position(is_of).unwrap_or_default();
        let last = self.lines.iter().rposition(is_of).unwrap_or_default();
        (first, last)
    }
}

/// The line of a lane in its own row.
const fn home(lane: usize) -> Line {
    Line { row: lane, level: Level::Slot(0), lane }
}

fn first_gap(diagram: &Diagram, way: &Way) -> usize {
    way.from.map_or(0, |place| diagram.places[place].hop + 1)
}

/// Start, run and end of each way.
fn courses(diagram: &Diagram) -> Vec<[Line; 3]> {
    let ends: Vec<[Line; 2]> = diagram.ways.iter().map(|way| ends(diagram, way)).collect();
    let gap = |way: &Way| diagram.places[way.to].hop;
    let ways = || diagram.ways.iter().zip(&ends);
    let straight = ways().filter(|(_, [start, end])| start == end);
    let mut taken: BTreeSet<(usize, Line)> =
        straight.map(|(way, [start, _])| (gap(way), *start)).collect();
    let course = |(way, [start, end]): (&Way, &[Line; 2])| {
        let (lane, gap) = (way.lane, gap(way));
        if first_gap(diagram, way) < gap {
            return [*start, Line { row: lane, level: Level::Below, lane }, *end];
        }
        if start == end {
            return [*start, *start, *end];
        }
        // The lane's own row first; the other end's line, if a way of the same lane runs there already.
        let mut choice = [*start, *end];
        choice.sort_by_key(|line| line.row != lane);
        let free = choice.into_iter().find(|line| !taken.contains(&(gap, *line)));
        let along = free.unwrap_or(choice[0]);
        taken.insert((gap, along));
        [*start, along, *end]
    };
    ways().map(course).collect()
}

/// The lines of a way's source and of its target.
fn ends(diagram: &Diagram, way: &Way) -> [Line; 2] {
    let lane = way.lane;
    let through = |place: usize| {
        let place = &diagram.places[place];
        Line { row: place.row, level: Level::Slot(place.slot), lane }
    };
    [way.from.map_or(home(lane), through), through(way.to)]
}

/// Gives the ways of a gap their tracks, so that those of several lanes cross as little as they can: who comes from
/// further below keeps further outside.
fn tracks(gap: usize, runs: &mut [Run]) -> [usize; 2] {
    let mut numbers = [0, 0];
    for run in runs.iter_mut().rev() {
        if run.first_gap == gap && run.start != run.along {
            run.left = Some(numbers[0]);
            numbers[0] += 1;
        }
    }
    for run in runs {
        if run.last_gap == gap && run.along != run.end {
            run.right = Some(numbers[1]);
            numbers[1] += 1;
        }
    }
    numbers
}
