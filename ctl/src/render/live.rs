//! What goes on now: status, running backups, events.

use jiff::tz::TimeZone;
use penstock_policy::explain::Binding;
use penstock_policy::units::human;
use penstock_wire::view::{Event, ForecastLine, LocationView, Running, Severity, Status};

use super::table::Table;
use super::{Look, binding, bytes_or, count, escape, held_by, mcal, rate, space};
use crate::exit::Exit;
use crate::moment;

/// How many silent clients a screen names.
const SILENT_SHOWN: usize = 10;

/// How many running backups a customer's screen shows.
const RUNNING_SHOWN: usize = 5;

/// The running backups.
pub fn top(running: &[Running], zone: &TimeZone, look: Look) -> String {
    let mut table = Table::new(&["ADDRESS", "KIND", ">RATE", "LIMIT", ">SENT", "HELD BY"]);
    for backup in running {
        table.row([
            backup.address.clone(),
            backup.kind.clone(),
            rate(backup.rate),
            binding(&backup.limit, zone),
            human(sent(backup)),
            held_by(backup.held_by),
        ]);
    }
    table.render(look)
}

/// A customer's running backups, as far as they fit on its screen: what binds is said without its end, which is said
/// above them.
pub fn of_customer(customer: &str, running: &[Running], look: Look) -> String {
    let mut table = Table::new(&["RUNNING", "KIND", ">RATE", "LIMIT", ">SENT", "HELD BY"]);
    let own = format!("{customer}/");
    for backup in running.iter().take(RUNNING_SHOWN) {
        let limit = Binding {
            until: None,
            ..backup.limit.clone()
        };
        let address = backup.address.strip_prefix(&own);
        table.row([
            address.unwrap_or(&backup.address).to_owned(),
            backup.kind.clone(),
            rate(backup.rate),
            binding(&limit, &TimeZone::UTC),
            human(sent(backup)),
            held_by(backup.held_by),
        ]);
    }
    let mut text = table.render(look);
    if let Some(more @ 1..) = running.len().checked_sub(RUNNING_SHOWN) {
        text.push_str(&format!("and {more} more: penstockctl top\n"));
    }
    text
}

fn sent(backup: &Running) -> u64 {
    if backup.kind == "restore" {
        backup.bytes_out
    } else {
        backup.bytes_in
    }
}

/// One event, on one line.
pub fn event(event: &Event, zone: &TimeZone) -> String {
    format!(
        "{}  {:<12}  {}  {}\n",
        moment::second(event.at, zone),
        escape(&event.event),
        escape(&event.address),
        escape(&event.text)
    )
}

/// What is going on and what needs attention.
pub fn status(status: &Status, look: Look) -> String {
    let zone = moment::zone(&status.zone);
    let day = &status.last_day;
    let draining = if status.draining {
        "; it is being stopped and takes no new work"
    } else {
        ""
    };
    let mut text = format!(
        "penstockd {}, up since {}{draining}\n",
        escape(&status.version),
        moment::minute(status.started, &zone)
    );
    text.push_str(&format!(
        "running    {}, {}\n",
        count(status.running, "backup"),
        rate(status.rate)
    ));
    text.push_str(&format!(
        "records    {}, {}, {}\n",
        count(status.customers, "customer"),
        count(status.clients, "client"),
        count(status.schedules, "schedule")
    ));
    text.push_str(&format!(
        "last 24 h  {} ({} in), {} ({} out), {} unfinished, {}\n",
        count(day.backups, "backup"),
        human(day.bytes_in),
        count(day.restores, "restore"),
        human(day.bytes_out),
        day.unfinished,
        count(day.refusals, "refusal")
    ));
    text.push_str(&format!(
        "space      {} used, {} of it in the trash; allotted {}\n",
        human(status.used_space),
        human(status.trash_space),
        escape(&space::snapshot(&status.space_snapshot, "resellers"))
    ));
    text.push_str(&format!("MCALs      {}\n", escape(&bank(&status.mcals))));
    text.push_str(&look.bold("\nlocations\n"));
    for location in &status.locations {
        text.push_str(&format!("  {}\n", escape(&at(location))));
    }
    if !status.silent.is_empty() {
        text.push_str(&look.bold("\nclients without a recent backup\n"));
        for silent in status.silent.iter().take(SILENT_SHOWN) {
            let last = silent
                .last_backup
                .map_or_else(|| "never".to_owned(), |at| moment::minute(at, &zone));
            text.push_str(&format!("  {}  {last}\n", escape(&silent.address)));
        }
        if let Some(more) = status
            .silent
            .len()
            .checked_sub(SILENT_SHOWN)
            .filter(|&more| more > 0)
        {
            text.push_str(&format!("  and {more} more\n"));
        }
    }
    text.push_str(&look.bold("\nattention\n"));
    if status.attention.is_empty() {
        text.push_str(&format!("  {}\n", look.green("nothing")));
    }
    for attention in &status.attention {
        let severity = match attention.severity {
            Severity::Critical => look.red("critical"),
            Severity::Warning => look.yellow("warning "),
        };
        let (what, remedy) = (escape(&attention.text), escape(&attention.remedy));
        text.push_str(&format!("  {severity}  {what}\n            {remedy}\n"));
    }
    text
}

/// `bank 100, 97 left; 3 used by 2 clients in 2026-11; enough`
fn bank(line: &ForecastLine) -> String {
    let forecast = &line.forecast;
    let left = forecast
        .left
        .map_or_else(String::new, |left| format!(", {left} left"));
    format!(
        "{} {}{left}; {} used by {} in {}; {}",
        line.account,
        line.allotted,
        forecast.units,
        count(forecast.clients, "client"),
        forecast.month,
        mcal::outlook(forecast)
    )
}

/// `main: 1.0 GiB used, 2.0 GiB sold, 3.0 GiB free; full in about 19 days`
fn at(location: &LocationView) -> String {
    format!(
        "{}: {} used, {} sold, {} free; {}",
        location.name,
        human(location.used),
        human(location.sold),
        bytes_or(location.free, "unknown"),
        space::state(location)
    )
}

/// How bad it is, as an exit code.
pub fn severity(status: &Status) -> Exit {
    match status.attention.iter().map(|a| a.severity).max() {
        Some(Severity::Critical) => Exit::CRITICAL,
        Some(Severity::Warning) => Exit::WARNING,
        None if status.draining => Exit::WARNING,
        None => Exit::FINE,
    }
}

/// The line that a monitoring system shows.
pub fn check(status: &Status) -> String {
    let word = match severity(status) {
        Exit::FINE => "OK",
        Exit::WARNING => "WARNING",
        _ => "CRITICAL",
    };
    let worst = status.attention.iter().max_by_key(|a| a.severity);
    let mut text = match worst {
        Some(worst) => format!("{word}: {}", escape(&worst.text)),
        None if status.draining => format!("{word}: penstockd is being stopped"),
        None => word.to_owned(),
    };
    if let more @ 1.. = status.attention.len().saturating_sub(1) {
        text.push_str(&format!(" (and {more} more)"));
    }
    text.push_str(&format!(
        "; {} running, {} in 24 h, {} silent\n",
        count(status.running, "backup"),
        status.last_day.backups,
        count(status.silent.len() as u64, "client")
    ));
    text
}
