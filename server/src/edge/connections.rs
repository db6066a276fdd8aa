//! Connections go in; those that keep the server waiting for too long, or stand in the way of new ones, are closed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval},
};

use super::{
    connection::{Clock, Connection, Tick},
    table::{Patience, Table},
};
use crate::config::Limits;

/// No time-out is late by more than about one part in this many.
const RESOLUTION: u32 = 16;
const SHORTEST_TICK: Duration = Duration::from_millis(5);
const LONGEST_TICK: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Connections {
    clock: Arc<Clock>,
    tick: Duration,
    patience: Patience,
    most: usize,
    table: Mutex<Table>,
    change: Notify,
}

impl Connections {
    pub(super) fn new(limits: &Limits) -> Self {
        let shortest = limits.head_timeout.min(limits.idle_timeout).min(limits.transfer_timeout);
        let tick = (shortest / RESOLUTION).clamp(SHORTEST_TICK, LONGEST_TICK);
        // The tick that a phase begins in is not whole: one more.
        let ticks = |timeout: Duration| {
            Tick::try_from(timeout.as_nanos().div_ceil(tick.as_nanos()))
                .map_or(Tick::MAX, |ticks| ticks + 1)
        };
        Self {
            clock: Arc::default(),
            tick,
            patience: Patience {
                head: ticks(limits.head_timeout),
                idle: ticks(limits.idle_timeout),
                sending: ticks(limits.transfer_timeout),
            },
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
            let now = self.clock.tick();
            self.table().close_late(&self.patience, now);
            self.change.notify_waiters();
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
        if self.table().is_full(self.most) {
            self.give_up_one();
        }
    }

    pub(super) fn give_up_one(&self) {
        self.table().give_up_one(self.clock.now());
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
        self.table().set_task(id, task.abort_handle());
    }

    /// How many requests are not answered to the last byte.
    pub(super) fn requests(&self) -> u32 {
        self.table().requests()
    }

    pub(super) fn close_all(&self) {
        self.table().close_all();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In the table for as long as the task of the connection lives, however it ends.
struct Registered {
    id: u64,
    connections: Arc<Connections>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.connections.table().remove(self.id);
        self.connections.change.notify_waiters();
    }
}
