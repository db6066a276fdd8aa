//! The steps of a release: from one state to the next, or why not. A step that is taken twice is taken once.

use super::{Draw, State};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is asked for. A step without a lane means the one that is drawn, or the only one that is live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A lane's pods, and the ways in for those who ask for it.
    Start { lane: String },
    /// A share of all users, in percent; 0 draws nobody.
    Weight { lane: Option<String>, percent: u32 },
    /// The lane becomes the baseline, and the baseline goes.
    Promote { lane: Option<String> },
    /// The lane goes, at once.
    Abort { lane: Option<String> },
}

/// Why a step is not taken, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub message: String,
    pub hint: String,
}

impl State {
    /// The state after a step; `known` are the lanes that have a layer.
    ///
    /// # Errors
    /// The lane is not known, is not live, or cannot be told; another lane is being drawn; the lane is the baseline.
    pub fn after(&self, step: &Step, known: &[String]) -> Result<Self, Refusal> {
        let mut next = self.clone();
        match step {
            Step::Start { lane } => {
                is_known(lane, known)?;
                self.is_no_baseline(lane)?;
                if !self.lanes.contains(lane) {
                    next.lanes.push(lane.clone());
                }
            }
            Step::Weight { lane: None, percent: 0 } if self.draw.is_none() => {}
            Step::Weight { lane, percent } => {
                let lane = self.meant(lane.as_deref(), known)?;
                if *percent > 100 {
                    let message = format!("{percent} % is more than everybody");
                    return Err(refusal(message, "give a share from 0 to 100"));
                }
                if let Some(other) = self.draw.as_ref().filter(|draw| draw.lane != lane) {
                    let message = format!(
                        "{} % of the users are drawn into lane `{}`, and nobody can be drawn twice",
                        other.percent, other.lane
                    );
                    let hint = format!(
                        "set its weight to 0 first: `canary weight 0 --lane {}`",
                        other.lane
                    );
                    return Err(refusal(message, &hint));
                }
                next.draw = (*percent > 0).then_some(Draw { lane, percent: *percent });
            }
            Step::Promote { lane } => {
                let is_done = match lane {
                    Some(lane) => self.promoted.contains(lane),
                    None => self.lanes.is_empty() && !self.promoted.is_empty(),
                };
                if is_done {
                    return Ok(next);
                }
                let lane = self.meant(lane.as_deref(), known)?;
                next.leave(&lane);
                next.promoted.push(lane);
            }
            Step::Abort { lane } => {
                if lane.is_none() && self.lanes.is_empty() && self.promoted.is_empty() {
                    return Ok(next);
                }
                if let Some(lane) = lane {
                    is_known(lane, known)?;
                    self.is_no_baseline(lane)?;
                    next.leave(lane);
                    return Ok(next);
                }
                let lane = self.meant(None, known)?;
                next.leave(&lane);
            }
        }
        Ok(next)
    }

    fn leave(&mut self, lane: &str) {
        self.lanes.retain(|live| live != lane);
        self.draw.take_if(|draw| draw.lane == lane);
    }

    fn is_no_baseline(&self, lane: &str) -> Result<(), Refusal> {
        if self.promoted.iter().all(|promoted| promoted != lane) {
            return Ok(());
        }
        let message =
            format!("lane `{lane}` was promoted: it is the baseline, and what was before has gone");
        Err(refusal(message, "to go back, release the older version as a lane of its own"))
    }

    /// The live lane that is meant: the named one, or the one that is drawn, or the only one; `known` could be started.
    ///
    /// # Errors
    /// It is not live, or cannot be told.
    pub fn meant(&self, lane: Option<&str>, known: &[String]) -> Result<String, Refusal> {
        let meant = match (lane, &self.draw, self.lanes.as_slice()) {
            (Some(lane), _, _) => lane,
            (None, Some(draw), _) => &draw.lane,
            (None, None, [only]) => only,
            (None, None, []) => {
                if let Some(promoted) = self.promoted.last() {
                    self.is_no_baseline(promoted)?;
                }
                return Err(refusal("no lane is live".into(), &start(known)));
            }
            (None, None, several) => {
                let message = format!("several lanes are live: {}", several.join(", "));
                return Err(refusal(message, "say which one with --lane"));
            }
        };
        self.is_no_baseline(meant)?;
        if self.lanes.iter().any(|live| live == meant) {
            return Ok(meant.to_owned());
        }
        Err(refusal(format!("lane `{meant}` is not live"), &start(&[meant.to_owned()])))
    }
}

/// As it is typed.
impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lane = match self {
            Self::Start { lane } => return write!(formatter, "start {lane}"),
            Self::Weight { lane, percent } => {
                write!(formatter, "weight {percent}")?;
                lane
            }
            Self::Promote { lane } => {
                formatter.write_str("promote")?;
                lane
            }
            Self::Abort { lane } => {
                formatter.write_str("abort")?;
                lane
            }
        };
        lane.as_ref().map_or(Ok(()), |lane| write!(formatter, " --lane {lane}"))
    }
}

fn is_known(lane: &str, known: &[String]) -> Result<(), Refusal> {
    if known.iter().any(|name| name == lane) {
        return Ok(());
    }
    let hint = match known {
        [] => "the manifests have no layer of a lane".to_owned(),
        known => format!("choose one of: {}", known.join(", ")),
    };
    Err(refusal(format!("there is no lane `{lane}`"), &hint))
}

fn refusal(message: String, hint: &str) -> Refusal {
    Refusal { message, hint: hint.to_owned() }
}

fn start(lanes: &[String]) -> String {
    match lanes {
        [] => "begin a release with `canary start LANE`".to_owned(),
        [lane] => format!("start it first: `canary start {lane}`"),
        lanes => format!("start one first; there are: {}", lanes.join(", ")),
    }
}
