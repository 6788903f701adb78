//! Snapshots of space and MCALs: what is allotted, what of it is given on, what is left (rules, section 2).

use jiff::Timestamp;
use penstock_policy::mcal::{Drawn, Mcals, Month, forecast, left};
use penstock_policy::record::Reseller;
use penstock_policy::space::Share;
use penstock_wire::view::{ForecastLine, Snapshot};

use crate::store::Tree;

/// The month that debits are for.
pub(super) fn month(tree: &Tree, now: Timestamp) -> Month {
    let server = &tree.server;
    server.month_at_least(Month::of(now, &server.time_zone))
}

/// A level's space.
pub(super) fn space(share: Share) -> Snapshot {
    Snapshot {
        allotted: share.allotted.to_string(),
        given: share.given,
        free: share.free(),
    }
}

/// A reseller's MCALs.
pub(super) fn mcals(tree: &Tree, reseller: &Reseller) -> Snapshot {
    let given = tree.mcals_given(reseller.id);
    Snapshot {
        allotted: reseller.mcals.to_string(),
        given,
        free: (reseller.mcals != Mcals::Auto)
            .then(|| reseller.mcals.counted().saturating_sub(given)),
    }
}

/// What is left in the bank; none while it is unlimited.
pub(super) fn left_in_bank(tree: &Tree, now: Timestamp) -> Option<u64> {
    let server = &tree.server;
    left(server.mcals.into(), &server.drawn, month(tree, now))
}

/// How many clients were debited in a month.
pub(super) fn clients_in(drawn: &Drawn, month: Month) -> u64 {
    if drawn.month == Some(month) {
        drawn.clients
    } else {
        0
    }
}

/// The bank's outlook.
pub(super) fn bank(tree: &Tree, now: Timestamp) -> ForecastLine {
    let server = &tree.server;
    ForecastLine {
        account: "bank".to_owned(),
        allotted: server.mcals.to_string(),
        forecast: forecast(server.mcals.into(), &server.drawn, month(tree, now)),
    }
}
