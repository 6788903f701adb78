//! A backup schedule: one restic repository of one client (rules, section 1).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RecordId;
use crate::names::ScheduleName;

/// A schedule's record. It comes into being when its repository is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Internal number.
    pub id: RecordId,
    /// The client it belongs to.
    pub client: RecordId,
    /// Unique in the client.
    pub name: ScheduleName,
    /// Name of the location that holds its files.
    pub location: String,
    /// Its folder below the location, kept when the client moves: `abc-inc/laptop/default`.
    pub folder: String,
    /// False between the record's commit and the folder's making; such a schedule doesn't exist for clients yet.
    pub ready: bool,
    /// When it came into being.
    pub created: Timestamp,
}
