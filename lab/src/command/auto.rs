//! `lab canary auto`: a release that raises itself step by step, as far as its counters allow.

use crate::admin::Admin;
use crate::analysis::counters::{Readings, read};
use crate::analysis::{Action, Criteria, Pair, Plan, Reading, Reset, Rollout, Sample};
use crate::control::{self, Request, Status};
use crate::failure::{Failure, Result};
use crate::load::{self, Entry, Load, Turn};
use crate::release::ReleaseStatus;
use crate::state::StateFolder;
use crate::target::Target;
use crate::{terminal, wait};
use manifests::release::{Counterpart, Step};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

/// What the user asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// [default: the one that is drawn, or the only one that is live]
    #[arg(long)]
    lane: Option<String>,
    /// The shares of users that the lane gets, one after the other, in percent; behind the last one it is promoted
    #[arg(long, value_delimiter = ',', default_value = "10,25,50,100")]
    steps: Vec<u8>,
    /// Requests of users to send between two looks; 0 waits for those of others
    #[arg(long, default_value_t = 2_000)]
    requests: u64,
    /// How long to wait between two looks if no requests are sent, in seconds
    #[arg(long, default_value_t = 10)]
    every: u64,
    /// By how much more of the lane's requests may fail: 0.01 is one percentage point
    #[arg(long, default_value_t = Criteria::default().errors)]
    errors: f64,
    /// By how much more of the lane's requests may be slow, which is slower than nine of ten of the baseline's
    #[arg(long, default_value_t = Criteria::default().slow)]
    slow: f64,
    /// The probability of a wrong abort, and of a wrong promotion, over the whole release
    #[arg(long, default_value_t = Criteria::default().error)]
    alpha: f64,
    /// Requests that lane and baseline must have before anything is decided
    #[arg(long, default_value_t = Criteria::default().minimum)]
    minimum: u64,
    /// How often a step is looked at before the release holds for want of data
    #[arg(long, default_value_t = Criteria::default().looks)]
    looks: u32,
}

/// How many requests run at a time.
const AT_ONCE: usize = 32;

pub(crate) async fn auto(state: &StateFolder, options: Options) -> Result<ExitCode> {
    let release = Release::of(&control::status(state).await?, &options)?;
    let services = release.counterparts.iter().map(|service| service.host.clone());
    let mut rollout = Rollout::new(release.plan.clone(), services.collect());
    let mut before = release.beginning();
    // Each reset costs what was counted so far; if counters never stand still, nothing can be told.
    let mut resets = 0;
    loop {
        release.users(state, &options).await?;
        let now = read(&release.admin, &release.counterparts).await?;
        let Ok(counted) = pairs(&before, &now) else {
            resets += 1;
            if resets > options.looks {
                return Err(unsteady());
            }
            terminal::line(&terminal::dim(&format!("  {Reset}: counting again")));
            before = now;
            continue;
        };
        let step = match rollout.look(&counted) {
            Action::Wait(missing) => {
                let missing = missing.to_string().replace('\n', "\n    ");
                terminal::line(&format!("  {} {missing}", terminal::dim("…")));
                continue;
            }
            Action::Raise(percent) => {
                Step::Weight { lane: Some(release.lane.clone()), percent: percent.into() }
            }
            Action::Promote => Step::Promote { lane: Some(release.lane.clone()) },
            Action::Abort(words) => {
                terminal::line(&format!("  {} {words}", terminal::bad("✗")));
                release.take(state, Step::Abort { lane: Some(release.lane.clone()) }).await?;
                return Ok(ExitCode::FAILURE);
            }
            Action::Hold(missing) => {
                let words = "held: neither raised nor aborted, for want of data";
                terminal::line(&format!("  {} {words}: {missing}", terminal::bad("✗")));
                return Ok(ExitCode::FAILURE);
            }
        };
        let is_last = matches!(step, Step::Promote { .. });
        release.take(state, step).await?;
        if is_last {
            return Ok(ExitCode::SUCCESS);
        }
        before = read(&release.admin, &release.counterparts).await?;
    }
}

/// What does not change on the way.
struct Release {
    lane: String,
    counterparts: Vec<Counterpart>,
    plan: Plan,
    admin: Admin,
}

impl Release {
    fn of(status: &Status, options: &Options) -> Result<Self> {
        let start = "`cargo lab canary start LANE` begins one";
        let release = status.release.as_ref();
        let release = release.ok_or_else(|| Failure::input("no release is under way", start))?;
        let ReleaseStatus { state, counterparts, .. } = release;
        let lane = state.meant(options.lane.as_deref(), &[])?;
        let counterparts = counterparts.get(&lane).cloned().unwrap_or_default();
        if counterparts.is_empty() {
            let message = format!("lane `{lane}` has no service to compare with the baseline");
            return Err(Failure::input(message, "give the lane a service of its own"));
        }
        // After an interruption, from where it stood.
        let reached = state.draw.as_ref().map_or(0, |draw| draw.percent);
        let steps = options.steps.iter().copied().filter(|step| u32::from(*step) >= reached);
        let criteria = Criteria {
            minimum: options.minimum,
            errors: options.errors,
            slow: options.slow,
            error: options.alpha,
            looks: options.looks,
            ..Criteria::default()
        };
        let plan = Plan::new(&steps.collect::<Vec<u8>>(), criteria)?;
        Ok(Self { lane, counterparts, plan, admin: Admin::new(&status.envoy.admin)? })
    }

    /// As if nothing had been counted: what a slow request is, the whole past of the baseline tells.
    fn beginning(&self) -> Vec<Readings> {
        let nothing = |service: &Counterpart| Readings {
            host: service.host.clone(),
            lane: Reading::default(),
            baseline: Reading::default(),
        };
        self.counterparts.iter().map(nothing).collect()
    }

    /// Requests of users without a cookie, or time for those of others.
    async fn users(&self, state: &StateFolder, options: &Options) -> Result<()> {
        if options.requests == 0 {
            wait::pause(Duration::from_secs(options.every)).await;
            return Ok(());
        }
        let target = Target::embedded(&control::status(state).await?)?;
        let turn = Turn { lane: self.lane.clone(), entry: Entry::Draw };
        let load = Load { requests: options.requests, at_once: AT_ONCE, turns: vec![turn] };
        // What fails of them, the counters tell.
        load::run(&target, &load, |_| {}).await.map(drop)
    }

    async fn take(&self, state: &StateFolder, step: Step) -> Result<()> {
        terminal::line(&format!("{} {step}", terminal::good("→")));
        control::call(state, &Request::Canary { step }).await.map(drop)
    }
}

/// What was counted between two readings, by service.
fn pairs(
    before: &[Readings],
    now: &[Readings],
) -> std::result::Result<BTreeMap<String, Pair>, Reset> {
    let pair = |(before, now): (&Readings, &Readings)| {
        let lane = Sample::between(&before.lane, &now.lane)?;
        let baseline = Sample::between(&before.baseline, &now.baseline)?;
        Ok((now.host.clone(), Pair { lane, baseline }))
    };
    before.iter().zip(now).map(pair).collect()
}

fn unsteady() -> Failure {
    let message = "Envoy's counters began anew at every look, as they do when endpoints change";
    Failure::lab(message, "`cargo lab status` shows pods that restart; the weight stays as it is")
}
