//! Connections go in; those that keep the server waiting for too long, or stand in the way of new ones, are closed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    task::AbortHandle,
    time::{MissedTickBehavior, interval},
};

use super::connection::{Clock, Connection, Phase, Tick};
use crate::config::Limits;

/// No time-out is late by more than about one part in this many.
const RESOLUTION: u32 = 16;
const SHORTEST_TICK: Duration = Duration::from_millis(5);
const LONGEST_TICK: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Connections {
    clock: Arc<Clock>,
    tick: Duration,
    head_ticks: Tick,
    idle_ticks: Tick,
    transfer_ticks: Tick,
    most: usize,
    table: Mutex<Table>,
    change: Notify,
}

#[derive(Debug, Default)]
struct Table {
    next_id: u64,
    open: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    connection: Arc<Connection>,
    /// Known a moment after the entry is made.
    task: Option<AbortHandle>,
}

impl Entry {
    fn close(self) {
        if let Some(task) = self.task {
            task.abort();
        }
    }
}

impl Connections {
    pub(super) fn new(limits: &Limits) -> Self {
        let shortest = limits.head_timeout.min(limits.idle_timeout).min(limits.transfer_timeout);
        let tick = (shortest / RESOLUTION).clamp(SHORTEST_TICK, LONGEST_TICK);
        // The tick that a phase begins in is not whole: one more.
        let ticks = |timeout: Duration| {
            Tick::try_from(timeout.as_nanos().div_ceil(tick.as_nanos()))
                .map_or(Tick::MAX, |n| n + 1)
        };
        Self {
            clock: Arc::default(),
            tick,
            head_ticks: ticks(limits.head_timeout),
            idle_ticks: ticks(limits.idle_timeout),
            transfer_ticks: ticks(limits.transfer_timeout),
            most: limits.max_connections,
            table: Mutex::default(),
            change: Notify::new(),
        }
    }

    pub(super) fn connection(&self) -> Arc<Connection> {
        Arc::new(Connection::new(Arc::clone(&self.clock)))
    }

    /// Makes the clock go, and closes what has run out of time at each tick.
    pub(super) async fn keep_time(&self) {
        let mut ticks = interval(self.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            self.close_late(self.clock.tick());
            self.change.notify_waiters();
        }
    }

    fn close_late(&self, now: Tick) {
        let is_late = |_: &u64, entry: &mut Entry| {
            let (phase, since) = entry.connection.phase();
            let patience = match phase {
                Phase::Head => self.head_ticks,
                Phase::Idle => self.idle_ticks,
                Phase::Sending => self.transfer_ticks,
                Phase::Serving => return false,
            };
            now.saturating_sub(since) > patience
        };
        for (_, entry) in self.table().open.extract_if(is_late) {
            tracing::debug!(phase = ?entry.connection.phase().0, "a connection ran out of time");
            entry.close();
        }
    }

    /// Waits while there are as many connections as may be, and none that another could have the place of.
    pub(super) async fn room(&self) {
        let mut change = std::pin::pin!(self.change.notified());
        loop {
            // Registered before the look at the table, so that no change in between is missed.
            change.as_mut().enable();
            if self.table().has_room(self.most, self.clock.now()) {
                return;
            }
            change.as_mut().await;
            change.set(self.change.notified());
        }
    }

    /// Call it for each new connection: one that only waits is closed in its favour if there are too many.
    pub(super) fn make_room(&self) {
        if self.table().open.len() >= self.most {
            self.give_up_one();
        }
    }

    pub(super) fn give_up_one(&self) {
        let mut table = self.table();
        if let Some(entry) =
            table.longest_waiting(self.clock.now()).and_then(|id| table.open.remove(&id))
        {
            tracing::debug!("a waiting connection was closed to make room");
            entry.close();
        }
    }

    /// Resolves when a connection has ended, or at the next tick.
    pub(super) async fn changed(&self) {
        self.change.notified().await;
    }

    /// Resolves when no head is awaited, or at the tick after that.
    pub(super) async fn heads(&self) {
        while self.table().awaits_a_head() {
            self.changed().await;
        }
    }

    /// Runs `served`, which is what `connection` is about, as a task.
    pub(super) fn spawn(
        self: &Arc<Self>,
        connection: Arc<Connection>,
        served: impl Future<Output = ()> + Send + 'static,
    ) {
        let id = self.table().add(connection);
        let registered = Registered { id, connections: Arc::clone(self) };
        let task = tokio::spawn(async move {
            let _registered = registered;
            served.await;
        });
        // It may have ended already.
        if let Some(entry) = self.table().open.get_mut(&id) {
            entry.task = Some(task.abort_handle());
        }
    }

    /// How many requests are being answered, or have answers that are still on their way out.
    pub(super) fn requests(&self) -> u32 {
        let of = |entry: &Entry| match entry.connection.phase().0 {
            Phase::Sending => 1,
            _ => entry.connection.requests(),
        };
        self.table().open.values().map(of).sum()
    }

    pub(super) fn close_all(&self) {
        for (_, entry) in self.table().open.drain() {
            entry.close();
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn add(&mut self, connection: Arc<Connection>) -> u64 {
        self.next_id += 1;
        self.open.insert(self.next_id, Entry { connection, task: None });
        self.next_id
    }

    fn awaits_a_head(&self) -> bool {
        self.open.values().any(|entry| entry.connection.phase().0 == Phase::Head)
    }

    fn has_room(&self, most: usize, now: Tick) -> bool {
        self.open.len() < most || self.longest_waiting(now).is_some()
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
}

/// In the table for as long as the task of the connection lives, however it ends.
struct Registered {
    id: u64,
    connections: Arc<Connections>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.connections.table().open.remove(&self.id);
        self.connections.change.notify_waiters();
    }
}
