//! The pods that run: started, watched, stopped, each with its ports and what was last heard of it.

use crate::address::Ports;
use crate::control::PodStatus;
use crate::envoy::PodPorts;
use crate::failure::{Failure, Result};
use crate::kubelet::{self, Event, Running};
use crate::state::StateFolder;
use crate::topology::Pod;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a new pod may take to get ready, beyond the initial delay of its probe.
const READY_PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Cast {
    /// This program: it is the server too.
    program: PathBuf,
    members: BTreeMap<String, Member>,
    events: mpsc::UnboundedReceiver<(String, Event)>,
    sender: mpsc::UnboundedSender<(String, Event)>,
}

#[derive(Debug)]
struct Member {
    pod: Pod,
    ports: PodPorts,
    running: Running,
    pid: u32,
    starts: u32,
    ready: bool,
    reason: String,
    failure: Option<Failure>,
}

impl Cast {
    pub(super) fn new(program: PathBuf) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        Self { program, members: BTreeMap::new(), events, sender }
    }

    /// Starts those of `pods` that do not run yet, and returns their names.
    pub(super) fn start(
        &mut self,
        pods: &[Pod],
        ports: &mut Ports,
        state: &StateFolder,
    ) -> Result<Vec<String>> {
        let new: Vec<&Pod> =
            pods.iter().filter(|pod| !self.members.contains_key(&pod.name)).collect();
        for pod in &new {
            let ports = PodPorts {
                app: ports.free()?,
                admin: ports.free()?,
                inbound: ports.free()?,
                outbound: ports.free()?,
            };
            let process = kubelet::process(pod, ports, &self.program, state);
            let running = kubelet::start(pod, ports.app, process, self.sender.clone());
            let member = Member {
                pod: (*pod).clone(),
                ports,
                running,
                pid: 0,
                starts: 0,
                ready: false,
                reason: "starting".into(),
                failure: None,
            };
            self.members.insert(pod.name.clone(), member);
        }
        Ok(new.into_iter().map(|pod| pod.name.clone()).collect())
    }

    /// Waits until all of these pods are ready; a pod that ends first is a failure, with the end of its log.
    pub(super) async fn ready(&mut self, names: &[String], state: &StateFolder) -> Result<()> {
        let delay = names.iter().filter_map(|name| self.members.get(name)?.pod.readiness.as_ref());
        let delay = delay.map(|readiness| readiness.initial_delay).max().unwrap_or_default();
        let deadline = tokio::time::Instant::now() + delay + READY_PATIENCE;
        loop {
            let waiting = names
                .iter()
                .find(|name| self.members.get(*name).is_some_and(|member| !member.ready));
            let Some(waiting) = waiting.cloned() else { return Ok(()) };
            match tokio::time::timeout_at(deadline, self.next()).await {
                Ok((name, Ended::Yes)) if names.contains(&name) => {
                    return Err(self.not_ready(&name, state));
                }
                Ok(_) => {}
                Err(_) => return Err(self.not_ready(&waiting, state)),
            }
        }
    }

    fn not_ready(&mut self, name: &str, state: &StateFolder) -> Failure {
        let member = self.members.get_mut(name);
        if let Some(failure) = member.and_then(|member| member.failure.take()) {
            return failure;
        }
        let reason = self.members.get(name).map_or("", |member| &member.reason);
        let message = format!("pod {name} did not get ready: {reason}");
        Failure::lab(
            message,
            "its log is above; the Deployment's environment and arguments decide how it starts",
        )
        .with_log(&state.log(name))
    }

    /// The next thing that happens to a pod, after it was taken note of.
    pub(super) async fn next(&mut self) -> (String, Ended) {
        loop {
            // The cast itself holds a sender, so the channel never closes.
            let Some((name, event)) = self.events.recv().await else { continue };
            if let Some(member) = self.members.get_mut(&name) {
                let ended = member.note(event);
                return (name, ended);
            }
        }
    }

    /// Stops these pods, all at once.
    pub(super) async fn stop(&mut self, names: &[String]) {
        let members: Vec<Member> =
            names.iter().filter_map(|name| self.members.remove(name)).collect();
        let stopping: Vec<_> =
            members.into_iter().map(|member| tokio::spawn(member.running.stop())).collect();
        for task in stopping {
            task.await.ok();
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// Names of the running pods that are not among `pods`.
    pub(super) fn others(&self, pods: &[Pod]) -> Vec<String> {
        self.members
            .keys()
            .filter(|name| pods.iter().all(|pod| pod.name != **name))
            .cloned()
            .collect()
    }

    pub(super) fn ports(&self) -> BTreeMap<String, PodPorts> {
        self.members.iter().map(|(name, member)| (name.clone(), member.ports)).collect()
    }

    pub(super) fn ready_pods(&self) -> BTreeSet<String> {
        self.members
            .iter()
            .filter(|(_, member)| member.ready)
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// In the order of `pods`.
    pub(super) fn status(&self, pods: &[Pod]) -> Vec<PodStatus> {
        pods.iter().filter_map(|pod| self.members.get(&pod.name)).map(Member::status).collect()
    }
}

/// Whether an event is the end of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Yes,
    No,
}

impl Member {
    fn note(&mut self, event: Event) -> Ended {
        match event {
            Event::Started { pid } => {
                (self.pid, self.starts) = (pid, self.starts + 1);
                "waiting for its readiness probe".clone_into(&mut self.reason);
            }
            Event::Ready => {
                self.ready = true;
                self.reason.clear();
            }
            Event::NotReady { reason } => {
                (self.ready, self.reason) = (false, format!("readiness probe: {reason}"));
            }
            Event::Ended { reason } => {
                (self.ready, self.reason, self.pid) = (false, format!("ended: {reason}"), 0);
                return Ended::Yes;
            }
            Event::Failed(failure) => {
                (self.ready, self.reason, self.pid) = (false, failure.message.clone(), 0);
                self.failure = Some(failure);
                return Ended::Yes;
            }
        }
        Ended::No
    }

    fn status(&self) -> PodStatus {
        let lane =
            self.pod.env.iter().find(|(name, _)| name == "LANE").map(|(_, value)| value.clone());
        PodStatus {
            name: self.pod.name.clone(),
            app: self.pod.label("app").to_owned(),
            version: self.pod.label("version").to_owned(),
            lane: lane.unwrap_or_default(),
            ready: self.ready,
            reason: self.reason.clone(),
            restarts: self.starts.saturating_sub(1),
            pid: self.pid,
            app_port: self.ports.app,
            admin_port: self.ports.admin,
            inbound_port: self.ports.inbound,
            outbound_port: self.ports.outbound,
        }
    }
}
