//! Layers → the certificate of their lanes: every class of requests at every hop, the rule that decides, and who answers.

use crate::NamedManifests;
use crate::check::Installed;
use crate::check::lane::{classes, own_lanes};
use crate::check::world::World;
use crate::flow::{Class, Decision, Flow};
use crate::layout::LANE_LAYER_PREFIX;
use crate::object::Manifest;
use std::fmt::Write;

/// One table for each set of layers that is applied together and has a lane, as plain text that ends with a line break.
pub(crate) fn certificates(layers: &[NamedManifests]) -> String {
    let is_lane = |name: &str| name.starts_with(LANE_LAYER_PREFIX);
    let (lanes, ground): (Vec<&NamedManifests>, Vec<&NamedManifests>) =
        layers.iter().partition(|(name, _)| is_lane(name));
    let mut text = String::new();
    for lane in lanes {
        let set = ground.iter().copied().chain([lane]);
        let names: Vec<&str> = set.clone().map(|(name, _)| name.as_str()).collect();
        let manifests: Vec<&Manifest> = set.flat_map(|(_, manifests)| manifests).collect();
        text.push_str(&certificate(&names.join(" + "), &manifests));
    }
    text
}

fn certificate(title: &str, manifests: &[&Manifest]) -> String {
    let installed = Installed::demo_profile();
    let world = World::of(manifests, &installed);
    let flow = Flow::of(manifests);
    let classes = classes(&flow, &own_lanes(&world.deployments));
    let mut table = vec![vec!["HOP".to_owned()]];
    table[0].extend(classes.iter().map(|class| match class {
        Class::NoLane => "no lane".to_owned(),
        Class::Lane(lane) => format!("lane {lane}"),
    }));
    let mut decided = 0;
    let entrances = flow.entrances().into_iter().filter(|entrance| !entrance.to_https);
    let at_entrances = entrances.map(|entrance| {
        let decisions = classes.iter().map(|class| flow.at_entrance(&entrance, class)).collect();
        (entrance.url.clone(), None, decisions)
    });
    let hosts = flow.services();
    let at_hosts = hosts.iter().map(|host| {
        let decisions = classes.iter().map(|class| flow.at_host(host, class)).collect();
        (flow.name(host), Some(host.as_str()), decisions)
    });
    for (name, host, decisions) in at_entrances.chain(at_hosts) {
        let decisions: Vec<Vec<Decision>> = decisions;
        decided += decisions.iter().map(Vec::len).sum::<usize>();
        let height = decisions.iter().map(Vec::len).max().unwrap_or_default();
        for line in 0..height {
            let mut cells = vec![if line == 0 { name.clone() } else { String::new() }];
            let cell =
                |of: &Vec<Decision>| of.get(line).map(|one| words(one, host)).unwrap_or_default();
            cells.extend(decisions.iter().map(cell));
            table.push(cells);
        }
    }
    let found = crate::check::check(manifests, &installed);
    let broken = found.iter().filter(|violation| violation.rule.starts_with(LANE_LAWS)).count();
    let verdict = match broken {
        0 => "closed: no request leaves its lane but for the baseline, and each comes back to it",
        _ => "not closed: `cargo gen lint` tells where, and shows a request for each",
    };
    let mut text = format!("{title}\n");
    text.push_str(&aligned(&table));
    let (kinds, hops) = (classes.len(), table.len() - 1);
    writeln!(text, "{kinds} kinds of requests, {hops} lines, {decided} decisions; {verdict}\n")
        .ok();
    text
}

/// The laws of lanes, by how their names begin.
const LANE_LAWS: &str = "lane-";

/// The rule that decides, and what it decides.
fn words(decision: &Decision, host: Option<&str>) -> String {
    let rule = match &decision.rule {
        Some((index, name)) if name.is_empty() => format!("rule {index}"),
        Some((_, name)) => name.clone(),
        None => "no rule".into(),
    };
    let when = decision.when.as_ref().map(|when| format!(", when {when}")).unwrap_or_default();
    let answer = decision.answer.words(host);
    let becomes = decision.becomes.as_ref().map(|class| match class {
        Class::NoLane => ", in no lane from here on".to_owned(),
        Class::Lane(lane) => format!(", in lane {lane} from here on"),
    });
    format!("{rule}{when}: {answer}{}", becomes.unwrap_or_default())
}

fn aligned(table: &[Vec<String>]) -> String {
    let columns = table.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = table.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = table.iter().map(|line| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    });
    lines.collect::<Vec<_>>().concat()
}
