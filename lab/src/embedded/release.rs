//! Steps of a release in the running lab: each a change like that of a layer, make before break, and all or nothing.

use super::{Embedded, Tell};
use crate::clock;
use crate::disk::{self, Access};
use crate::failure::{Failure, Result};
use crate::layers::Plan;
use crate::release::{DrawBegan, Release, ReleaseStatus, Taken};
use crate::topology::INGRESS_NAME;
use manifests::layout::LANE_LAYER_PREFIX;
use manifests::object::Manifest;
use manifests::release::{State, Step, counterparts};
use manifests::render;
use std::path::PathBuf;
use std::time::{Duration, Instant};

impl Embedded {
    /// Takes a step; one that is taken already changes nothing.
    pub(super) async fn take(&mut self, step: &Step, tell: Tell<'_>) -> Result<()> {
        if let Some(layer) = self.applied.iter().find(|layer| layer.starts_with(LANE_LAYER_PREFIX))
        {
            let message = format!("the layer `{layer}` was applied by itself, beside any release");
            return Err(Failure::input(message, format!("`cargo lab remove {layer}` first")));
        }
        let next = self.release.state.after(step, &self.layers.lanes())?;
        if next == self.release.state {
            tell("it is so already", Duration::ZERO);
            return Ok(());
        }
        let started = Instant::now();
        let redrawn = next.draw != self.release.state.draw;
        let plan = Plan { layers: self.applied.clone(), release: next };
        let manifests = self.layers.in_force(&plan)?;
        hold_lanes(&manifests)?;
        self.change(plan, &manifests, tell).await?;
        self.write_objects(&manifests)?;
        let lanes = self.release.state.lanes.iter();
        let counterparts = lanes.map(|lane| (lane.clone(), counterparts(&manifests, lane)));
        self.release.counterparts = counterparts.collect();
        if redrawn {
            self.release.draw_began = Some(DrawBegan::now(self.gateway_log()));
        }
        self.release.note(Taken {
            step: step.to_string(),
            at: clock::unix_seconds(),
            milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        self.publish();
        Ok(())
    }

    /// Writes what differs from the layers, for people to read and for kubectl to apply.
    fn write_objects(&self, manifests: &[Manifest]) -> Result<()> {
        let ground = self.layers.manifests(&self.applied)?;
        let own = manifests.iter().map(|manifest| &manifest.object);
        let own = own.filter(|object| ground.iter().all(|manifest| manifest.object != **object));
        disk::replace(&self.state.release(), render::objects(own).as_bytes(), Access::Everyone)
    }

    /// Without who was drawn: that is read from a log, by whoever asks for it.
    pub(super) fn release_status(&self) -> Option<ReleaseStatus> {
        let Release { state, steps, draw_began, counterparts } = &self.release;
        if *state == State::default() && steps.is_empty() {
            return None;
        }
        Some(ReleaseStatus {
            state: state.clone(),
            drawn: None,
            draw_began: draw_began.clone(),
            counterparts: counterparts.clone(),
            steps: steps.clone(),
            objects: self.state.release(),
        })
    }

    fn gateway_log(&self) -> PathBuf {
        self.state.access_log(INGRESS_NAME)
    }
}

/// A release is there to keep requests in their lanes: manifests that would not are refused.
fn hold_lanes(manifests: &[Manifest]) -> Result<()> {
    let sequence: Vec<&Manifest> = manifests.iter().collect();
    let found = manifests::check::lanes(&sequence);
    if found.is_empty() { Ok(()) } else { Err(Failure::violations(&found)) }
}

impl DrawBegan {
    fn now(log: PathBuf) -> Self {
        Self { place: disk::length(&log), log, time: clock::rfc3339() }
    }
}
