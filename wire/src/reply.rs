//! What the daemon answers.

use jiff::Timestamp;
use penstock_policy::edit::Change;
use penstock_policy::explain::Explanation;
use serde::{Deserialize, Serialize};

use crate::declared::Declared;
use crate::view::{
    AuditEntry, ClientLine, ClientView, CustomerLine, CustomerView, Event, ForecastLine,
    LedgerLine, LocationView, NewClient, PassKeyView, RefusalView, ResellerView, Running,
    ScheduleLine, ScheduleView, ServerView, SessionView, SpaceDay, SpaceLine, Statement, Status,
    TrashItem,
};

/// One reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done, or this is what was asked for.
    Done(Box<Answer>),
    /// It wasn't done; nothing of it was.
    Failed(Failure),
    /// One event of `watch`.
    Event(Box<Event>),
}

/// The answer to each request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// To `Status`.
    Status(Status),
    /// To `Top`.
    Top(List<Running>),
    /// To `Refused`.
    Refused(List<RefusalView>),
    /// To `Explain`.
    Explanation(Explained),
    /// To `ExplainReference`.
    Reference(RefusalView),
    /// To `Server`.
    Server(ServerView),
    /// To `Edit` and `Undo`, and to whatever changes one record and has nothing else to say.
    Edited(Edited),
    /// To `Resellers`.
    Resellers(List<ResellerView>),
    /// To `Reseller`.
    Reseller(ResellerView),
    /// To `Customers`.
    Customers(List<CustomerLine>),
    /// To `Customer`.
    Customer(Box<CustomerView>),
    /// To `PassKey` and `PassKeyRotate`.
    PassKey(PassKeyView),
    /// To `Clients`.
    Clients(List<ClientLine>),
    /// To `Client`.
    Client(Box<ClientView>),
    /// To `ClientAdd` and `ClientResetPassword`.
    NewClients(List<NewClient>),
    /// To `Schedules`.
    Schedules(List<ScheduleLine>),
    /// To `Schedule`.
    Schedule(Box<ScheduleView>),
    /// To `ScheduleHistory`.
    Sessions(List<SessionView>),
    /// To `Trash`.
    Trash(List<TrashItem>),
    /// To `Audit`.
    Audit(List<AuditEntry>),
    /// To `Space`.
    Space(List<SpaceLine>),
    /// To `SpaceHistory`.
    SpaceHistory(List<SpaceDay>),
    /// To `Locations`.
    Locations(List<LocationView>),
    /// To `LocationAdd` and `LocationForget`.
    Location(Box<LocationView>),
    /// To `McalStatement`.
    Statement(Statement),
    /// To `McalHistory`.
    Ledger(List<LedgerLine>),
    /// To `McalForecast`.
    Forecast(List<ForecastLine>),
    /// To `Export`.
    Export(List<Declared>),
    /// To `Stage`.
    Staged(Staged),
    /// To `Apply`.
    Applied(Applied),
    /// To `Applied`.
    Steps(List<Step>),
}

/// One record that applying changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What is done: `edit`, `reseller add`, `customer add`, `customer move`, `client add`, `client revoke`, `client
    /// remove`, `customer remove`, `reseller remove`.
    pub verb: String,
    /// The record: `server`, `reseller R`, or an address.
    pub record: String,
    /// The edit's number in the audit; none in a dry run.
    pub edit: Option<u64>,
    /// Every field that changes.
    pub changes: Vec<Change>,
}

/// What was staged so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// How many records are staged.
    pub records: u64,
    /// Secrets for the records of this request that don't exist yet. They come to hold when what is staged is applied:
    /// whoever asked writes them down first, so that none is lost.
    pub secrets: Vec<NewSecret>,
}

/// A secret that was made for a record that is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSecret {
    /// The customer's short name, or `CUSTOMER/CLIENT`.
    pub address: String,
    /// The customer's pass key, or the client's password.
    pub secret: penstock_policy::record::Secret,
}

/// What applying did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Whether it was only shown.
    pub dry_run: bool,
    /// How many records were added.
    pub added: u64,
    /// How many were edited or moved.
    pub edited: u64,
    /// How many were moved to the trash.
    pub removed: u64,
    /// The first of the changes, in the order in which they were made.
    pub steps: List<Step>,
    /// Which running backups it slows, cuts or frees, and other things to know.
    pub notes: Vec<String>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// What to ask for as `after`; none when this was the last page.
    pub next: Option<String>,
}

/// What an edit did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// The record: `server`, `reseller R`, or an address.
    pub record: String,
    /// The edit's number in the audit; none when nothing changed or it was a dry run.
    pub edit: Option<u64>,
    /// The record's revision after; 0 where it has none, as after a removal.
    pub revision: u64,
    /// Every field that changed.
    pub changes: Vec<Change>,
    /// Whether it was only shown.
    pub dry_run: bool,
    /// What the administrator should know, in sentences: warnings, and which running backups it affects.
    pub notes: Vec<String>,
}

/// The answer to `explain`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The address, with short names.
    pub address: String,
    /// The zone in which times are to be shown.
    pub time_zone: String,
    /// What holds.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// Why something wasn't done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure; decides the exit code.
    pub code: FailureCode,
    /// A sentence that names the thing and what to do.
    pub message: String,
    /// The name that was probably meant.
    pub nearest: Option<String>,
    /// Of a conflict: what the other changed since the expected revision.
    pub differences: Vec<Change>,
    /// Of a conflict: the record's revision now.
    pub revision: Option<u64>,
    /// The refusal's stable code, when a rule refused.
    pub refusal: Option<String>,
    /// When to try again, if that is known.
    pub retry_at: Option<Timestamp>,
}

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCode {
    /// A rule refuses it.
    Refused,
    /// No such record.
    NotFound,
    /// Somebody else changed the record, or a backup of it runs.
    Conflict,
    /// It exists already.
    Exists,
    /// The request itself is wrong.
    Usage,
    /// The peer may not do that.
    NotPermitted,
    /// The records can't be read or written at the moment.
    Unavailable,
    /// A fault of Penstock's own.
    Internal,
}

impl Failure {
    /// A failure with a code and a sentence.
    #[must_use]
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            nearest: None,
            differences: Vec::new(),
            revision: None,
            refusal: None,
            retry_at: None,
        }
    }
}
