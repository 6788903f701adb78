//! The ledger's entries, and the statement that is made of them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Credit, Month, Took};

/// Whose credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// The server's.
    Bank,
    /// A reseller's.
    Reseller,
    /// A customer's.
    Customer,
}

/// Why an entry was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A client's first data, index or snapshot object of the month.
    FirstBackup,
    /// A client was added automatically.
    ClientAdded,
    /// A client's platform or plugins changed: the difference.
    ClientChanged,
    /// The account's number was set or added to.
    Allotted,
}

/// One entry; never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Counts up from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The month it counts for: never below that of the entry before.
    pub month: Month,
    /// Whose credit an allotment changed; of a debit, the customer's.
    pub account: Account,
    /// The reseller's short name; none for the bank's own entries.
    pub reseller: Option<String>,
    /// The customer's short name.
    pub customer: Option<String>,
    /// The client's id.
    pub client: Option<String>,
    /// Units debited, or by how many an allotment changed: then less than zero when it was lowered.
    pub units: i64,
    /// Why.
    pub reason: Reason,
    /// From which numbers a debit was taken.
    pub took: Took,
    /// What is allotted since, as text; only of an allotment.
    pub allotted: Option<String>,
    /// The bank's credit afterwards; none while it is unlimited.
    pub bank: Option<i64>,
    /// The account's credit afterwards; none while it is Auto or unlimited.
    pub balance: Option<i64>,
    /// What the administrator wrote to it.
    pub note: String,
    /// Who: a user's name, or `penstockd` for a debit.
    pub by: String,
}

/// One month of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// The month.
    pub month: Month,
    /// Credit at its beginning; none where it ended without a number.
    pub opening: Option<i64>,
    /// By how much the allotment changed.
    pub added: i64,
    /// Units used: those taken from a number that drains, or else all that were debited.
    pub used: i64,
    /// Credit at its end: opening, added and less what was used.
    pub closing: Option<i64>,
    /// How many clients were debited.
    pub clients: u64,
}

impl Reason {
    /// Whether it is a debit.
    #[must_use]
    pub const fn is_debit(self) -> bool {
        !matches!(self, Self::Allotted)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::FirstBackup => "first-backup",
            Self::ClientAdded => "client-added",
            Self::ClientChanged => "client-changed",
            Self::Allotted => "allotted",
        })
    }
}

impl Entry {
    /// Units that it takes from a number of that account.
    fn taken(&self, account: Account) -> i64 {
        let from = match account {
            Account::Bank => self.took.bank,
            Account::Reseller => self.took.reseller,
            Account::Customer => self.took.customer,
        };
        if from && self.reason.is_debit() {
            self.units
        } else {
            0
        }
    }
}

/// An account's months as its entries come, in the ledger's order: all debits of its clients, and all allotments of its
/// own.
#[derive(Debug)]
pub struct Tally {
    account: Account,
    lines: Vec<StatementLine>,
    /// The month that the newest entry is in.
    now: Option<Position>,
}

/// What is known of an account up to some entry.
#[derive(Debug)]
struct Position {
    credit: Credit,
    drawn: i64,
    month: Month,
    added: i64,
    taken: i64,
    debited: i64,
    clients: u64,
}

impl Position {
    const fn new(month: Month) -> Self {
        Self {
            credit: Credit::Open,
            drawn: 0,
            month,
            added: 0,
            taken: 0,
            debited: 0,
            clients: 0,
        }
    }

    fn line(&self) -> StatementLine {
        let (used, closing) = match self.credit {
            Credit::Open => (self.debited, None),
            Credit::Number(number) => (self.taken, Some(i64::from(number) - self.drawn)),
            Credit::Monthly(number) => (self.debited, Some(i64::from(number) - self.debited)),
        };
        StatementLine {
            month: self.month,
            opening: closing.map(|closing| closing + used - self.added),
            added: self.added,
            used,
            closing,
            clients: self.clients,
        }
    }

    fn turn(&mut self) {
        self.month = self.month.next();
        (self.added, self.taken, self.debited, self.clients) = (0, 0, 0, 0);
    }
}

impl Tally {
    /// Of an account, before its first entry.
    #[must_use]
    pub const fn new(account: Account) -> Self {
        Self {
            account,
            lines: Vec::new(),
            now: None,
        }
    }

    /// Takes the next entry.
    pub fn add(&mut self, entry: &Entry) {
        let now = self.now.get_or_insert(Position::new(entry.month));
        while now.month < entry.month {
            self.lines.push(now.line());
            now.turn();
        }
        if entry.reason.is_debit() {
            let taken = entry.taken(self.account);
            now.drawn += taken;
            now.taken += taken;
            now.debited += entry.units;
            now.clients += u64::from(entry.reason != Reason::ClientChanged);
        } else {
            now.added += entry.units;
            if let Some(credit) = entry.allotted.as_deref().and_then(Credit::parse) {
                now.credit = credit;
            }
        }
    }

    /// One line for each month from the first entry's to `until`, or to the newest entry's if that is later.
    #[must_use]
    pub fn lines(mut self, until: Month) -> Vec<StatementLine> {
        let Some(mut now) = self.now else {
            return Vec::new();
        };
        self.lines.push(now.line());
        while now.month < until {
            now.turn();
            self.lines.push(now.line());
        }
        self.lines
    }
}

/// [`Tally`] of entries that are at hand.
#[must_use]
pub fn statement<'a>(
    account: Account,
    entries: impl IntoIterator<Item = &'a Entry>,
    until: Month,
) -> Vec<StatementLine> {
    let mut tally = Tally::new(account);
    for entry in entries {
        tally.add(entry);
    }
    tally.lines(until)
}
