//! Layers → a picture in plain text for each entrance: services in the order of calls, and who answers in which lane.

use crate::NamedManifests;
use crate::flow::{Class, Entrance, Flow, Row};
use crate::layout::LANE_LAYER_PREFIX;
use crate::model::LANE_HEADER;
use crate::object::{Manifest, Object};
use std::collections::{BTreeMap, BTreeSet};

/// An entrance and what stands behind it.
pub(super) struct Picture {
    pub(super) url: String,
    pub(super) text: String,
}

/// A column: the title, and the words for each host.
struct Column {
    title: String,
    cells: BTreeMap<String, String>,
}

/// One picture for each HTTPS entrance: of the ground, with a column for each lane.
pub(super) fn pictures(layers: &[NamedManifests]) -> Vec<Picture> {
    let is_lane = |name: &str| name.starts_with(LANE_LAYER_PREFIX);
    let (lanes, ground): (Vec<&NamedManifests>, Vec<&NamedManifests>) =
        layers.iter().partition(|(name, _)| is_lane(name));
    let base: Vec<&Manifest> = ground.iter().flat_map(|(_, manifests)| manifests).collect();
    let flow = Flow::of(&base);
    let ports = ports(&base);
    let entrances = flow.entrances().into_iter().filter(|entrance| !entrance.to_https);
    let mut pictures: Vec<(Entrance, Vec<Row>, Vec<Column>)> = entrances
        .map(|entrance| {
            let rows = flow.tree(&entrance, &[Class::NoLane]);
            let column = column(&rows, "no lane");
            (entrance, rows, vec![column])
        })
        .collect();
    for lane in &lanes {
        let with_lane: Vec<&Manifest> = base.iter().copied().chain(&lane.1).collect();
        let flow = Flow::of(&with_lane);
        let name = lane.0.strip_prefix(LANE_LAYER_PREFIX).unwrap_or(&lane.0);
        for (entrance, _, columns) in &mut pictures {
            let rows = flow.tree(entrance, &[Class::Lane(name.to_owned())]);
            columns.push(column(&rows, &format!("{LANE_HEADER}: {name}")));
        }
    }
    pictures
        .into_iter()
        .map(|(entrance, rows, columns)| Picture {
            text: text(&entrance, &rows, &columns, &ports),
            url: entrance.url,
        })
        .collect()
}

fn column(rows: &[Row], title: &str) -> Column {
    let cells = rows.iter().filter_map(|row| {
        let cell = row.cells.first()?.as_ref()?;
        let words = cell.words(&row.host);
        let words = if cell.is_fallback() { format!("{words} (falls back)") } else { words };
        Some((row.host.clone(), words))
    });
    Column { title: title.to_owned(), cells: cells.collect() }
}

/// The port of each Service and the one of its pods, by host.
fn ports(manifests: &[&Manifest]) -> BTreeMap<String, String> {
    let services = manifests.iter().filter_map(|manifest| match &manifest.object {
        Object::Service(service) => Some((manifest.object.identity(), service)),
        _ => None,
    });
    services
        .map(|(identity, service)| {
            let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
            let ports: BTreeSet<String> = ports.map(|port| format!(":{}", port.port)).collect();
            let host = crate::host::service(&identity.name, &identity.namespace);
            (host, Vec::from_iter(ports).join(" "))
        })
        .collect()
}

fn text(
    entrance: &Entrance,
    rows: &[Row],
    columns: &[Column],
    ports: &BTreeMap<String, String>,
) -> String {
    // A lane that changes nothing at this entrance has no column.
    let columns: Vec<&Column> = columns
        .iter()
        .enumerate()
        .filter(|(index, column)| *index == 0 || column.cells != columns[0].cells)
        .map(|(_, column)| column)
        .collect();
    let gateway = vec![format!("Gateway {}", entrance.gateway)];
    let mut table = vec![gateway];
    table[0].extend(columns.iter().map(|column| column.title.clone()));
    for row in rows {
        let indent = "   ".repeat(row.depth);
        let port = ports.get(&row.host).map_or("", String::as_str);
        let again = if row.repeated { " (see above)" } else { "" };
        let mut line = vec![format!("{indent}└─ {} {port}{again}", row.service)];
        line.extend(
            columns.iter().map(|column| column.cells.get(&row.host).cloned().unwrap_or_default()),
        );
        table.extend(one_below_the_other(&line));
    }
    let width = |index: usize| {
        let cells = table.iter().filter_map(|line| line.get(index));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..=columns.len()).map(width).collect();
    let lines = table.iter().map(|line| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("   ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The conditions in the cells of a line, each on a line of its own.
fn one_below_the_other(line: &[String]) -> Vec<Vec<String>> {
    let cells: Vec<Vec<&str>> = line.iter().map(|cell| cell.split("; ").collect()).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let part = |number: usize| {
        let parts = cells.iter().map(move |cell| cell.get(number).copied().unwrap_or_default());
        parts.map(ToOwned::to_owned).collect()
    };
    (0..height).map(part).collect()
}
