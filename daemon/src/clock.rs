//! Wall and monotonic time: the one file that reads the machine's clocks.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The time, for everyone who needs it; clones tell the same time.
#[derive(Clone)]
pub struct Clock {
    born: Instant,
    wall: Wall,
}

#[derive(Clone)]
enum Wall {
    System,
    Driven(Arc<Driven>),
}

struct Driven {
    start: Timestamp,
    stepped: Mutex<SignedDuration>,
}

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Self {
        Self {
            born: Instant::now(),
            wall: Wall::System,
        }
    }

    /// A wall clock that starts where it is told and goes on with tokio's time, so that a test on
    /// paused time decides what happens when.
    pub fn driven(start: Timestamp) -> Self {
        Self {
            born: Instant::now(),
            wall: Wall::Driven(Arc::new(Driven {
                start,
                stepped: Mutex::new(SignedDuration::ZERO),
            })),
        }
    }

    /// Steps a driven wall clock forwards or back, as an administrator or NTP would; the monotonic
    /// clock notices nothing, and the machine's own clock isn't touched.
    pub fn step(&self, by: SignedDuration) {
        if let Wall::Driven(driven) = &self.wall {
            let mut stepped = driven
                .stepped
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *stepped = stepped.saturating_add(by);
        }
    }

    /// The wall clock: what windows, months and audit entries go by. It can be stepped either way.
    pub fn wall(&self) -> Timestamp {
        match &self.wall {
            Wall::System => read_system(),
            Wall::Driven(driven) => {
                let stepped = *driven
                    .stepped
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                driven
                    .start
                    .checked_add(self.monotonic())
                    .and_then(|wall| wall.checked_add(stepped))
                    .unwrap_or(driven.start)
            }
        }
    }

    /// Time since this clock was made; never goes back, and never steps.
    pub fn monotonic(&self) -> Duration {
        self.born.elapsed()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where everyone else's time comes from"
)]
fn read_system() -> Timestamp {
    Timestamp::now()
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.wall())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_driven_clock_goes_with_tokios_time_and_steps_only_its_wall() {
        let start = Timestamp::UNIX_EPOCH;
        let clock = Clock::driven(start);
        let twin = clock.clone();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(clock.wall(), start + SignedDuration::from_secs(10));
        twin.step(SignedDuration::from_secs(-3600));
        assert_eq!(clock.wall(), start - SignedDuration::from_secs(3590));
        assert_eq!(clock.monotonic(), Duration::from_secs(10));
    }
}
