//! Measurements, and what they share: a rate that stands still, and a real `penstockd` with its clients.

pub mod admin;
pub mod daemon;
pub mod machine;
pub mod noise;
pub mod raw;
pub mod restic;
pub mod sampler;
pub mod series;
pub mod table;

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use penstock_daemon::throttle::RateSource;
use penstock_policy::throttle::{Level, Span};
use penstock_policy::units::Rate;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A file, folder, process or socket failed.
    #[error("{what}: {source}")]
    System {
        /// What was being done, and what to do about it.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// `penstockd` doesn't start, or ended.
    #[error("penstockd {0}")]
    Daemon(String),
    /// The admin socket gave no answer that can be used.
    #[error("the admin socket: {0}")]
    Admin(String),
    /// restic ended before it was measured.
    #[error("restic {0}")]
    Restic(String),
    /// A raw connection wasn't answered as it should be.
    #[error("a raw connection: {0}")]
    Raw(String),
    /// Too few bytes came, or none.
    #[error("{0}; is the machine overloaded?")]
    TooLittle(String),
}

impl Trouble {
    /// For `map_err`: says what was being done.
    pub fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::System {
            what: what.into(),
            source,
        }
    }
}

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
