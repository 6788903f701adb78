//! The ledger of MCALs: debits and allotments, each an entry in the transaction that makes it (rules, section 5).

use std::ops::Bound;

use penstock_policy::mcal::{
    Account, Charge, Credit, Drawn, Entry, Mcals, Month, Paid, Reason, StatementLine, Tally, Took,
};
use penstock_policy::record::{Client, Customer, RecordId, Reseller, Server};
use penstock_policy::refusal::Refusal;

use super::Store;
use super::command::Unavailable;
use super::reader::Reader;
use super::schema::{CLIENTS, LEDGER, LEDGER_OF, Look, go_on};
use super::trouble::{Stop, Trouble};
use super::tx::Tx;

/// Who a debit is made by.
const DAEMON: &str = "penstockd";

/// An account in the index of entries.
pub(super) fn key(account: Account, record: RecordId) -> (u8, u64) {
    match account {
        Account::Bank => (0, 0),
        Account::Reseller => (1, record.0),
        Account::Customer => (2, record.0),
    }
}

impl Store {
    /// Debits a client for the month, unless it is debited for it already; durable when it returns.
    ///
    /// # Errors
    /// [`Refusal::McalExhausted`], and nothing is debited; [`Refusal::ClientRemoved`]; [`Refusal::StoreUnavailable`].
    pub async fn charge(&self, client: RecordId, month: Month) -> Result<(), Refusal> {
        self.decide(move |tx| first_backup(tx, client, month)).await
    }
}

fn first_backup(tx: &Tx, client: RecordId, month: Month) -> Result<(), Stop<Refusal>> {
    let client: Client = tx.get(CLIENTS, client.0)?.ok_or(Refusal::ClientRemoved)?;
    if client.has_paid(month) {
        return Ok(());
    }
    let tree = tx.tree();
    let levels = tree.levels(client.customer, Some(&client));
    let levels = levels.ok_or(Refusal::ClientRemoved)?;
    // An edit may have come between the question and this.
    if client.revoked.is_some() {
        return Err(Refusal::ClientRevoked.into());
    }
    levels.activated_at(tx.at())?;
    let charge = penstock_policy::mcal::charge(&levels, levels.price(), month)?;
    debit(tx, client.clone(), charge, Reason::FirstBackup)?;
    Ok(())
}

/// Writes a debit: the client's month, what its levels have drawn, and the entry. The client as it is now.
pub(super) fn debit(
    tx: &Tx,
    mut client: Client,
    charge: Charge,
    reason: Reason,
) -> Result<Client, Trouble> {
    let tree = tx.tree();
    let gone = || Trouble::Damaged {
        table: "customers".to_owned(),
        problem: "a client's customer or its reseller is missing".to_owned(),
    };
    let customer = tree.customers.get(&client.customer).ok_or_else(gone)?;
    let reseller = tree.resellers.get(&customer.reseller).ok_or_else(gone)?;
    let (month, units, took) = (charge.month(), charge.units(), charge.took());
    let another = !client.has_paid(month);
    let mut server = Server::clone(&tree.server);
    let mut reseller = Reseller::clone(reseller);
    let mut customer = Customer::clone(customer);
    server.drawn.take(month, units, another, took.bank);
    reseller.drawn.take(month, units, another, took.reseller);
    customer.drawn.take(month, units, another, took.customer);
    let before = client.paid.as_ref().filter(|paid| paid.month == month);
    client.paid = Some(Paid {
        month,
        units: before.map_or(0, |paid| paid.units) + units,
        platform: client.platform,
        plugins: client.plugins.clone(),
    });
    tx.put_server(&server)?;
    tx.put_reseller(&reseller)?;
    tx.put_customer(&customer)?;
    tx.put_client(&client)?;
    let entry = Entry {
        number: 0,
        at: tx.at(),
        month,
        account: Account::Customer,
        reseller: Some(reseller.short.to_string()),
        customer: Some(customer.short.to_string()),
        client: Some(client.client_id.to_string()),
        units: i64::from(units),
        reason,
        took,
        allotted: None,
        bank: balance(server.mcals.into(), &server.drawn, month),
        balance: balance(customer.mcals.into(), &customer.drawn, month),
        note: String::new(),
        by: DAEMON.to_owned(),
    };
    let accounts = [
        key(Account::Bank, RecordId::default()),
        key(Account::Reseller, reseller.id),
        key(Account::Customer, customer.id),
    ];
    write(tx, entry, &accounts)?;
    Ok(client)
}

