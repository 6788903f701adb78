//! What an administrator can ask.

use jiff::Timestamp;
use penstock_policy::edit::Assignment;
use penstock_policy::names::{Address, ClientId};
use penstock_policy::record::Secret;
use penstock_policy::refusal::Reference;
use serde::{Deserialize, Serialize};

use crate::declared::Declared;

/// One request. Customers and resellers are given by either of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// What is going on and what needs attention.
    Status {},
    /// The running backups with their rates.
    Top {},
    /// Events from now on, until the connection closes.
    Watch {
        /// Only what concerns this customer, client or schedule.
        address: Option<Address>,
    },
    /// The table of refusals, newest first.
    Refused {
        /// Only what concerns this customer or client.
        address: Option<Address>,
        /// Only what was refused at or after.
        since: Option<Timestamp>,
        /// Where to go on.
        page: Page,
    },
    /// What would happen at an address, and why.
    Explain {
        /// Customer, client or schedule.
        address: Address,
        /// The instant; none is now.
        at: Option<Timestamp>,
        /// How many bytes a backup would bring; none asks whether there is any room.
        bytes: Option<u64>,
    },
    /// The whole cause of a refusal.
    ExplainReference {
        /// As printed in brackets.
        reference: Reference,
    },
    /// The server's record.
    Server {},
    /// Edits one record.
    Edit {
        /// Which record.
        target: Target,
        /// The fields to set.
        assignments: Vec<Assignment>,
        /// Refused as a conflict when the record isn't at this revision any more.
        expect_revision: Option<u64>,
        /// Only shows what would change.
        dry_run: bool,
    },
    /// All resellers.
    Resellers {
        /// Where to go on.
        page: Page,
    },
    /// One reseller.
    Reseller {
        /// Either name.
        reseller: String,
    },
    /// Adds a reseller.
    ResellerAdd {
        /// Full name.
        name: String,
        /// Short name; made from the name when none is given.
        short: Option<String>,
        /// Fields to set at once.
        assignments: Vec<Assignment>,
        /// Only shows what would change.
        dry_run: bool,
    },
    /// Removes a reseller that has no customers.
    ResellerRemove {
        /// Either name.
        reseller: String,
    },
    /// All customers.
    Customers {
        /// Only this reseller's.
        reseller: Option<String>,
        /// Where to go on.
        page: Page,
    },
    /// One customer.
    Customer {
        /// Either name.
        customer: String,
    },
    /// Adds a customer.
    CustomerAdd {
        /// Full name.
        name: String,
        /// Short name; made from the name when none is given.
        short: Option<String>,
        /// The reseller; the Default Reseller when none is given.
        reseller: Option<String>,
        /// A customer whose fields are copied first (not contact data, activation or pass key).
        like: Option<String>,
        /// Fields to set at once.
        assignments: Vec<Assignment>,
        /// Only shows what would change.
        dry_run: bool,
    },
    /// Moves a customer to another reseller.
    CustomerMove {
        /// Either name.
        customer: String,
        /// The reseller that gets it.
        reseller: String,
    },
    /// Moves a customer to the trash.
    CustomerRemove {
        /// Either name.
        customer: String,
        /// With all its clients and schedules.
        recursive: bool,
    },
    /// Shows the pass key. Control only.
    PassKey {
        /// Either name.
        customer: String,
    },
    /// Makes a new pass key; the old one registers nobody from then on.
    PassKeyRotate {
        /// Either name.
        customer: String,
        /// Its end.
        until: Option<Timestamp>,
        /// How many registrations it is good for.
        uses: Option<u32>,
    },
    /// All clients of a customer.
    Clients {
        /// Either name; none lists every customer's.
        customer: Option<String>,
        /// Where to go on.
        page: Page,
    },
    /// One client.
    Client {
        /// `CUSTOMER/CLIENT`.
        address: Address,
    },
    /// Adds clients, all or none.
    ClientAdd {
        /// Either name.
        customer: String,
        /// Their ids, at most 100.
        ids: Vec<ClientId>,
        /// A client that exists already is left as it is.
        if_missing: bool,
        /// A password somebody chose; only with a single id. None generates one for each.
        password: Option<Secret>,
        /// Fields to set at once.
        assignments: Vec<Assignment>,
    },
    /// Moves a client to another customer.
    ClientMove {
        /// `CUSTOMER/CLIENT`.
        address: Address,
        /// The customer that gets it.
        customer: String,
    },
    /// Kills the credential, for reading too.
    ClientRevoke {
        /// `CUSTOMER/CLIENT`.
        address: Address,
    },
    /// Lets a removed id in again, and forgets failed attempts.
    ClientUnblock {
        /// `CUSTOMER/CLIENT`.
        address: Address,
    },
    /// Moves a client to the trash; its id stays blocked.
    ClientRemove {
        /// `CUSTOMER/CLIENT`.
        address: Address,
        /// With all its schedules.
        recursive: bool,
    },
    /// Gives a new password; the old one is dead within a second, a revoked client lives again.
    ClientResetPassword {
        /// `CUSTOMER/CLIENT`.
        address: Address,
        /// A password somebody chose; none generates one.
        password: Option<Secret>,
    },
    /// Schedules of a customer or client.
    Schedules {
        /// `CUSTOMER[/CLIENT]`; none lists all.
        address: Option<Address>,
        /// Where to go on.
        page: Page,
    },
    /// One schedule.
    Schedule {
        /// `CUSTOMER/CLIENT/SCHEDULE`.
        address: Address,
    },
    /// The last sessions of a schedule, newest first.
    ScheduleHistory {
        /// `CUSTOMER/CLIENT/SCHEDULE`.
        address: Address,
    },
    /// Moves a schedule to the trash.
    ScheduleRemove {
        /// `CUSTOMER/CLIENT/SCHEDULE`.
        address: Address,
    },
    /// What is in the trash.
    Trash {
        /// Where to go on.
        page: Page,
    },
    /// Brings something back from the trash.
    TrashRestore {
        /// The number that `trash list` shows.
        item: u64,
    },
    /// Deletes for good.
    TrashEmpty {
        /// The number that `trash list` shows; none is everything.
        item: Option<u64>,
    },
    /// The audit, newest first.
    Audit {
        /// Only this record's: a customer with its clients, or one client.
        address: Option<Address>,
        /// Only entries made at or after.
        since: Option<Timestamp>,
        /// Where to go on.
        page: Page,
    },
    /// Applies an edit's reverse as a new edit.
    Undo {
        /// The edit's number in the audit.
        edit: u64,
        /// Only shows what would change.
        dry_run: bool,
    },
    /// The tree of allotted, used and free space, with MCALs beside it.
    Space {
        /// Only this customer, client or schedule and what is below it.
        address: Option<Address>,
        /// Where to go on.
        page: Page,
    },
    /// What was used on each day, the oldest first.
    SpaceHistory {
        /// Customer, client or schedule.
        address: Address,
        /// How many days back, 1 to 400.
        days: u32,
    },
    /// The backup locations.
    Locations {},
    /// Makes a folder a backup location: its marker is written.
    LocationAdd {
        /// Its name.
        name: String,
        /// Its folder, an absolute path below the configured roots.
        path: String,
    },
    /// Forgets a location that nothing lies on and nothing names; its folder stays as it is.
    LocationForget {
        /// Its name.
        name: String,
    },
    /// Adds to the bank's credit.
    McalAdd {
        /// How many.
        units: u32,
        /// Words for the ledger.
        note: String,
    },
    /// An account's months.
    McalStatement {
        /// Whose.
        account: McalAccount,
    },
    /// An account's ledger, newest first.
    McalHistory {
        /// Whose.
        account: McalAccount,
        /// Only entries of this month, such as `2026-11`.
        month: Option<String>,
        /// Where to go on.
        page: Page,
    },
    /// What next month needs, for the bank and every account with a number.
    McalForecast {
        /// Where to go on.
        page: Page,
    },
    /// All records as files declare them.
    Export {
        /// Where to go on.
        page: Page,
    },
    /// Adds records to what the connection will apply. Nothing is changed yet.
    Stage {
        /// The records, at most 1,000 a request.
        records: Vec<Declared>,
    },
    /// Applies what was staged, in one transaction; then nothing is staged any more.
    Apply {
        /// Only shows what would change; what is staged stays.
        dry_run: bool,
        /// Moves to the trash what isn't declared.
        prune: bool,
    },
    /// More of what the last `Apply` on this connection changed.
    Applied {
        /// Where to go on.
        page: Page,
    },
}

