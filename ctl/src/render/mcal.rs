//! MCALs for people: statements, the ledger, the outlook.

use jiff::tz::TimeZone;
use penstock_policy::mcal::Forecast;
use penstock_wire::view::{ForecastLine, LedgerLine, Snapshot, Statement};

use super::table::Table;
use super::{Look, escape, number_or};
use crate::moment;

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
        table.row([
            line.month.to_string(),
            number_or(line.opening, "-"),
            line.added.to_string(),
            line.used.to_string(),
            number_or(line.closing, "-"),
            line.clients.to_string(),
        ]);
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
            units(entry),
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

/// With the sign that it has for the credit.
fn units(entry: &LedgerLine) -> String {
    if entry.reason.is_debit() {
        format!("{:+}", entry.units.saturating_neg())
    } else {
        format!("{:+}", entry.units)
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
        (Some(month), _) => format!("short by {} in {month}", forecast.short_by),
        (None, Some(_)) => "enough".to_owned(),
        (None, None) => "no limit".to_owned(),
    }
}

/// `100 allotted, 60 given, 40 free`: a level's MCALs and what of them is given to those below.
pub fn snapshot(snapshot: &Snapshot) -> String {
    format!(
        "{} allotted, {} given, {} free",
        snapshot.allotted,
        snapshot.given,
        number_or(snapshot.free, "unlimited")
    )
}

/// `3 used, 22 left`
pub fn used(used: u64, left: Option<u64>) -> String {
    match left {
        Some(left) => format!("{used} used, {left} left"),
        None => format!("{used} used"),
    }
}
