//! Opening the records: the lock, the first start, the integrity check.

use std::path::PathBuf;

use penstock_policy::throttle::Zone;

use crate::clock::Clock;
use crate::events::Events;

/// How the store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that holds `penstock.redb` and `lock`; must exist.
    pub state_dir: PathBuf,
    /// The time of audit entries.
    pub clock: Clock,
    /// Where edits are told.
    pub events: Events,
    /// Makes a pass key: only the first start needs one, for the Default Customer.
    pub secret: fn() -> String,
    /// The server's zone at the first start.
    pub time_zone: Zone,
}

/// Why the records can't be opened. The sentences name the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not written yet.
    #[error("the store isn't finished")]
    Unfinished,
}
