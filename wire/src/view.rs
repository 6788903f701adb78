//! What an administrator is shown: never a password, and a pass key only on request.

use std::collections::BTreeMap;

use jiff::Timestamp;
use penstock_policy::edit::Change;
use penstock_policy::explain::Binding;
use penstock_policy::record::{Record, Secret, Shape};
use serde::{Deserialize, Serialize};

/// A field's value for programs: `true` and `false`, a number, or text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Yes(bool),
    /// A whole number.
    Number(u64),
    /// Anything else.
    Text(String),
}

/// A record's fields by name.
pub type Fields = BTreeMap<String, Value>;

/// The server's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerView {
    /// Counts edits.
    pub revision: u64,
    /// Its fields.
    #[serde(flatten)]
    pub fields: Fields,
}

/// A reseller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResellerView {
    /// Full name.
    pub name: String,
    /// Short name.
    pub short_name: String,
    /// Whether it is the one that can't be removed.
    pub default: bool,
    /// Counts edits.
    pub revision: u64,
    /// How many customers it has.
    pub customers: u64,
    /// Its fields.
    #[serde(flatten)]
    pub fields: Fields,
}

/// A customer in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerLine {
    /// Full name.
    pub name: String,
    /// Short name.
    pub short_name: String,
    /// Its reseller's short name.
    pub reseller: String,
    /// Whether it is activated now.
    pub activated: bool,
    /// How many clients it has.
    pub clients: u64,
    /// Most clients; none is unlimited.
    pub maximum_client_limit: Option<u32>,
    /// Its throttle, as text.
    pub throttle: String,
    /// How many backups run.
    pub running: u64,
}

/// A customer on one screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerView {
    /// Full name.
    pub name: String,
    /// Short name.
    pub short_name: String,
    /// Its reseller's short name.
    pub reseller: String,
    /// Whether it is the one that can't be removed.
    pub default: bool,
    /// Counts edits.
    pub revision: u64,
    /// How many clients it has.
    pub clients: u64,
    /// How many of them are revoked or not activated.
    pub clients_barred: u64,
    /// How many schedules they have.
    pub schedules: u64,
    /// When the newest snapshot arrived.
    pub last_backup: Option<Timestamp>,
    /// The zone in which its times are shown.
    pub zone: String,
    /// What binds for EACH backup now.
    pub backup_rate: Binding,
    /// What binds for EACH restore now.
    pub restore_rate: Binding,
    /// What runs now.
    pub running: Vec<Running>,
    /// Its fields.
    #[serde(flatten)]
    pub fields: Fields,
}

/// The pass key, to whoever may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassKeyView {
    /// The customer's short name.
    pub customer: String,
    /// The key.
    pub pass_key: Secret,
    /// Its end.
    pub until: Option<Timestamp>,
    /// Registrations left; none is any number.
    pub uses_left: Option<u32>,
}

/// A client in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientLine {
    /// `CUSTOMER/CLIENT`.
    pub address: String,
    /// The client's id.
    pub client: String,
    /// Whether it is activated by itself (its customer may not be).
    pub activated: bool,
    /// Whether its credential is dead.
    pub revoked: bool,
    /// How it came in.
    pub enrolment: String,
    /// How many schedules it has.
    pub schedules: u64,
    /// When its newest snapshot arrived.
    pub last_backup: Option<Timestamp>,
    /// Whether a backup runs.
    pub running: bool,
}

/// A client on one screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientView {
    /// `CUSTOMER/CLIENT`.
    pub address: String,
    /// The customer's short name.
    pub customer: String,
    /// The client's id.
    pub client: String,
    /// Counts edits.
    pub revision: u64,
    /// When it came into being.
    pub created: Timestamp,
    /// How it came in: `administrator`, `pass-key`, `automatic`.
    pub enrolment: String,
    /// `generated` or `chosen`.
    pub password: String,
    /// When its credential was killed.
    pub revoked: Option<Timestamp>,
    /// When its password first opened something.
    pub first_login: Option<Timestamp>,
    /// The unknown customer named by the path that created it.
    pub tag: Option<String>,
    /// What binds for each of its backups now.
    pub backup_rate: Binding,
    /// The zone in which its times are shown.
    pub zone: String,
    /// Its schedules.
    pub schedules: Vec<ScheduleLine>,
    /// Its fields.
    #[serde(flatten)]
    pub fields: Fields,
}

/// A client that was just added, or got a new password. The only time the password is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewClient {
    /// `CUSTOMER/CLIENT`.
    pub address: String,
    /// The customer's short name.
    pub customer: String,
    /// The client's id.
    pub client: String,
    /// False when it existed already and was left as it is.
    pub created: bool,
    /// The generated password; none when it was chosen or nothing was made.
    pub password: Option<Secret>,
    /// `RESTIC_REPOSITORY` and the others as lines for a shell, when `public_url` is set.
    pub env: Option<Vec<Secret>>,
}

/// A schedule in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleLine {
    /// `CUSTOMER/CLIENT/SCHEDULE`.
    pub address: String,
    /// The schedule's name.
    pub schedule: String,
    /// Name of its location.
    pub location: String,
    /// When it came into being.
    pub created: Timestamp,
    /// When its newest snapshot arrived.
    pub last_backup: Option<Timestamp>,
    /// Whether a backup runs.
    pub running: bool,
}

/// A schedule on one screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduleView {
    /// `CUSTOMER/CLIENT/SCHEDULE`.
    pub address: String,
    /// Name of its location.
    pub location: String,
    /// Its folder, with the location's path.
    pub path: String,
    /// Bytes of all its files; none when the location isn't available.
    pub used_space: Option<u64>,
    /// When it came into being.
    pub created: Timestamp,
    /// When its newest snapshot arrived.
    pub last_backup: Option<Timestamp>,
    /// The address for restic, when `public_url` is set.
    pub restic_repository: Option<String>,
    /// The zone in which its times are shown.
    pub zone: String,
    /// What runs now.
    pub running: Option<Running>,
    /// The newest sessions.
    pub sessions: Vec<SessionView>,
}

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

/// Something in the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrashItem {
    /// The number to restore or empty it by.
    pub item: u64,
    /// `customer`, `client` or `schedule`.
    pub kind: String,
    /// Its address before.
    pub address: String,
    /// How many schedules it holds.
    pub schedules: u64,
    /// When it was removed.
    pub removed: Timestamp,
    /// When it is deleted for good.
    pub expires: Timestamp,
}

/// A record's fields as values.
#[must_use]
pub fn fields<R: Record>(record: &R) -> Fields {
    R::FIELDS
        .iter()
        .map(|field| {
            let text = (field.get)(record);
            let value = match (field.shape, text.as_str()) {
                (Shape::YesNo, "yes") => Value::Yes(true),
                (Shape::YesNo, "no") => Value::Yes(false),
                (Shape::Number, number) => number
                    .parse()
                    .map_or_else(|_| Value::Text(text.clone()), Value::Number),
                _ => Value::Text(text),
            };
            (field.name.to_owned(), value)
        })
        .collect()
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Yes(true) => f.write_str("yes"),
            Self::Yes(false) => f.write_str("no"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}
