//! A release in the running lab: what was asked for, what the gateway's access log shows of it, and the last steps.

use crate::disk;
use crate::failure::Failure;
use manifests::release::{Counterpart, Draw, Refusal, Side, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How many of the last steps are kept.
const KEPT: usize = 10;

/// How far a release has come, and how it came there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Release {
    pub(crate) state: State,
    pub(crate) steps: Vec<Taken>,
    pub(crate) draw_began: Option<DrawBegan>,
    pub(crate) counterparts: BTreeMap<String, Vec<Counterpart>>,
}

/// Where the present draw begins in the gateway's access log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DrawBegan {
    pub(crate) log: PathBuf,
    /// The length of the log, in bytes. Envoy writes it in pieces: what comes behind may be older.
    pub(crate) place: u64,
    /// As the log writes times.
    pub(crate) time: String,
}

/// A step that was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// As it is typed, without `canary`.
    pub(crate) step: String,
    /// When it was done, in seconds since 1970.
    pub(crate) at: u64,
    /// How long it took.
    pub(crate) milliseconds: u64,
}

/// What is told of a release.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReleaseStatus {
    #[serde(flatten)]
    pub(crate) state: State,
    /// Who was drawn since the share was last changed; nothing if nobody is drawn.
    pub(crate) drawn: Option<Drawn>,
    /// Where that is read from.
    pub(crate) draw_began: Option<DrawBegan>,
    /// The services of each live lane, beside what everybody else gets.
    pub(crate) counterparts: BTreeMap<String, Vec<Counterpart>>,
    /// The last ones, the newest at the end.
    pub(crate) steps: Vec<Taken>,
    /// The objects that a release has put in place of those of the layers, or beside them.
    pub(crate) objects: PathBuf,
}

/// Requests that asked for no lane, by where the draw brought them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Drawn {
    pub(crate) into_lane: u64,
    pub(crate) into_baseline: u64,
}

impl Release {
    pub(crate) fn note(&mut self, step: Taken) {
        self.steps.push(step);
        let surplus = self.steps.len().saturating_sub(KEPT);
        self.steps.drain(..surplus);
    }
}

impl ReleaseStatus {
    /// Reads once more who was drawn.
    pub(crate) fn count(&mut self) {
        let draw = self.state.draw.as_ref().zip(self.draw_began.as_ref());
        self.drawn = draw.map(|(draw, began)| {
            Drawn::of(&disk::text_from(&began.log, began.place), draw, &began.time)
        });
    }

    /// The share of a lane that was asked for, and the one that is seen; an empty lane is the baseline.
    pub(crate) fn shares(&self, lane: &str) -> (String, String) {
        let Some(Draw { lane: drawn, percent }) = &self.state.draw else {
            let wanted = if lane.is_empty() { "everybody else" } else { "who asks" };
            return (wanted.into(), "-".into());
        };
        let counts = self.drawn.unwrap_or_default();
        let Drawn { into_lane, into_baseline } = counts;
        let all = into_lane + into_baseline;
        let seen = |share: Option<f64>, count: u64| match share {
            Some(share) => format!("{share:.1} % ({count} of {all} requests)"),
            None => "nobody yet".to_owned(),
        };
        let of_lane = counts.percent();
        match lane {
            "" => {
                let rest = of_lane.map(|share| 100.0 - share);
                (format!("{} %", 100 - percent), seen(rest, into_baseline))
            }
            lane if lane == drawn => (format!("{percent} %"), seen(of_lane, into_lane)),
            _ => ("who asks".into(), "-".into()),
        }
    }
}

impl Drawn {
    /// The share of the lane, in percent; nothing before the first request.
    pub(crate) fn percent(self) -> Option<f64> {
        let all = self.into_lane + self.into_baseline;
        #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
        (all > 0).then(|| 100.0 * self.into_lane as f64 / all as f64)
    }

    /// Counts the lines of an access log in Istio's format by the route, which is their last word, from a time on.
    pub(crate) fn of(log: &str, draw: &Draw, since: &str) -> Self {
        let mut drawn = Self::default();
        let lines =
            log.lines().filter(|line| line.strip_prefix('[').is_some_and(|time| time >= since));
        for route in lines.filter_map(|line| line.rsplit(' ').next()) {
            match draw.side(route) {
                Some(Side::Baseline) => drawn.into_baseline += 1,
                Some(Side::Lane) => drawn.into_lane += 1,
                None => {}
            }
        }
        drawn
    }
}

impl From<Refusal> for Failure {
    fn from(Refusal { message, hint }: Refusal) -> Self {
        Self::input(message, hint)
    }
}
