//! Admission once more, slow and obvious: the rules' own words as plain questions, answered by code.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use penstock_policy::admit::Act;
use penstock_policy::protocol::Kind;
use penstock_policy::record::Activation;
use penstock_policy::throttle::Zone;

use crate::arbitrary::Case;

/// The code that answers the act; none when it goes on.
pub fn answer(case: &Case, act: Act) -> Option<&'static str> {
    let Some(client) = &case.client else {
        return cannot_be_added(case).or_else(|| inactive(case));
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
    if destroys(act) && append_only(case) {
        return Some("append-only");
    }
    None
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
