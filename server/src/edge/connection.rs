//! What happens on one connection goes in; since when it has kept the server waiting comes out.

use std::sync::{
    Arc,
    atomic::{
        AtomicBool, AtomicU32, AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed, Release},
    },
};

use poem::http::Version;

/// A moment, counted in ticks of a [`Clock`].
pub(super) type Tick = u64;

/// A coarse clock, so that a request costs no look at a finer one. Somebody else makes it go.
#[derive(Debug, Default)]
pub(super) struct Clock(AtomicU64);

impl Clock {
    pub(super) fn now(&self) -> Tick {
        self.0.load(Relaxed)
    }

    pub(super) fn tick(&self) -> Tick {
        self.0.fetch_add(1, Relaxed) + 1
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The head of a request is being read; a new connection owes one from its beginning.
    Head,
    /// Kept alive: every request was answered, nothing of the next one is there.
    Idle,
    /// The answer is made and on its way out.
    Sending,
    /// A request is being answered.
    Serving,
}

/// The phase and the tick it began at, in one word: the table reads both while the connection's task changes them.
#[derive(Debug)]
pub(super) struct Connection {
    clock: Arc<Clock>,
    state: AtomicU64,
    requests: AtomicU32,
    multiplexed: AtomicBool,
}

const PHASE_BITS: u32 = 2;

impl Connection {
    pub(super) fn new(clock: Arc<Clock>) -> Self {
        let state = AtomicU64::new(packed(Phase::Head, clock.now()));
        Self { clock, state, requests: AtomicU32::new(0), multiplexed: AtomicBool::new(false) }
    }

    pub(super) fn phase(&self) -> (Phase, Tick) {
        let state = self.state.load(Acquire);
        let phase = match state & ((1 << PHASE_BITS) - 1) {
            0 => Phase::Head,
            1 => Phase::Idle,
            2 => Phase::Sending,
            _ => Phase::Serving,
        };
        (phase, state >> PHASE_BITS)
    }

    /// How many requests are being answered: more than one only in HTTP/2.
    pub(super) fn requests(&self) -> u32 {
        self.requests.load(Acquire)
    }

    /// Bytes came in. In HTTP/2 they may be anything; there a half-sent head counts as idle.
    pub(super) fn received(&self) {
        if self.phase().0 == Phase::Idle && !self.multiplexed.load(Relaxed) {
            self.enter(Phase::Head);
        }
    }

    /// Everything written so far has left for the client.
    pub(super) fn flushed(&self) {
        if self.phase().0 == Phase::Sending {
            self.enter(Phase::Idle);
        }
    }

    /// The request is being answered for as long as the returned value lives.
    pub(super) fn begin_request(self: &Arc<Self>, version: Version) -> Serving {
        if version == Version::HTTP_2 {
            self.multiplexed.store(true, Relaxed);
        }
        self.requests.fetch_add(1, AcqRel);
        self.enter(Phase::Serving);
        Serving(Arc::clone(self))
    }

    fn end_request(&self) {
        if self.requests.fetch_sub(1, AcqRel) == 1 {
            self.enter(Phase::Sending);
        }
    }

    fn enter(&self, phase: Phase) {
        self.state.store(packed(phase, self.clock.now()), Release);
    }
}

#[derive(Debug)]
pub(super) struct Serving(Arc<Connection>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.end_request();
    }
}

fn packed(phase: Phase, since: Tick) -> u64 {
    let phase = match phase {
        Phase::Head => 0,
        Phase::Idle => 1,
        Phase::Sending => 2,
        Phase::Serving => 3,
    };
    since << PHASE_BITS | phase
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> (Arc<Clock>, Arc<Connection>) {
        let clock = Arc::new(Clock::default());
        clock.tick();
        (Arc::clone(&clock), Arc::new(Connection::new(clock)))
    }

    #[test]
    fn a_connection_goes_from_head_to_answer_to_idle_and_round_again() {
        let (clock, connection) = connection();
        assert_eq!(connection.phase(), (Phase::Head, 1));
        clock.tick();
        connection.received();
        assert_eq!(connection.phase(), (Phase::Head, 1), "a trickle does not begin a new head");
        let serving = connection.begin_request(Version::HTTP_11);
        clock.tick();
        connection.received();
        connection.flushed();
        assert_eq!(connection.phase(), (Phase::Serving, 2));
        drop(serving);
        assert_eq!(connection.phase(), (Phase::Sending, 3));
        clock.tick();
        connection.flushed();
        assert_eq!(connection.phase(), (Phase::Idle, 4));
        clock.tick();
        connection.received();
        assert_eq!(connection.phase(), (Phase::Head, 5));
    }

    #[test]
    fn a_multiplexed_connection_serves_until_its_last_request_ends() {
        let (clock, connection) = connection();
        let first = connection.begin_request(Version::HTTP_2);
        let second = connection.begin_request(Version::HTTP_2);
        drop(first);
        assert_eq!((connection.phase().0, connection.requests()), (Phase::Serving, 1));
        drop(second);
        connection.flushed();
        clock.tick();
        connection.received();
        assert_eq!(connection.phase(), (Phase::Idle, 1), "frames are no head");
    }
}
