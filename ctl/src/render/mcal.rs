//! MCALs for people: statements, the ledger, the outlook.

use jiff::tz::TimeZone;
use penstock_policy::mcal::{Forecast, StatementLine};
use penstock_wire::view::{ForecastLine, LedgerLine, Snapshot, Statement};
use serde::Serialize;

use super::table::Table;
use super::{Look, escape, number_or};
use crate::moment;

/// How many months ahead a shortage is worth a date.
const FORESEEN: u64 = 24;

/// A statement's line that says whose it is.
#[derive(Debug, Serialize)]
pub struct AccountLine<'a> {
    account: &'a str,
    allotted: &'a str,
    #[serde(flatten)]
    line: &'a StatementLine,
}

/// An entry of the ledger with what it did to the credit.
#[derive(Debug, Serialize)]
pub struct Changed<'a> {
    #[serde(flatten)]
    entry: &'a LedgerLine,
    change: i64,
}

/// The lines of all statements.
pub fn with_account(statements: &[Statement]) -> Vec<AccountLine<'_>> {
    let mut lines = Vec::new();
    for statement in statements {
        lines.extend(statement.months.iter().map(|line| AccountLine {
            account: &statement.account,
            allotted: &statement.allotted,
            line,
        }));
    }
    lines
}

/// The ledger with the sign that each entry has for the credit: programs sum that up.
pub fn with_change(entries: &[LedgerLine]) -> Vec<Changed<'_>> {
    let changed = |entry| Changed {
        entry,
        change: change(entry),
    };
    entries.iter().map(changed).collect()
}

/// The months of many accounts.
pub fn statements(lines: &[AccountLine], look: Look) -> String {
    let mut table = Table::new(&[
        "ACCOUNT",
        ">ALLOTTED",
        "MONTH",
        ">OPENING",
        ">ADDED",
        ">USED",
        ">CLOSING",
        ">CLIENTS",
    ]);
    for AccountLine {
        account,
        allotted,
        line,
    } in lines
    {
        let account = [(*account).to_owned(), (*allotted).to_owned()];
        table.row(account.into_iter().chain(month(line)));
    }
    table.render(look)
}

/// A month's cells.
fn month(line: &StatementLine) -> [String; 6] {
    [
        line.month.to_string(),
        number_or(line.opening, "-"),
        line.added.to_string(),
        line.used.to_string(),
        number_or(line.closing, "-"),
        line.clients.to_string(),
    ]
}

/// An account's months.
pub fn statement(statement: &Statement, look: Look) -> String {
    let left = statement
        .left
        .map_or_else(String::new, |left| format!(", {left} left"));
    let title = format!(
        "{}: {} allotted{left}",
        escape(&statement.account),
        escape(&statement.allotted)
    );
    let mut table = Table::new(&[
        "MONTH", ">OPENING", ">ADDED", ">USED", ">CLOSING", ">CLIENTS",
    ]);
    for line in &statement.months {
        table.row(month(line));
    }
    format!("{}\n{}", look.bold(&title), table.render(look))
}

/// The ledger, newest first. Of an allotment it says to whom, of a debit for whom.
pub fn history(entries: &[LedgerLine], zone: &TimeZone, look: Look) -> String {
    let mut table = Table::new(&[
        ">ENTRY", "AT", "MONTH", "FOR", "REASON", ">UNITS", ">BALANCE", ">BANK", "BY", "NOTE",
    ]);
    for entry in entries {
        table.row([
            entry.number.to_string(),
            moment::minute(entry.at, zone),
            entry.month.to_string(),
            whose(entry),
            match &entry.allotted {
                Some(allotted) => format!("{} {allotted}", entry.reason),
                None => entry.reason.to_string(),
            },
            format!("{:+}", change(entry)),
            number_or(entry.balance, "-"),
            number_or(entry.bank, "-"),
            entry.by.clone(),
            entry.note.clone(),
        ]);
    }
    table.render(look)
}

fn whose(entry: &LedgerLine) -> String {
    match (&entry.reseller, &entry.customer, &entry.client) {
        (_, Some(customer), Some(client)) => format!("{customer}/{client}"),
        (_, Some(customer), None) => customer.clone(),
        (Some(reseller), None, _) => format!("reseller {reseller}"),
        (None, None, _) => "bank".to_owned(),
    }
}

/// Its units with the sign that they have for the credit.
fn change(entry: &LedgerLine) -> i64 {
    if entry.reason.is_debit() {
        entry.units.saturating_neg()
    } else {
        entry.units
    }
}

/// The outlook of every account with a number.
pub fn forecast(lines: &[ForecastLine], look: Look) -> String {
    let mut table = Table::new(&[
        "ACCOUNT",
        ">ALLOTTED",
        "MONTH",
        ">CLIENTS",
        ">USED",
        ">A MONTH NEEDS",
        ">LEFT",
        "OUTLOOK",
    ]);
    for line in lines {
        let forecast = &line.forecast;
        table.row([
            line.account.clone(),
            line.allotted.clone(),
            forecast.month.to_string(),
            forecast.clients.to_string(),
            forecast.units.to_string(),
            forecast.need.to_string(),
            number_or(forecast.left, "-"),
            outlook(forecast),
        ]);
    }
    table.render(look)
}

/// `short by 3 in 2027-01`
pub fn outlook(forecast: &Forecast) -> String {
    match (forecast.short_in, forecast.left) {
        (Some(month), _) if month > forecast.month.later(FORESEEN) => "enough for years".to_owned(),
        (Some(month), _) => format!("short by {} in {month}", forecast.short_by),
        (None, Some(_)) => "enough".to_owned(),
        (None, None) => "no limit".to_owned(),
    }
}

/// `100, 60 given to customers, 40 left to give`: a level's MCALs and what of them is given to those below.
pub fn snapshot(snapshot: &Snapshot, below: &str) -> String {
    let left = snapshot
        .free
        .map_or_else(String::new, |left| format!(", {left} left to give"));
    let (allotted, given) = (&snapshot.allotted, snapshot.given);
    format!("{allotted}, {given} given to {below}{left}")
}

/// `3 used, 22 left`
pub fn used(used: u64, left: Option<u64>) -> String {
    match left {
        Some(left) => format!("{used} used, {left} left"),
        None => format!("{used} used"),
    }
}
