//! An entrance → the services behind it in the order of calls, each with what is decided there about each class.

use super::rule::Decision;
use super::{Class, Entrance, Flow};
use std::collections::BTreeSet;

/// A service at its place in the tree of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// 0 for those behind the entrance itself.
    pub depth: usize,
    /// Fully qualified.
    pub host: String,
    pub service: String,
    /// One for each class; nothing where no request of the class arrives.
    pub cells: Vec<Option<Cell>>,
    /// Whether the same requests arrived at this service before: its calls are not followed a second time.
    pub repeated: bool,
}

/// What becomes of requests of one class at one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The class as it arrives at this hop: a proxy before may have made it another one.
    pub class: Class,
    pub decisions: Vec<Decision>,
}

impl Cell {
    /// What is decided, in short words; the service `host` is not named.
    pub fn words(&self, host: &str) -> String {
        let several = self.decisions.len() > 1;
        let decisions = self.decisions.iter().map(|decision| {
            let words = decision.answer.words(Some(host));
            match &decision.when {
                Some(when) => format!("when {when}: {words}"),
                None if several => format!("else {words}"),
                None => words,
            }
        });
        decisions.collect::<Vec<_>>().join("; ")
    }

    /// Whether requests of a lane are answered outside of it, as far as no condition keeps them apart.
    pub fn is_fallback(&self) -> bool {
        self.decisions.last().is_some_and(|last| last.answer.leaves(&self.class))
    }

    /// The class in which requests go on from here; as they came, where decisions do not agree.
    fn after(&self) -> Class {
        let mut routed =
            self.decisions.iter().filter(|decision| !decision.answer.shares().is_empty());
        let first = routed.next().and_then(|decision| decision.becomes.clone());
        let agreed = routed.all(|decision| decision.becomes == first);
        first.filter(|_| agreed).unwrap_or_else(|| self.class.clone())
    }
}

/// The rows so far, and what arrived where: whoever is called by many would else stand there once for each way to it.
#[derive(Default)]
struct Growth {
    rows: Vec<Row>,
    followed: BTreeSet<(String, Vec<Option<Class>>)>,
}

impl Flow<'_> {
    /// One row for each service behind the entrance, one cell in it for each of `classes`.
    pub fn tree(&self, entrance: &Entrance, classes: &[Class]) -> Vec<Row> {
        let cells: Vec<Cell> = classes
            .iter()
            .map(|class| Cell {
                class: class.clone(),
                decisions: self.at_entrance(entrance, class),
            })
            .collect();
        let mut hosts: Vec<&str> = Vec::new();
        for share in
            cells.iter().flat_map(|cell| &cell.decisions).flat_map(|one| one.answer.shares())
        {
            if !hosts.contains(&share.host.as_str()) {
                hosts.push(&share.host);
            }
        }
        let mut growth = Growth::default();
        for host in hosts {
            let leads = |decision: &Decision| {
                decision.answer.shares().iter().any(|share| share.host == host)
            };
            let here =
                cells.iter().map(|cell| cell.decisions.iter().any(leads).then(|| cell.clone()));
            self.grow(host, here.collect(), 0, &mut growth);
        }
        growth.rows
    }

    fn grow(&self, host: &str, cells: Vec<Option<Cell>>, depth: usize, growth: &mut Growth) {
        // An entrance leads to several services at once; each of their rows goes on with its own calls.
        let own = (depth == 0).then_some(host);
        let callees: Vec<Vec<String>> = cells
            .iter()
            .map(|cell| cell.as_ref().map_or_else(Vec::new, |cell| self.calls_of(cell, own)))
            .collect();
        let after: Vec<Option<Class>> =
            cells.iter().map(|cell| cell.as_ref().map(Cell::after)).collect();
        let arrived_before = !growth.followed.insert((host.to_owned(), after.clone()));
        let repeated = arrived_before && callees.iter().any(|called| !called.is_empty());
        growth.rows.push(Row {
            depth,
            host: host.to_owned(),
            service: self.name(host),
            cells,
            repeated,
        });
        if repeated {
            return;
        }
        let mut followed: Vec<&String> = Vec::new();
        for callee in callees.iter().flatten() {
            if followed.contains(&callee) {
                continue;
            }
            followed.push(callee);
            let cells = after.iter().zip(&callees).map(|(class, called)| {
                let class = class.clone().filter(|_| called.contains(callee))?;
                Some(Cell { decisions: self.at_host(callee, &class), class })
            });
            self.grow(callee, cells.collect(), depth + 1, growth);
        }
    }

    /// Whom the pods that answer call; with `own`, only the pods of that Service.
    fn calls_of(&self, cell: &Cell, own: Option<&str>) -> Vec<String> {
        let shares = cell.decisions.iter().flat_map(|decision| decision.answer.shares());
        let mut called = Vec::new();
        for share in shares.filter(|share| own.is_none_or(|own| share.host == own)) {
            for deployment in self.answering(&share.host, share.subset.as_deref()) {
                called.extend(self.called(deployment));
            }
        }
        called
    }
}
