//! A diagram → lines for a terminal: a picture in characters, one row for each lane, with the number of requests of each way.

use super::layout::{Layout, Level, Run};
use super::{Diagram, Way};
use crate::collector::calls::Count;
use std::collections::BTreeMap;

/// Columns of a track.
const TRACK: usize = 2;
const GATEWAY: &str = "gateway";

/// The picture, with a head line; lines end where their last character does.
pub(crate) fn text(diagram: &Diagram) -> String {
    let diagram = &diagram.drawn();
    let layout = Layout::of(diagram);
    let columns = Columns::of(diagram, &layout);
    let mut canvas = Canvas::default();
    heads(diagram, &columns, &mut canvas);
    let rows = rows(&layout);
    for (line, row) in layout.lines.iter().zip(&rows) {
        if line.level == Level::Slot(0) && line.lane == line.row {
            canvas.write(0, *row, diagram.lanes[line.row].words());
        }
    }
    for row in 1..=rows.last().copied().unwrap_or_default() {
        canvas.write(columns.gateway, row, "│");
    }
    for (way, run) in diagram.ways.iter().zip(&layout.runs) {
        let begin = way.from.map_or(columns.gateway + 1, |place| {
            let place = &diagram.places[place];
            columns.places[place.hop] + place.name.chars().count() + 1
        });
        draw(way, run, begin, &columns, &rows, &mut canvas);
    }
    for (way, run) in diagram.ways.iter().zip(&layout.runs) {
        let place = &diagram.places[way.to];
        canvas.write(columns.places[place.hop], rows[run.end], &place.name);
    }
    for gap in &diagram.gaps {
        let (first, _) = layout.lines_of(gap.lane, 0);
        let own = (first..layout.lines.len()).find(|line| layout.lines[*line].lane == gap.lane);
        canvas.write(columns.places[gap.hop], rows[own.unwrap_or(first)], "·");
    }
    canvas.text()
}

/// The numbers of a way in words: its share, where there is a choice, and its requests, where they are counted.
pub(crate) fn numbers(way: &Way) -> String {
    let count = way.count.map(|Count { requests, failed }| match failed {
        0 => requests.to_string(),
        _ => format!("{requests}, {failed} failed"),
    });
    way.share().into_iter().chain(count).collect::<Vec<_>>().join(": ")
}

/// Where the columns begin, in characters.
struct Columns {
    gateway: usize,
    places: Vec<usize>,
    /// For each gap: its beginning, the number, and its end, at which the place begins.
    gaps: Vec<[usize; 3]>,
    tracks: Vec<[usize; 2]>,
}

impl Columns {
    fn of(diagram: &Diagram, layout: &Layout) -> Self {
        let width = |text: &str| text.chars().count();
        let lanes = diagram.lanes.iter().map(|lane| width(lane.words())).max().unwrap_or_default();
        let gateway = lanes + 2;
        let mut x = gateway + 1;
        let (mut places, mut gaps) = (Vec::new(), Vec::new());
        for (hop, [left, right]) in layout.tracks.iter().enumerate() {
            let ways = diagram.ways.iter().filter(|way| diagram.places[way.to].hop == hop);
            let number = ways.map(|way| width(&numbers(way))).max().unwrap_or_default();
            let label = x + 1 + left * TRACK;
            let mut end = label + 2 + number + 2 + right * TRACK + 2;
            if hop == 0 {
                // The gateway's own name stands above the first gap.
                end = end.max(gateway + width(GATEWAY) + 2);
            }
            gaps.push([x, label + 1, end]);
            places.push(end + 1);
            let names = diagram.places.iter().filter(|place| place.hop == hop);
            let names = names.map(|place| width(&place.name)).max().unwrap_or_default();
            x = end + 1 + names.max(width(&diagram.hops[hop].service)) + 1;
        }
        Self { gateway, places, gaps, tracks: layout.tracks.clone() }
    }

    fn left(&self, gap: usize, track: usize) -> usize {
        self.gaps[gap][0] + 1 + track * TRACK
    }