/// Which record an edit is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Target {
    /// The server's record.
    Server {},
    /// A reseller's.
    Reseller {
        /// Either name.
        reseller: String,
    },
    /// A customer's.
    Customer {
        /// Either name.
        customer: String,
    },
    /// A client's.
    Client {
        /// `CUSTOMER/CLIENT`.
        address: Address,
    },
}

/// Whose MCALs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum McalAccount {
    /// The server's.
    Bank {},
    /// A reseller's.
    Reseller {
        /// Either name.
        reseller: String,
    },
    /// A customer's.
    Customer {
        /// Either name.
        customer: String,
    },
}

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// What the last reply named as `next`; none begins.
    pub after: Option<String>,
}

impl Request {
    /// Whether it only looks and shows no secret: all that the view socket answers.
    #[must_use]
    pub const fn is_view(&self) -> bool {
        matches!(
            self,
            Self::Status {}
                | Self::Top {}
                | Self::Watch { .. }
                | Self::Refused { .. }
                | Self::Explain { .. }
                | Self::ExplainReference { .. }
                | Self::Server {}
                | Self::Resellers { .. }
                | Self::Reseller { .. }
                | Self::Customers { .. }
                | Self::Customer { .. }
                | Self::Clients { .. }
                | Self::Client { .. }
                | Self::Schedules { .. }
                | Self::Schedule { .. }
                | Self::ScheduleHistory { .. }
                | Self::Trash { .. }
                | Self::Audit { .. }
                | Self::Space { .. }
                | Self::SpaceHistory { .. }
                | Self::Locations {}
                | Self::McalStatement { .. }
                | Self::McalHistory { .. }
                | Self::McalForecast { .. }
                | Self::Export { .. }
        )
    }
}
