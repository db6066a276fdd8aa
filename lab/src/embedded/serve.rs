//! A lab that runs: takes commands, keeps the endpoints in step with the pods, until it is told to stop.

use super::{Embedded, Tell};
use crate::control::{Call, Reply, Request, Server};
use crate::failure::{Failure, Result};
use crate::release::ReleaseStatus;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals that end the lab.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Failure::lab(format!("signals cannot be heard: {error}"), "run it again")
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

enum Next {
    Call(Option<Call>),
    Pod,
    EnvoyEnded(String),
    Signal,
}

/// Serves until a signal, `down`, or the end of Envoy; then stops everything, whatever happened.
pub(crate) async fn serve(
    mut lab: Embedded,
    mut server: Server,
    signals: &mut Signals,
) -> Result<()> {
    let (ended, replies) = loop {
        let next = tokio::select! {
            call = server.calls.recv() => Next::Call(call),
            _ = lab.cast.next() => Next::Pod,
            status = lab.envoy.wait() => Next::EnvoyEnded(status.map_or_else(|error| error.to_string(), |status| status.to_string())),
            () = signals.next() => Next::Signal,
        };
        match next {
            Next::Call(Some((Request::Down, replies))) => break (Ok(()), Some(replies)),
            Next::Call(Some((request, replies))) => {
                let tell = |text: &str, took| step(&replies, text, took);
                let answered = tokio::select! {
                    answered = answer(&mut lab, request, &tell) => answered,
                    () = signals.next() => break (Ok(()), None),
                };
                replies.send(answered.unwrap_or_else(Reply::from)).ok();
            }
            Next::Pod => {}
            Next::EnvoyEnded(status) => break (Err(envoy_ended(&lab, &status)), None),
            Next::Signal | Next::Call(None) => break (Ok(()), None),
        }
        // Pods may have come or gone during a change, too.
        if let Err(failure) = lab.publish_endpoints().await {
            break (Err(failure), None);
        }
        lab.publish();
    };
    let state = lab.state.clone();
    let tell = |text: &str, took| replies.iter().for_each(|replies| step(replies, text, took));
    let stopped = tokio::select! {
        stopped = lab.stop(&tell) => stopped,
        // Nothing of it outlives the lab that is dropped here.
        () = signals.next() => state.leave(),
    };
    if let Some(replies) = replies {
        replies.send(Reply::Done).ok();
    }
    server.finish().await;
    ended.and(stopped)
}

fn envoy_ended(lab: &Embedded, status: &str) -> Failure {
    let failure = Failure::lab(
        format!("Envoy ended: {status}"),
        "its own words are above; start the lab again",
    );
    failure.with_log(&lab.state.log("envoy"))
}

fn step(replies: &tokio::sync::mpsc::UnboundedSender<Reply>, text: &str, took: Duration) {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    // Whoever asked may have gone; the work is done all the same.
    replies.send(Reply::Step { text: text.to_owned(), milliseconds }).ok();
}

async fn answer(lab: &mut Embedded, request: Request, tell: Tell<'_>) -> Result<Reply> {
    match request {
        Request::Status => {
            let mut status = lab.status();
            status.release.iter_mut().for_each(ReleaseStatus::count);
            Ok(Reply::Status(Box::new(status)))
        }
        Request::Apply { layer } => lab.apply(&layer, tell).await.map(|()| Reply::Done),
        Request::Remove { layer } => lab.remove(&layer, tell).await.map(|()| Reply::Done),
        Request::Canary { step } => lab.take(&step, tell).await.map(|()| Reply::Done),
        Request::Down => unreachable!("the loop that serves ends on it"),
    }
}
