//! Space and locations: what is allotted, used, free and sold.

use jiff::civil::Date;
use penstock_policy::throttle::Level;
use serde::{Deserialize, Serialize};

/// A level's allotment and what of it is given to those below: it counts allotments, not use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What is allotted to it, as text.
    pub allotted: String,
    /// The sum of what is allotted below it; unlimited and Auto count nothing.
    pub given: u64,
    /// What can still be given; none is unlimited.
    pub free: Option<u64>,
}

/// A line of the tree that `space` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceLine {
    /// `server`, `reseller`, `customer`, `client` or `schedule`.
    pub kind: String,
    /// `server`, `reseller R`, or an address with short names.
    pub address: String,
    /// Bytes allotted; none is unlimited. None for a schedule, which has no allotment of its own.
    pub allotted: Option<u64>,
    /// Bytes of all files below it; at the server the trash as well.
    pub used: u64,
    /// Bytes of uploads that are on their way.
    pub reserved: u64,
    /// Bytes left of the allotment; none is unlimited.
    pub free: Option<u64>,
    /// What is allotted below it, as a percentage of its own allotment.
    pub sold: Option<u64>,
    /// MCALs allotted, as text; none where there are none to allot.
    pub mcals: Option<String>,
    /// MCALs debited this month.
    pub mcals_used: Option<u64>,
    /// MCALs left; none where there is no number.
    pub mcals_left: Option<u64>,
    /// Whether the figure is still being counted after an interruption.
    pub counting: bool,
}

/// What was used on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceDay {
    /// The day, in the server's zone.
    pub day: Date,
    /// Bytes used.
    pub used: u64,
}

/// A backup location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationView {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: String,
    /// Whether it is the server's, where nothing else is said.
    pub default: bool,
    /// Whether its marker is there.
    pub available: bool,
    /// Why it isn't available.
    pub problem: Option<String>,
    /// How many schedules lie on it, those in the trash included.
    pub schedules: u64,
    /// Bytes of their files.
    pub used: u64,
    /// The sum of what is allotted to the customers whose new schedules go there.
    pub sold: u64,
    /// Bytes that may still be written to its file system; none when it isn't available.
    pub free: Option<u64>,
    /// Size of its file system.
    pub total: Option<u64>,
    /// Bytes that new data must leave free.
    pub reserve: Option<u64>,
    /// Days until new data is refused, if it goes on growing as it did; none when it doesn't grow.
    pub full_in_days: Option<u64>,
}

/// The nearest limit that a customer runs into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullIn {
    /// Days, if it goes on growing as it did.
    pub days: u64,
    /// The level whose allotment it is.
    pub level: Level,
}
