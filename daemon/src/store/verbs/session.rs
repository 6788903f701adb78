//! What happened, kept for looking at: sessions, last backups, first logins, refusals. None of it is an edit.

use std::ops::Bound;

use jiff::Timestamp;
use penstock_policy::names::ScheduleName;
use penstock_policy::record::{Client, RecordId, Schedule};
use penstock_policy::refusal::Refusal;
use penstock_wire::view::{RefusalView, SessionView};

use crate::store::schema::{CLIENTS, LAST_BACKUP, Look, REFUSALS, SCHEDULES, SESSIONS, go_on};
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::Tx;

/// Sessions kept of each schedule (rules, section 8).
const KEPT: usize = 30;

/// The client's password opened something; only the first time is kept.
pub fn first_login(tx: &Tx, client: RecordId) -> Result<(), Stop<Refusal>> {
    match tx.get::<Client, _>(CLIENTS, client.0)? {
        Some(client) if client.first_login.is_none() => Ok(tx.put_client(&Client {
            first_login: Some(tx.at()),
            ..client
        })?),
        _ => Ok(()),
    }
}

/// Keeps a session that ended. A schedule that was removed meanwhile keeps none.
pub fn ended(
    tx: &Tx,
    client: RecordId,
    schedule: &ScheduleName,
    session: &SessionView,
    backup: Option<Timestamp>,
) -> Result<(), Stop<Refusal>> {
    let schedule: Option<Schedule> = tx.get(SCHEDULES, (client.0, schedule.as_str()))?;
    let Some(schedule) = schedule else {
        return Ok(());
    };
    let sequences = sequences(tx, schedule.id)?;
    let next = sequences.last().map_or(1, |last| last + 1);
    let too_many = (sequences.len() + 1).saturating_sub(KEPT);
    for old in &sequences[..too_many] {
        tx.delete(SESSIONS, (schedule.id.0, *old))?;
    }
    tx.put(SESSIONS, (schedule.id.0, next), session)?;
    match backup {
        Some(at) => last_backup(tx, schedule.id, at),
        None => Ok(()),
    }
}

/// A snapshot arrived. The newest counts, in whatever order they are told.
pub fn last_backup(tx: &Tx, schedule: RecordId, at: Timestamp) -> Result<(), Stop<Refusal>> {
    let known: Option<Timestamp> = tx.get(LAST_BACKUP, schedule.0)?;
    if known.is_none_or(|known| known < at) {
        tx.put(LAST_BACKUP, schedule.0, &at)?;
    }
    Ok(())
}

/// Saves rows of the table of refusals, and drops others.
pub fn save_refusals(tx: &Tx, rows: &[RefusalView], gone: &[String]) -> Result<(), Stop<Refusal>> {
    for reference in gone {
        tx.delete(REFUSALS, reference.as_str())?;
    }
    for row in rows {
        tx.put(REFUSALS, row.reference.as_str(), row)?;
    }
    Ok(())
}

/// The numbers of a schedule's sessions, oldest first.
pub(super) fn sequences(tx: &Tx, schedule: RecordId) -> Result<Vec<u64>, Trouble> {
    let range = (
        Bound::Included((schedule.0, 0)),
        Bound::Included((schedule.0, u64::MAX)),
    );
    let mut sequences = Vec::new();
    tx.walk(SESSIONS, range, false, &mut |(_, sequence), _| {
        sequences.push(sequence);
        Ok(go_on(true))
    })?;
    Ok(sequences)
}
