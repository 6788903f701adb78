//! Admission once more, slow and obvious: the rules' own words as plain questions, answered by code.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use penstock_policy::admit::Act;
use penstock_policy::mcal::{Drawn, Month};
use penstock_policy::protocol::Kind;
use penstock_policy::record::Activation;
use penstock_policy::space::Allotment;
use penstock_policy::throttle::{Level, Zone};

use crate::arbitrary::Case;

/// The code that answers the act; none when it goes on.
pub fn answer(case: &Case, act: Act) -> Option<&'static str> {
    let Some(client) = &case.client else {
        return cannot_be_added(case)
            .or_else(|| inactive(case))
            .or_else(|| cannot_be_paid(case));
    };
    if client.revoked.is_some() {
        return Some("client-revoked");
    }
    if needs_activation(act, case.schedule_exists)
        && let Some(code) = inactive(case)
    {
        return Some(code);
    }
    let wants_a_schedule = act == Act::Read || act == Act::Create;
    if wants_a_schedule && !case.schedule_exists && case.schedules >= case.server.schedule_limit {
        return Some("schedule-limit");
    }
    if begins_something(act, case.schedule_exists)
        && let Some(code) = cannot_be_paid(case)
    {
        return Some(code);
    }
    if destroys(act) && append_only(case) {
        return Some("append-only");
    }
    None
}

/// The code that answers bytes for a location; none when they are taken. Its order is that of the rules: MCALs before,
/// then the location, the space, and the disk's reserve.
pub fn room(case: &Case, wanted: u64, upkeep: bool) -> Option<&'static str> {
    let Some(disk) = case.disk else {
        return Some("location-unavailable");
    };
    if case.recounting {
        return Some("recounting");
    }
    let client = case.client.as_ref().map(|client| client.space);
    for (space, taken) in [
        (client.unwrap_or_default(), case.taken.client),
        (case.customer.space, case.taken.customer),
        (case.reseller.space, case.taken.reseller),
        (case.server.space, case.taken.server),
    ] {
        if !holds(space, taken, wanted, upkeep) {
            return Some("space-exceeded");
        }
    }
    let percent_free = (i128::from(disk.free) - i128::from(wanted)).max(0) * 100;
    let kept = i128::from(disk.total) * i128::from(case.server.disk_reserve);
    (!upkeep && percent_free < kept).then_some("disk-reserve")
}

/// Whether an allotment holds so much more, with the reserve on top of it for upkeep.
pub fn holds(space: Allotment, taken: u64, wanted: u64, upkeep: bool) -> bool {
    let Allotment::Bytes(allotted) = space else {
        return true;
    };
    let reserve = i128::max(i128::from(allotted) / 100, 67_108_864);
    let limit = i128::from(allotted) + if upkeep { reserve } else { 0 };
    i128::from(taken) + i128::from(wanted) <= limit
}

/// What the client costs, by the price table as it is printed.
pub fn price(case: &Case) -> u64 {
    let (platform, plugins) = match &case.client {
        Some(client) => (client.platform.to_string(), client.plugins.to_string()),
        None => ("desktop".to_owned(), "none".to_owned()),
    };
    let table = case.server.mcal_prices.to_string();
    let priced = |name: &str| -> u64 {
        let row = table
            .split(' ')
            .find_map(|row| row.split_once('=').filter(|(n, _)| *n == name));
        row.map_or(0, |(_, price)| price.parse().unwrap())
    };
    priced(&platform) + plugins.split(',').map(priced).sum::<u64>()
}

/// What is left at a level in that month, its credit being given as text; none where there is no number.
pub fn left(credit: &str, drawn: &Drawn, month: Month) -> Option<u64> {
    if credit == "Auto" || credit == "unlimited" {
        return None;
    }
    let (number, used) = match credit.strip_suffix("/month") {
        Some(each) if drawn.month == Some(month) => (each, drawn.units),
        Some(each) => (each, 0),
        None => (credit, drawn.number),
    };
    let left = number.parse::<i128>().unwrap() - i128::from(used);
    Some(u64::try_from(left.max(0)).unwrap())
}

