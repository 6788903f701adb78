//! The whole at a glance.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ForecastLine, LocationView, Snapshot};

/// What is going on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The daemon's version.
    pub version: String,
    /// When it started.
    pub started: Timestamp,
    /// Whether it is being stopped.
    pub draining: bool,
    /// How many there are.
    pub customers: u64,
    /// How many there are.
    pub clients: u64,
    /// How many there are.
    pub schedules: u64,
    /// How many backups run.
    pub running: u64,
    /// Sum of their rates, bytes a second.
    pub rate: u64,
    /// The last 24 hours.
    pub last_day: Day,
    /// Bytes of all files, those in the trash included.
    pub used_space: u64,
    /// Bytes in the trash.
    pub trash_space: u64,
    /// The server's space, and what of it is allotted to resellers.
    pub space_snapshot: Snapshot,
    /// The locations: used, sold, free, and when they run full.
    pub locations: Vec<LocationView>,
    /// The bank's outlook.
    pub mcals: ForecastLine,
    /// Clients whose last backup is older than a week, or who never made one in their first; at most 100.
    pub silent: Vec<Silent>,
    /// What somebody should look at, worst first.
    pub attention: Vec<Attention>,
    /// The zone in which times are shown.
    pub zone: String,
}

/// Sums over the last 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Day {
    /// Sessions in which a snapshot arrived.
    pub backups: u64,
    /// Sessions that read data.
    pub restores: u64,
    /// Sessions in which data arrived but no snapshot.
    pub unfinished: u64,
    /// Body bytes taken.
    pub bytes_in: u64,
    /// Body bytes given.
    pub bytes_out: u64,
    /// Rows of the table of refusals that were counted up.
    pub refusals: u64,
}

/// A client without a recent backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silent {
    /// `CUSTOMER/CLIENT`.
    pub address: String,
    /// When its newest snapshot arrived.
    pub last_backup: Option<Timestamp>,
}

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// `critical` or `warning`.
    pub severity: Severity,
    /// What it is.
    pub text: String,
    /// The command or step that mends it.
    pub remedy: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Should be looked at.
    Warning,
    /// Backups fail because of it.
    Critical,
}
