//! The connections that are open: who keeps the server waiting, for how long, and who goes first.

use std::{collections::HashMap, sync::Arc};

use tokio::task::AbortHandle;

use super::connection::{Connection, Phase, Tick};

#[derive(Debug, Default)]
pub(super) struct Table {
    next_id: u64,
    open: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    connection: Arc<Connection>,
    /// Known a moment after the entry is made.
    task: Option<AbortHandle>,
}

/// How long a connection may be in each phase. Being served has no limit here.
#[derive(Debug)]
pub(super) struct Patience {
    pub(super) head: Tick,
    pub(super) idle: Tick,
    pub(super) sending: Tick,
}

impl Patience {
    fn is_over(&self, (phase, since): (Phase, Tick), now: Tick) -> bool {
        let patience = match phase {
            Phase::Head => self.head,
            Phase::Idle => self.idle,
            Phase::Sending => self.sending,
            Phase::Serving => return false,
        };
        now.saturating_sub(since) > patience
    }
}

impl Table {
    pub(super) fn add(&mut self, connection: Arc<Connection>) -> u64 {
        self.next_id += 1;
        self.open.insert(self.next_id, Entry { connection, task: None });
        self.next_id
    }

    /// What to abort when the connection is to be closed. It may have ended already.
    pub(super) fn set_task(&mut self, id: u64, task: AbortHandle) {
        if let Some(entry) = self.open.get_mut(&id) {
            entry.task = Some(task);
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.open.remove(&id);
    }

    pub(super) fn close_late(&mut self, patience: &Patience, now: Tick) {
        let is_late = |_: &u64, entry: &mut Entry| patience.is_over(entry.connection.phase(), now);
        for (_, entry) in self.open.extract_if(is_late) {
            entry.close("it ran out of time");
        }
    }

    /// Closes one that only waits, if there is one.
    pub(super) fn give_up_one(&mut self, now: Tick) {
        if let Some(entry) = self.longest_waiting(now).and_then(|id| self.open.remove(&id)) {
            entry.close("another needs its place");
        }
    }

    pub(super) fn close_all(&mut self) {
        for (_, entry) in self.open.drain() {
            entry.close("the server stops");
        }
    }

    pub(super) fn is_full(&self, most: usize) -> bool {
        self.open.len() >= most
    }

    /// Whether one more could be there, or could have the place of another.
    pub(super) fn has_room(&self, most: usize, now: Tick) -> bool {
        !self.is_full(most) || self.longest_waiting(now).is_some()
    }

    /// The oldest half-sent head, or else the connection that has been idle for the longest time: those who only wait
    /// never make others wait. Who came just now is about to ask and does not count.
    fn longest_waiting(&self, now: Tick) -> Option<u64> {
        let waiting = self.open.iter().filter_map(|(id, entry)| match entry.connection.phase() {
            (Phase::Head, since) if since + 1 < now => Some((0, since, *id)),
            (Phase::Idle, since) if since + 1 < now => Some((1, since, *id)),
            _ => None,
        });
        waiting.min().map(|(.., id)| id)
    }

    pub(super) fn awaits_a_head(&self) -> bool {
        self.open.values().any(|entry| entry.connection.phase().0 == Phase::Head)
    }

    /// How many requests are being answered, or have answers that are still on their way out.
    pub(super) fn requests(&self) -> u32 {
        let of = |entry: &Entry| match entry.connection.phase().0 {
            Phase::Sending => 1,
            _ => entry.connection.requests(),
        };
        self.open.values().map(of).sum()
    }
}

impl Entry {
    fn close(self, why: &str) {
        tracing::debug!(phase = ?self.connection.phase().0, "a connection is closed: {why}");
        if let Some(task) = self.task {
            task.abort();
        }
    }
}