/// The nearest level that can't pay what the client costs; none when all can or it is paid for.
pub fn cannot_pay(case: &Case) -> Option<Level> {
    let began = case.month?;
    let paid = case.client.as_ref().and_then(|client| client.paid.as_ref());
    if paid.is_some_and(|paid| paid.month >= began) {
        return None;
    }
    let month = match case.server.drawn.month {
        Some(newest) if newest > began => newest,
        _ => began,
    };
    let accounts = [
        (
            Level::Customer,
            case.customer.mcals.to_string(),
            case.customer.drawn,
        ),
        (
            Level::Reseller,
            case.reseller.mcals.to_string(),
            case.reseller.drawn,
        ),
        (
            Level::Server,
            case.server.mcals.to_string(),
            case.server.drawn,
        ),
    ];
    let short = accounts.iter().find(|(_, credit, drawn)| {
        left(credit, drawn, month).is_some_and(|left| left < price(case))
    });
    short.map(|(level, ..)| *level)
}

fn cannot_be_paid(case: &Case) -> Option<&'static str> {
    cannot_pay(case).map(|_| "mcal-exhausted")
}

/// "The debit is made with the first data, index or snapshot object of the month." Where no repository exists yet, what
/// would be refused is refused at the first read.
fn begins_something(act: Act, repository_exists: bool) -> bool {
    match act {
        Act::Read | Act::Create => !repository_exists,
        Act::Post(kind) => matches!(kind, Kind::Data | Kind::Index | Kind::Snapshots),
        Act::PostConfig | Act::Delete(_) => false,
    }
}

/// The code that answers a registration with the right pass key; none when it goes on.
pub fn registration(case: &Case) -> Option<&'static str> {
    if case.client.is_some() {
        return Some("client-exists");
    }
    if case.removed {
        return Some("client-removed");
    }
    let key = &case.customer.pass_key;
    let over = match key.until {
        Some(until) => case.at >= until,
        None => false,
    };
    if over || key.uses_left == Some(0) {
        return Some("pass-key-expired");
    }
    if full(case) {
        return Some("client-limit");
    }
    inactive(case)
}

fn cannot_be_added(case: &Case) -> Option<&'static str> {
    if case.removed {
        return Some("client-removed");
    }
    if !case.customer.automatically_add_clients {
        return Some("client-unknown");
    }
    if !case.reseller.automatically_add_clients {
        return Some("client-unknown");
    }
    if full(case) {
        return Some("client-limit");
    }
    None
}

fn full(case: &Case) -> bool {
    match case.customer.maximum_client_limit {
        None => false,
        Some(limit) => case.clients >= limit,
    }
}

/// "While inactive: no new data, index, snapshot or key object, no repository, no delete except locks; listing,
/// restoring, locking go on." Where no repository exists yet, what would be refused is refused at the first read.
fn needs_activation(act: Act, repository_exists: bool) -> bool {
    match act {
        Act::Read => !repository_exists,
        Act::Create | Act::PostConfig => true,
        Act::Post(kind) | Act::Delete(kind) => kind != Kind::Locks,
    }
}

fn destroys(act: Act) -> bool {
    match act {
        Act::Delete(kind) => kind != Kind::Locks,
        _ => false,
    }
}

fn append_only(case: &Case) -> bool {
    match case.customer.append_only {
        Some(own) => own,
        None => case.server.append_only,
    }
}

fn inactive(case: &Case) -> Option<&'static str> {
    let servers = &case.server.time_zone;
    let customers = match &case.customer.time_zone {
        Some(own) => own,
        None => servers,
    };
    if !active(&case.reseller.activation, servers, case.at) {
        return Some("reseller-inactive");
    }
    if !active(&case.customer.activation, customers, case.at) {
        return Some("customer-inactive");
    }
    match &case.client {
        Some(client) if !active(&client.activation, customers, case.at) => Some("client-inactive"),
        _ => None,
    }
}

/// Looks at the clock on the wall every quarter of an hour: has it ever shown the end, or more? All ends, offsets
/// and transitions in these tests lie on quarters.
fn active(activation: &Activation, zone: &Zone, at: Timestamp) -> bool {
    if activation.activated {
        return true;
    }
    let Some(until) = activation.until else {
        return false;
    };
    let shown = |instant: Timestamp| zone.tz().to_datetime(instant) >= until.0;
    // No zone is further than 26 hours from another: the wall can't have shown the end before.
    let day_before = until.0.date().yesterday().unwrap().yesterday().unwrap();
    let mut instant = TimeZone::UTC
        .to_timestamp(day_before.at(0, 0, 0, 0))
        .unwrap();
    while instant < at {
        if shown(instant) {
            return true;
        }
        instant += SignedDuration::from_mins(15);
    }
    shown(at)
}
