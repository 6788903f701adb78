//! What happened: refusals, edits and who made them, events.

use jiff::Timestamp;
use penstock_policy::edit::Change;
use serde::{Deserialize, Serialize};

/// A row of the table of refusals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalView {
    /// As printed in brackets.
    pub reference: String,
    /// The stable code.
    pub code: String,
    /// The customer's short name, or what the path named.
    pub customer: String,
    /// The client as the path named it.
    pub client: String,
    /// The address it came from.
    pub source: String,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
    /// How many times.
    pub count: u64,
    /// What the client read.
    pub sentence: String,
    /// The true cause.
    pub cause: String,
}

/// Who made an edit, from the peer's credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// User id; none for the daemon itself and for clients that enrolled.
    pub uid: Option<u32>,
    /// Group id.
    pub gid: Option<u32>,
    /// Process id.
    pub pid: Option<i32>,
    /// User name, `penstockd`, or the source of a client that enrolled.
    pub user: String,
}

/// One entry of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The entry's number, for `undo`.
    pub edit: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// What: `edit`, `customer add`, `client revoke`...
    pub verb: String,
    /// The record: `server`, `reseller R`, or an address.
    pub record: String,
    /// What changed, secrets masked.
    pub changes: Vec<Change>,
}

/// Something that happened, for `watch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// `started`, `rate-changed`, `refused`, `finished`, `edited`, or `missed` (the reader was too slow).
    pub event: String,
    /// The record it concerns.
    pub address: String,
    /// In words.
    pub text: String,
}
