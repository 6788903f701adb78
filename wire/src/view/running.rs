//! Backups in progress, and those that ended.

use jiff::Timestamp;
use penstock_policy::explain::Binding;
use serde::{Deserialize, Serialize};

/// What held a backup back, in percent of its time; the rest is the client's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HeldBy {
    /// By its throttle.
    pub throttle: u8,
    /// By the client: nothing came, or it read slowly.
    pub client: u8,
    /// By our disk.
    pub disk: u8,
}

/// A running backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// `CUSTOMER/CLIENT/SCHEDULE`.
    pub address: String,
    /// `backup`, `restore`, `prune`, or `open` while nothing shows what it is.
    pub kind: String,
    /// When it began.
    pub started: Timestamp,
    /// Requests in flight.
    pub requests: u64,
    /// Body bytes a second over the last seconds, both ways.
    pub rate: u64,
    /// What binds now, of the direction in which bytes go.
    pub limit: Binding,
    /// Body bytes taken from the client.
    pub bytes_in: u64,
    /// Body bytes given to the client.
    pub bytes_out: u64,
    /// What held it back over the last seconds.
    pub held_by: HeldBy,
}

/// A session that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// `backup`, `restore`, `prune`, `unfinished` (data arrived but no snapshot), or `other`.
    pub kind: String,
    /// When it began.
    pub started: Timestamp,
    /// When its last request ended.
    pub ended: Timestamp,
    /// Body bytes taken from the client.
    pub bytes_in: u64,
    /// Body bytes given to the client.
    pub bytes_out: u64,
    /// Body bytes a second over the whole session.
    pub mean_rate: u64,
    /// The limit in force at its end, as text.
    pub limit: String,
    /// What held it back over the whole session.
    pub held_by: HeldBy,
}
