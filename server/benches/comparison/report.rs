//! Cells go in, lines with medians, ratios and their spread come out.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets::NOTHING};

use crate::half_open::HalfOpen;

#[derive(Clone, Copy)]
pub(crate) struct Measured(pub(crate) f64);

/// One measurement of one server.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    /// Per second.
    pub(crate) requests: Measured,
    /// In milliseconds.
    pub(crate) p50: Measured,
    pub(crate) p99: Measured,
    /// In microseconds per request.
    pub(crate) cpu: Measured,
    /// In megabytes per process.
    pub(crate) peak: Measured,
    /// Part of the core that the server had in use.
    pub(crate) busy: Measured,
}

/// Per case: the goal, and the pairs of all rounds.
#[derive(Default)]
pub(crate) struct Rows(BTreeMap<&'static str, (f64, Vec<[Cell; 2]>)>);

type Figure = (&'static str, fn(&Cell) -> Measured);

const FIGURES: [Figure; 6] = [
    ("requests/s", |cell| cell.requests),
    ("p50 ms", |cell| cell.p50),
    ("p99 ms", |cell| cell.p99),
    ("CPU µs/request", |cell| cell.cpu),
    ("peak RSS MB", |cell| cell.peak),
    ("core in use", |cell| cell.busy),
];

impl Rows {
    pub(crate) fn add(&mut self, case: &'static str, goal: f64, ours: Cell, theirs: Cell) {
        self.0.entry(case).or_insert((goal, Vec::new())).1.push([ours, theirs]);
    }

    /// `other` is what httpserver is measured against.
    pub(crate) fn print(&self, other: &str) {
        let mut table = new_table(&["", "", "httpserver", other, "ratio", "least..most", "goal"]);
        for (case, (goal, pairs)) in &self.0 {
            for (name, figure) in FIGURES {
                let of = |which: usize| pairs.iter().map(move |pair| figure(&pair[which]).0);
                let ratios: Vec<f64> =
                    of(0).zip(of(1)).map(|(ours, theirs)| ours / theirs).collect();
                let goal = match name {
                    "requests/s" => format!("≥ {goal:.2}"),
                    "peak RSS MB" => "≤ 1.50".to_owned(),
                    _ => String::new(),
                };
                let first = FIGURES[0].0 == name;
                table.add_row([
                    if first { (*case).to_owned() } else { String::new() },
                    name.to_owned(),
                    shown(median(of(0).collect())),
                    shown(median(of(1).collect())),
                    format!("{:.2}", median(ratios.clone())),
                    spread(&ratios),
                    goal,
                ]);
            }
        }
        print(&table);
    }
}

/// In milliseconds.
pub(crate) fn starts(times: &[Vec<f64>; 2], other: &str) {
    let [ours, theirs] = [0, 1].map(|which| median(times[which].clone()));
    let mut table = new_table(&["start to first 200", "httpserver", other, "ratio", "goal"]);
    table.add_row([
        "median ms".to_owned(),
        shown(ours),
        shown(theirs),
        format!("{:.2}", ours / theirs),
        "< 20 ms".to_owned(),
    ]);
    print(&table);
}

/// In megabytes.
pub(crate) fn sizes([ours, theirs]: [f64; 2], other: &str) {
    let mut table = new_table(&["binary", "httpserver", other, "ratio"]);
    table.add_row(["MB".to_owned(), shown(ours), shown(theirs), format!("{:.2}", ours / theirs)]);
    print(&table);
}

pub(crate) fn half_open(both: &[HalfOpen; 2], other: &str) {
    let title = format!("{} half-sent heads", both[0].connections);
    let mut table = new_table(&[title.as_str(), "httpserver", other, "goal"]);
    let mut add = |name: &str, figure: fn(&HalfOpen) -> f64, goal: &str| {
        let [ours, theirs] = [0, 1].map(|which: usize| shown(figure(&both[which])));
        table.add_row([name, &ours, &theirs, goal]);
    };
    add(
        "/healthz from a new connection, p50 ms",
        |it| it.latency.value_at_quantile(0.5) as f64 / 1e6,
        "",
    );
    add("slowest ms", |it| it.latency.max() as f64 / 1e6, "< 100");
    add("memory for each, kB", |it| it.memory / 1e3, "");
    add("all closed after s", |it| it.closed.as_secs_f64(), "");
    print(&table);
}

#[expect(clippy::print_stderr, reason = "not a result")]
pub(crate) fn round(number: usize, of: usize) {
    eprintln!("round {number} of {of}");
}

fn new_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[expect(clippy::print_stdout, reason = "what a bench is for")]
fn print(table: &Table) {
    println!("\n{table}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    format!("{least:.2}..{most:.2}")
}

/// Three significant digits or so.
fn shown(value: f64) -> String {
    match value {
        large if large >= 1000.0 => format!("{large:.0}"),
        middle if middle >= 10.0 => format!("{middle:.1}"),
        small => format!("{small:.3}"),
    }
}
