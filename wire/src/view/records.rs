//! The records, in lists and on one screen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use penstock_policy::explain::Binding;
use penstock_policy::record::{Record, Secret, Shape};
use serde::{Deserialize, Serialize};

use super::{FullIn, Running, SessionView, Snapshot};

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
    /// Bytes of all files, those in the trash included.
    pub used_space: u64,
    /// Its space, and what of it is allotted to resellers.
    pub space_snapshot: Snapshot,
    /// MCALs left in the bank; none while it is unlimited.
    pub mcals_left: Option<u64>,
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
    /// Bytes of all its customers' files.
    pub used_space: u64,
    /// Its space, and what of it is allotted to customers.
    pub space_snapshot: Snapshot,
    /// Its MCALs, and what of them is allotted to customers.
    pub mcals_snapshot: Snapshot,
    /// MCALs debited of its customers this month.
    pub mcals_used: u64,
    /// MCALs left; none while it is Auto.
    pub mcals_left: Option<u64>,
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
    /// What it may use, as text.
    pub space: String,
    /// Bytes of all its files.
    pub used_space: u64,
    /// MCALs allotted, as text.
    pub mcals: String,
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
    /// The location for its new schedules.
    pub new_schedules_at: String,
    /// Bytes of all its files.
    pub used_space: u64,
    /// Bytes of uploads that are on their way.
    pub reserved_space: u64,
    /// Bytes left of its allotment; none is unlimited.
    pub free_space: Option<u64>,
    /// When it runs full, if it goes on growing as it did; none when it doesn't grow, or nothing limits it.
    pub full_in: Option<FullIn>,
    /// Its space, and what of it is allotted to clients.
    pub space_snapshot: Snapshot,
    /// The reseller's space, and what of it is allotted to customers.
    pub reseller_space_snapshot: Snapshot,
    /// The reseller's MCALs, and what of them is allotted to customers.
    pub reseller_mcals_snapshot: Snapshot,
    /// The month that debits are for now, such as `2026-11`.
    pub month: String,
    /// MCALs debited this month.
    pub mcals_used: u64,
    /// How many clients they were debited for.
    pub mcal_clients: u64,
    /// MCALs left of its own number; none while it is Auto.
    pub mcals_left: Option<u64>,
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
    /// Bytes of all its files.
    pub used_space: u64,
    /// Its platform.
    pub platform: String,
    /// Whether it is debited for this month.
    pub paid: bool,
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
    /// The location for its new schedules.
    pub new_schedules_at: String,
    /// Bytes of all its files.
    pub used_space: u64,
    /// Bytes left of its own allotment; none is unlimited.
    pub free_space: Option<u64>,
    /// What it costs for a month, in MCALs.
    pub mcal_price: u32,
    /// The newest month that was debited for it, such as `2026-11`.
    pub paid_month: Option<String>,
    /// What was debited for that month.
    pub paid_units: Option<u32>,
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
    /// Bytes of all its files.
    pub used_space: u64,
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
    /// Bytes of all its files.
    pub used_space: u64,
    /// Bytes of uploads that are on their way.
    pub reserved_space: u64,
    /// Whether the figure is still being counted after an interruption.
    pub counting: bool,
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
