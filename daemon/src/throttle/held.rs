//! How long something made a backup wait: its throttle, or the disk.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;

/// Adds up waiting time, of all connections together and of the backup as a whole.
pub struct Held {
    clock: Clock,
    tally: Mutex<Tally>,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    waiting: u32,
    since: Duration,
    sum: Duration,
    wall: Duration,
}

/// One caller waiting; dropping it ends the wait, however it ends.
pub struct Wait<'a>(&'a Held);

impl Held {
    /// Nobody waits yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            tally: Mutex::default(),
        }
    }

    /// Begins a wait.
    pub fn wait(&self) -> Wait<'_> {
        self.brought_up().waiting += 1;
        Wait(self)
    }

    /// Waiting time summed over the connections, those waiting now included.
    pub fn sum(&self) -> Duration {
        self.brought_up().sum
    }

    /// Time during which at least one connection waited.
    pub fn wall(&self) -> Duration {
        self.brought_up().wall
    }

    fn brought_up(&self) -> MutexGuard<'_, Tally> {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.monotonic();
        let passed = now.saturating_sub(tally.since);
        tally.since = now;
        if tally.waiting > 0 {
            let waiting = tally.waiting;
            tally.sum += passed * waiting;
            tally.wall += passed;
        }
        tally
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.0.brought_up().waiting -= 1;
    }
}
