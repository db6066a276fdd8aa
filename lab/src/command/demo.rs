//! `lab demo`: the whole story in one go, and a summary at its end.

use crate::embedded::{Embedded, Options, Signals};
use crate::failure::{Failure, Result};
use crate::state::StateFolder;
use crate::target::{Target, gateway_service};
use crate::terminal;
use crate::verify::{self, Report};
use crate::waterfall::waterfall;
use std::process::ExitCode;
use std::time::Instant;

/// The layer that brings a lane.
const LANE_LAYER: &str = "canary-v2";
/// Among how many of the latest traces one of each lane is looked for.
const SEARCHED: usize = 500;

pub(crate) async fn demo(state: StateFolder, options: Options) -> Result<ExitCode> {
    let started = Instant::now();
    let mut signals = Signals::listen()?;
    let _lock = state.lock()?;
    terminal::heading("1. Up: three services in version v1 behind an HTTPS gateway");
    let mut lab = super::up::start_lab(&state, options, &mut signals).await?;
    let told = tokio::select! {
        told = tell(&mut lab) => told,
        () = signals.next() => Err(stopped()),
    };
    terminal::heading("5. Down");
    lab.stop(&terminal::done).await?;
    let (baseline, lanes) = told?;

    terminal::heading("What you have seen");
    let claims = baseline.outcomes.len() + lanes.outcomes.len();
    let held = [&baseline, &lanes]
        .iter()
        .flat_map(|report| &report.outcomes)
        .filter(|outcome| outcome.passed)
        .count();
    terminal::line(&format!(
        "  {held} of {claims} claims hold, in {:.1} s",
        started.elapsed().as_secs_f64()
    ));
    terminal::line("  The manifests in out/ decided every route; the same files go to a cluster.");
    terminal::line("  Next: `cargo lab up`, then paste one of the curl lines that it prints.");
    Ok(if baseline.passed() && lanes.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn tell(lab: &mut Embedded) -> Result<(Report, Report)> {
    terminal::heading("2. Verify: through the gateway, as a client sees it");
    let baseline = verify::verify(&Target::embedded(&lab.status())?).await?;
    super::verify::show(&baseline);

    terminal::heading(
        "3. A canary lane: version v2 of every service beside v1, then the routes that lead to it",
    );
    if lab.status().layers.iter().any(|layer| layer == LANE_LAYER) {
        terminal::line("  is applied already");
    } else {
        lab.apply(LANE_LAYER, &terminal::done).await?;
    }
    let target = Target::embedded(&lab.status())?;
    let lanes = verify::verify(&target).await?;
    super::verify::show(&lanes);

    terminal::heading("4. One trace of each lane");
    let traces = target.traces.latest(&gateway_service(), SEARCHED).await?;
    for lane in std::iter::once(String::new()).chain(target.lanes()) {
        let of_lane = traces.iter().find(|trace| {
            let complete = trace.spans.len() > 2 * target.expected(&lane).len();
            complete && trace.spans.iter().all(|span| span.tag("lane") == lane)
        });
        if let Some(trace) = of_lane {
            terminal::line(&waterfall(trace, terminal::columns()));
        }
    }
    Ok((baseline, lanes))
}

fn stopped() -> Failure {
    Failure::input("stopped before the story was told", "run `cargo lab demo` again")
}
