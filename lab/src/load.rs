//! Many requests in mixed lanes through the gateway, every hop of every answer checked: a target → a report.

pub(crate) mod bound;
mod tally;

pub(crate) use tally::{LaneReport, Report};

use crate::failure::Result;
use crate::target::{Protocol, Target};
use crate::verify::{self, CHAIN, LANE_HEADER, Seen};
use std::cell::{Cell, RefCell};
use std::time::Instant;
use tally::Tally;

/// A lane that nobody deploys: its requests are the baseline's.
pub(crate) const UNKNOWN: &str = "no-such-lane";

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    /// How many run at a time.
    pub(crate) at_once: usize,
    /// What requests take turns in.
    pub(crate) turns: Vec<Turn>,
}

/// A kind of requests.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    /// Empty for none.
    pub(crate) lane: String,
    pub(crate) entry: Entry,
}

/// How requests get into their lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Entry {
    Header,
    Query,
    Cookie,
    /// Not by themselves: the gateway draws, each time anew, and all hops must agree.
    Draw,
}

impl Turn {
    /// Without a lane.
    pub(crate) fn none() -> Self {
        Self { lane: String::new(), entry: Entry::Header }
    }

    fn request(&self, client: &reqwest::Client, target: &Target) -> reqwest::RequestBuilder {
        let (url, lane) = (target.url(CHAIN), &self.lane);
        match self.entry {
            Entry::Draw => client.get(url),
            Entry::Header if lane.is_empty() => {
                client.get(url).header("cookie", target.last_tickets())
            }
            Entry::Header => client.get(url).header(LANE_HEADER, lane),
            Entry::Query => client.get(format!("{url}?lane={lane}")),
            Entry::Cookie => client.get(url).header("cookie", format!("lane={lane}")),
        }
    }
}
/// How far a load has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) answered: u64,
    pub(crate) failed: u64,
    pub(crate) leaked: u64,
}

/// Sends all requests; `tell` hears of each answer.
pub(crate) async fn run(target: &Target, load: &Load, tell: impl Fn(Progress)) -> Result<Report> {
    let client = target.client(Protocol::Http2, &target.host)?;
    let tally = RefCell::new(Tally::new(&load.turns, target));
    let sent = Cell::new(0_u64);
    let started = Instant::now();
    let worker = async || {
        while sent.get() < load.requests {
            let number = sent.replace(sent.get() + 1);
            let turn = usize::try_from(number).unwrap_or_default() % load.turns.len();
            let begun = Instant::now();
            let answer = verify::send(load.turns[turn].request(&client, target)).await;
            let mut tally = tally.borrow_mut();
            tally.add(turn, begun.elapsed(), answer.as_ref().map(Seen::instances));
            tell(tally.progress());
        }
    };
    // All on this thread: what they share needs no lock.
    let workers: Vec<_> = (0..load.at_once).map(|_| worker()).collect();
    futures_util::future::join_all(workers).await;
    Ok(tally.into_inner().report(started.elapsed(), load.at_once))
}
