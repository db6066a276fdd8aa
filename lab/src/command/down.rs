//! `lab down`: stops the lab that runs, and waits until it is gone.

use crate::control::{self, Request};
use crate::failure::{Failure, Result};
use crate::state::StateFolder;
use crate::terminal;
use crate::wait;
use std::process::ExitCode;
use std::time::Duration;

/// How long a lab may take to end after its last word.
const PATIENCE: Duration = Duration::from_secs(10);

/// What `down` does where there is no lab: it is done already.
#[expect(clippy::unnecessary_wraps, reason = "the form of a command")]
pub(crate) fn nothing() -> Result<ExitCode> {
    terminal::line("no lab is running");
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn down(state: &StateFolder) -> Result<ExitCode> {
    if !control::is_running(state).await {
        // A lab that was killed has left a few files; a lab that is just starting holds the lock.
        if let Ok(_lock) = state.lock() {
            state.leave()?;
            return nothing();
        }
        return Err(Failure::input(
            "the lab is still starting",
            "run `cargo lab down` again in a moment",
        ));
    }
    control::call(state, &Request::Down).await?;
    let gone = wait::until(PATIENCE, async || state.lock().ok());
    gone.await.ok_or_else(|| {
        Failure::lab(
            "the lab has stopped everything but does not end",
            "see lab.log in the state folder",
        )
    })?;
    terminal::line("the lab is stopped");
    Ok(ExitCode::SUCCESS)
}
