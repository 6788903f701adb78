//! Looks at one session's paid bytes about a hundred times a second, as an administrator's `top` would.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use penstock_daemon::clock::Clock;
use penstock_policy::levels::Direction;

use crate::Trouble;
use crate::admin::Admin;
use crate::daemon::Daemon;
use crate::series::{Sample, Series};

/// The time between two looks.
const EVERY: Duration = Duration::from_millis(10);

/// A thread that looks until it is stopped.
pub struct Sampler {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<Vec<Sample>, Trouble>>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    newest: AtomicU64,
}

impl Sampler {
    /// Begins to look at the session of a schedule (`CUSTOMER/CLIENT/SCHEDULE`).
    ///
    /// # Errors
    /// When the daemon doesn't answer.
    pub fn start(
        daemon: &Daemon,
        clock: &Clock,
        address: &str,
        direction: Direction,
    ) -> Result<Self, Trouble> {
        let mut look = Look {
            admin: daemon.admin()?,
            clock: clock.clone(),
            address: address.to_owned(),
            direction,
        };
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let (first, looked) = mpsc::channel();
        let thread = thread::spawn(move || look.again_and_again(&theirs, &first));
        // So that `newest` is what was paid before whatever comes next.
        let _ = looked.recv();
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// The counter as it was last seen; 0 while there is no session.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.shared.newest.load(Ordering::Relaxed)
    }

    /// Ends and gives what it saw.
    ///
    /// # Errors
    /// When the daemon stopped answering meanwhile.
    pub fn stop(mut self) -> Result<Series, Trouble> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().map(JoinHandle::join);
        match thread {
            Some(Ok(samples)) => samples.map(Series::new),
            _ => Err(Trouble::Admin("the sampling thread failed".to_owned())),
        }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

struct Look {
    admin: Admin,
    clock: Clock,
    address: String,
    direction: Direction,
}

impl Look {
    fn again_and_again(
        &mut self,
        shared: &Shared,
        first: &mpsc::Sender<()>,
    ) -> Result<Vec<Sample>, Trouble> {
        let mut samples = Vec::new();
        let mut next = self.clock.monotonic();
        while !shared.stop.load(Ordering::Relaxed) {
            if let Some(sample) = self.once()? {
                shared.newest.store(sample.bytes, Ordering::Relaxed);
                samples.push(sample);
            }
            let _ = first.send(());
            // A late look isn't made up for by two in a row.
            let now = self.clock.monotonic();
            next = (next + EVERY).max(now);
            thread::sleep(next - now);
        }
        Ok(samples)
    }

    fn once(&mut self) -> Result<Option<Sample>, Trouble> {
        let asked = self.clock.monotonic();
        let running = self.admin.top()?;
        let known = self.clock.monotonic();
        let session = running.iter().find(|row| row.address == self.address);
        Ok(session.map(|row| Sample {
            asked,
            known,
            bytes: match self.direction {
                Direction::Backup => row.bytes_in,
                Direction::Restore => row.bytes_out,
            },
            held: Some(row.held_by.throttle),
        }))
    }
}
