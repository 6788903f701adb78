//! The rate that policy decides, made to hold: one pacer for each running backup.

mod follow;
mod held;
mod pacer;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use penstock_policy::throttle::Span;

pub use held::{Held, Wait};
pub use pacer::{Pacer, Payer};

/// Where a pacer learns its rate: the records that decide it, as they are published.
///
/// Asked under the pacer's own lock, so it must neither block nor call the pacer.
pub trait RateSource: Send + Sync {
    /// The rate in force at an instant, who decided it, and until when.
    fn span(&self, at: Timestamp) -> Span;

    /// A number that changes with every edit of a record that may decide the rate. Asked for each
    /// piece, so it must be cheap.
    fn version(&self) -> u64;
}

/// How finely a pacer deals out time on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grain {
    /// Unused time that can be saved up. Over any second at most rate x (1 s + burst) is let through.
    burst: Duration,
    /// Time paid for in one turn. Half the burst, so that a timer's lateness isn't lost.
    quantum: Duration,
}

impl Grain {
    /// 10 ms saved, 5 ms a turn: any second is within 1 % of the rate.
    pub const FINE: Self = Self {
        burst: Duration::from_millis(10),
        quantum: Duration::from_millis(5),
    };
    /// 50 ms saved, 25 ms a turn: a fifth of the wake-ups, for when there are very many backups.
    pub const COARSE: Self = Self {
        burst: Duration::from_millis(50),
        quantum: Duration::from_millis(25),
    };

    /// The grain for so many running backups: coarse above 1,000 (rules, section 7).
    pub fn for_backups(running: usize) -> Self {
        if running > 1_000 {
            Self::COARSE
        } else {
            Self::FINE
        }
    }

    /// Unused time that can be saved up.
    pub fn burst(self) -> Duration {
        self.burst
    }

    /// Time paid for in one turn.
    pub fn quantum(self) -> Duration {
        self.quantum
    }
}
