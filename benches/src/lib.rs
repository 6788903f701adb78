//! Measurements, and what they share: a rate that stands still.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use penstock_daemon::throttle::RateSource;
use penstock_policy::throttle::{Level, Span};
use penstock_policy::units::Rate;

/// One record's rate, which may be edited; `None`: unthrottled.
pub struct Fixed(AtomicU64);

impl Fixed {
    /// A record that says this rate.
    pub fn new(rate: Option<Rate>) -> Self {
        Self(AtomicU64::new(number(rate)))
    }

    /// Edits the record.
    pub fn edit(&self, rate: Option<Rate>) {
        self.0.store(number(rate), Ordering::Relaxed);
    }
}

fn number(rate: Option<Rate>) -> u64 {
    rate.map_or(0, Rate::bytes_per_second)
}

impl RateSource for Fixed {
    fn span(&self, _at: Timestamp) -> Span {
        Span {
            rate: Rate::from_bytes_per_second(self.0.load(Ordering::Relaxed)).ok(),
            until: None,
            level: Some(Level::Customer),
            block: None,
        }
    }

    // The rate is its own version: an edit that doesn't change it need not be noticed.
    fn version(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