/// An account's number changed.
pub(super) struct Allotment<'a> {
    /// Whose.
    pub account: Account,
    /// The account's record; the bank has none.
    pub record: RecordId,
    /// The reseller's short name; none for the bank.
    pub reseller: Option<String>,
    /// The customer's short name; none for the bank and for resellers.
    pub customer: Option<String>,
    /// Before.
    pub from: Credit,
    /// After.
    pub to: Credit,
    /// What was drawn of it.
    pub drawn: &'a Drawn,
    /// What the administrator wrote to it.
    pub note: &'a str,
    /// Who.
    pub by: &'a str,
}

/// Writes that an account's number changed. The month is the ledger's newest from then on.
pub(super) fn allotted(tx: &Tx, allotment: &Allotment<'_>) -> Result<(), Trouble> {
    let mut server = Server::clone(&tx.tree().server);
    let month = server.month_at_least(Month::of(tx.at(), &server.time_zone));
    server.drawn.reach(month);
    tx.put_server(&server)?;
    let counted = |credit: Credit| i64::try_from(credit.counted()).unwrap_or(i64::MAX);
    let entry = Entry {
        number: 0,
        at: tx.at(),
        month,
        account: allotment.account,
        reseller: allotment.reseller.clone(),
        customer: allotment.customer.clone(),
        client: None,
        units: counted(allotment.to) - counted(allotment.from),
        reason: Reason::Allotted,
        took: Took::default(),
        allotted: Some(match (allotment.account, allotment.to) {
            (Account::Reseller | Account::Customer, Credit::Open) => Mcals::Auto.to_string(),
            (_, to) => to.to_string(),
        }),
        bank: balance(server.mcals.into(), &server.drawn, month),
        balance: balance(allotment.to, allotment.drawn, month),
        note: allotment.note.to_owned(),
        by: allotment.by.to_owned(),
    };
    write(tx, entry, &[key(allotment.account, allotment.record)])
}

/// An account's credit; none without a number. Less than zero when its number was set below what was drawn.
fn balance(credit: Credit, drawn: &Drawn, month: Month) -> Option<i64> {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    match credit {
        Credit::Open => None,
        Credit::Number(number) => Some(i64::from(number) - signed(drawn.number)),
        Credit::Monthly(number) => Some(i64::from(number) - signed(drawn.in_month(month))),
    }
}

fn write(tx: &Tx, entry: Entry, accounts: &[(u8, u64)]) -> Result<(), Trouble> {
    let number = tx.next(|counters| &mut counters.next_entry);
    tx.put(LEDGER, number, &Entry { number, ..entry })?;
    for (kind, record) in accounts {
        tx.put(LEDGER_OF, (*kind, *record, number), &())?;
    }
    Ok(())
}

/// Visits an account's entries below `before`, newest first or in the ledger's order.
pub(super) fn walk(
    look: &impl Look,
    (kind, record): (u8, u64),
    before: u64,
    backwards: bool,
    visit: &mut dyn FnMut(Entry) -> bool,
) -> Result<(), Trouble> {
    let range = (
        Bound::Included((kind, record, 0)),
        Bound::Excluded((kind, record, before)),
    );
    look.walk(
        LEDGER_OF,
        range,
        backwards,
        &mut |(_, _, number), _| match look.get(LEDGER, number)? {
            Some(entry) => Ok(go_on(visit(entry))),
            None => Err(Trouble::Damaged {
                table: "ledger".to_owned(),
                problem: format!("entry {number} is missing"),
            }),
        },
    )
}

impl Reader {
    /// An account's entries in the ledger below the entry `before`, newest first; of one month only, if one is given. The
    /// bank has no record.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn ledger(
        &self,
        account: Account,
        record: RecordId,
        month: Option<Month>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        let mut entries: Vec<Entry> = Vec::new();
        if limit == 0 {
            return Ok(entries);
        }
        // Months never go back in the ledger: an older one ends the search.
        let mut take = |entry: Entry| {
            let older = month.is_some_and(|month| entry.month < month);
            if month.is_none_or(|month| entry.month == month) {
                entries.push(entry);
            }
            !older && entries.len() < limit
        };
        let before = before.unwrap_or(u64::MAX);
        walk(&self.0, key(account, record), before, true, &mut take)?;
        Ok(entries)
    }

    /// An account's months from its first entry's to `until`, the oldest first.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn statement(
        &self,
        account: Account,
        record: RecordId,
        until: Month,
    ) -> Result<Vec<StatementLine>, Unavailable> {
        let mut tally = Tally::new(account);
        let mut take = |entry: Entry| {
            tally.add(&entry);
            true
        };
        walk(&self.0, key(account, record), u64::MAX, false, &mut take)?;
        Ok(tally.lines(until))
    }
}
