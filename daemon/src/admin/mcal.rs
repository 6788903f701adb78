//! MCALs: credit added, statements, the ledger, the outlook.

use penstock_policy::mcal::{self, Account, Credit, Drawn, Month, MonthError, left};
use penstock_policy::record::{Customer, RecordId, Reseller, Server};
use penstock_wire::reply::Answer;
use penstock_wire::request::{McalAccount, Page};
use penstock_wire::view::{ForecastLine, Statement, Who};

use super::failure::Fault;
use super::page::{PAGE, cursor, page};
use super::{Admin, edits, snapshots};
use crate::store::{Reader, Tree};

/// An account as it is now.
struct Found {
    account: Account,
    record: RecordId,
    /// `bank`, `reseller R`, or the customer's short name.
    name: String,
    /// What is allotted, as text.
    allotted: String,
    credit: Credit,
    drawn: Drawn,
}

impl Found {
    fn new(tree: &Tree, account: &McalAccount) -> Result<Self, Fault> {
        Ok(match account {
            McalAccount::Bank {} => Self::bank(&tree.server),
            McalAccount::Reseller { reseller } => Self::reseller(tree.find_reseller(reseller)?),
            McalAccount::Customer { customer } => Self::customer(tree.find_customer(customer)?),
        })
    }

    fn bank(server: &Server) -> Self {
        Self {
            account: Account::Bank,
            record: RecordId::default(),
            name: "bank".to_owned(),
            allotted: server.mcals.to_string(),
            credit: server.mcals.into(),
            drawn: server.drawn,
        }
    }

    fn reseller(reseller: &Reseller) -> Self {
        Self {
            account: Account::Reseller,
            record: reseller.id,
            name: format!("reseller {}", reseller.short),
            allotted: reseller.mcals.to_string(),
            credit: reseller.mcals.into(),
            drawn: reseller.drawn,
        }
    }

    fn customer(customer: &Customer) -> Self {
        Self {
            account: Account::Customer,
            record: customer.id,
            name: customer.short.to_string(),
            allotted: customer.mcals.to_string(),
            credit: customer.mcals.into(),
            drawn: customer.drawn,
        }
    }

    /// Its place among the kinds of accounts.
    const fn kind(&self) -> u8 {
        match self.account {
            Account::Bank => 0,
            Account::Reseller => 1,
            Account::Customer => 2,
        }
    }

    fn outlook(&self, month: Month) -> ForecastLine {
        ForecastLine {
            account: self.name.clone(),
            allotted: self.allotted.clone(),
            forecast: mcal::forecast(self.credit, &self.drawn, month),
        }
    }
}

/// Adds to the bank's credit.
pub(super) async fn add(
    admin: &Admin,
    who: &Who,
    units: u32,
    note: String,
) -> Result<Answer, Fault> {
    let store = &admin.context.store;
    let added = store.mcal_add(units, note, who.clone()).await?;
    let left = snapshots::left_in_bank(&store.tree(), admin.now());
    let notes = left.map(|left| match left {
        1 => "the bank has 1 MCAL left now".to_owned(),
        left => format!("the bank has {left} MCALs left now"),
    });
    Ok(edits::answer(added, false, notes.into_iter().collect()))
}

/// An account's months.
pub(super) async fn statement(admin: &Admin, account: &McalAccount) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    let found = Found::new(&tree, account)?;
    let month = snapshots::month(&tree, admin.now());
    let (account, record) = (found.account, found.record);
    let read = move |reader: &Reader| reader.statement(account, record, month);
    Ok(Answer::Statement(Statement {
        account: found.name,
        allotted: found.allotted,
        left: left(found.credit, &found.drawn, month),
        months: admin.context.store.read(read).await?,
    }))
}

/// An account's ledger, newest first.
pub(super) async fn history(
    admin: &Admin,
    account: &McalAccount,
    month: Option<&str>,
    at: &Page,
) -> Result<Answer, Fault> {
    let before = cursor(at, |text| text.parse::<u64>().ok())?;
    let month: Option<Month> = month
        .map(str::parse)
        .transpose()
        .map_err(|error: MonthError| Fault::usage(error.to_string()))?;
    let Found {
        account, record, ..
    } = Found::new(&admin.context.store.tree(), account)?;
    let read = move |reader: &Reader| {
        reader.ledger(account, record, month, before, PAGE.saturating_add(1))
    };
    let entries = admin.context.store.read(read).await?;
    let rest = entries
        .into_iter()
        .map(|entry| (entry.number.to_string(), entry));
    Ok(Answer::Ledger(page(rest, PAGE)))
}

/// What next month needs: the bank's outlook, then that of every reseller and customer with a number, by short name.
pub(super) async fn forecast(admin: &Admin, at: &Page) -> Result<Answer, Fault> {
    let tree = admin.context.store.tree();
    let after = cursor(at, place)?;
    let month = snapshots::month(&tree, admin.now());
    let resellers = tree.resellers.values().map(|it| Found::reseller(it));
    let customers = tree.customers.values().map(|it| Found::customer(it));
    let mut lines: Vec<_> = resellers
        .chain(customers)
        .filter(|found| found.credit != Credit::Open)
        .chain([Found::bank(&tree.server)])
        .map(|found| ((found.kind(), found.name.clone()), found))
        .filter(|(place, _)| after.as_ref().is_none_or(|after| place > after))
        .collect();
    lines.sort_by(|(a, _), (b, _)| a.cmp(b));
    let rest = lines
        .into_iter()
        .map(|((kind, name), found)| (format!("{kind}/{name}"), found.outlook(month)));
    Ok(Answer::Forecast(page(rest, PAGE)))
}

/// Where a list of accounts goes on.
fn place(text: &str) -> Option<(u8, String)> {
    let (kind, name) = text.split_once('/')?;
    Some((kind.parse().ok()?, name.to_owned()))
}