    fn right(&self, gap: usize, track: usize) -> usize {
        self.gaps[gap][2] - 2 - (self.tracks[gap][1] - track - 1) * TRACK - 1
    }
}

/// The text row of each line; an empty one between lanes.
fn rows(layout: &Layout) -> Vec<usize> {
    let lines = layout.lines.iter().enumerate();
    lines.map(|(index, line)| 1 + index + line.row).collect()
}

fn heads(diagram: &Diagram, columns: &Columns, canvas: &mut Canvas) {
    canvas.write(0, 0, "LANE");
    canvas.write(columns.gateway, 0, GATEWAY);
    for (hop, x) in diagram.hops.iter().zip(&columns.places) {
        canvas.write(*x, 0, &hop.service);
    }
}

/// Draws a way from the column `begin` on.
fn draw(
    way: &Way,
    run: &Run,
    begin: usize,
    columns: &Columns,
    rows: &[usize],
    canvas: &mut Canvas,
) {
    let [_, number, end] = columns.gaps[run.last_gap];
    let (start, along, stop) = (rows[run.start], rows[run.along], rows[run.end]);
    let mut x = begin;
    if let Some(track) = run.left {
        let turn = columns.left(run.first_gap, track);
        canvas.across(x, turn, start);
        canvas.down(turn, start, along);
        x = turn;
    }
    let turn = run.right.map_or(end - 1, |track| columns.right(run.last_gap, track));
    canvas.across(x, turn, along);
    if run.right.is_some() {
        canvas.down(turn, along, stop);
        canvas.across(turn, end - 1, stop);
    }
    canvas.write(end - 1, stop, "▶");
    let numbers = numbers(way);
    if !numbers.is_empty() {
        canvas.write(number, along, &format!(" {numbers} "));
    }
}

/// Letters and strokes at places (row, column); strokes join where they meet, and letters cover them.
#[derive(Default)]
struct Canvas {
    letters: BTreeMap<(usize, usize), char>,
    strokes: BTreeMap<(usize, usize), u8>,
}

/// The sides at which a stroke touches the border of its character.
const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const UP: u8 = 4;
const DOWN: u8 = 8;

/// The character of every set of sides; one that ends in the middle is drawn through.
const STROKES: [char; 16] =
    [' ', '─', '─', '─', '│', '┘', '└', '┴', '│', '┐', '┌', '┬', '│', '┤', '├', '┼'];

impl Canvas {
    fn write(&mut self, x: usize, y: usize, text: &str) {
        self.letters
            .extend(text.chars().enumerate().map(|(offset, letter)| ((y, x + offset), letter)));
    }

    fn stroke(&mut self, x: usize, y: usize, sides: u8) {
        *self.strokes.entry((y, x)).or_default() |= sides;
    }

    /// From the middle of one character to the middle of another, in a row.
    fn across(&mut self, from: usize, to: usize, y: usize) {
        for x in from..to {
            self.stroke(x, y, RIGHT);
            self.stroke(x + 1, y, LEFT);
        }
    }

    fn down(&mut self, x: usize, from: usize, to: usize) {
        for y in from.min(to)..from.max(to) {
            self.stroke(x, y, DOWN);
            self.stroke(x, y + 1, UP);
        }
    }

    fn text(&self) -> String {
        let used = || self.letters.keys().chain(self.strokes.keys());
        let height = used().map(|(y, _)| y + 1).max().unwrap_or_default();
        let width = used().map(|(_, x)| x + 1).max().unwrap_or_default();
        let character = |place: (usize, usize)| {
            let stroke = self.strokes.get(&place).map(|sides| STROKES[usize::from(*sides)]);
            self.letters.get(&place).copied().or(stroke).unwrap_or(' ')
        };
        let line = |y: usize| (0..width).map(|x| character((y, x))).collect::<String>();
        (0..height).map(|y| line(y).trim_end().to_owned() + "\n").collect()
    }
}
