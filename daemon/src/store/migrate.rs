//! From older layouts to this one, step by step, each step in one transaction.

use jiff::Timestamp;
use penstock_policy::record::{RecordId, Schedule};
use penstock_wire::view::SessionView;
use redb::{Database, Durability, ReadableDatabase, WriteTransaction};

use super::audit::Entry;
use super::open::{OpenError, Place};
use super::schema::{
    AUDIT, AUDIT_OF, CLIENT_FOLDS, CLIENT_IDS, FOLDERS, FORMAT, LAST_BACKUP, Look, META, REMOVED,
    SCHEDULES, SESSIONS, TRASH, all, decode, delete, go_on, make_tables, put,
};
use super::trash::Row;
use super::trouble::Trouble;

/// One step: what turns a layout into the next.
type Step = fn(&WriteTransaction) -> Result<(), Trouble>;

/// The step from each format to the next, beginning with format 1.
const STEPS: [Step; 2] = [indexes, space_and_mcals];

/// Brings the records to this program's format.
pub(super) fn migrate(database: &Database, place: &Place) -> Result<(), OpenError> {
    let damaged = |trouble| place.damaged(&trouble);
    let mut format = read_format(database).map_err(damaged)?;
    if format > FORMAT {
        return Err(OpenError::Newer {
            path: place.path.clone(),
            found: format,
            known: FORMAT,
        });
    }
    while format < FORMAT {
        let step = usize::try_from(format)
            .ok()
            .and_then(|format| STEPS.get(format.checked_sub(1)?))
            .ok_or_else(|| damaged(Trouble::Storage(format!("there is no format {format}"))))?;
        migrate_by(database, *step, format + 1).map_err(damaged)?;
        tracing::info!(
            "the records were brought from format {format} to {}",
            format + 1
        );
        format += 1;
    }
    Ok(())
}

fn read_format(database: &Database) -> Result<u64, Trouble> {
    let format = database.begin_read()?.get(META, "format")?;
    format.ok_or_else(|| Trouble::Storage("it is no file of Penstock's records".to_owned()))
}

fn migrate_by(database: &Database, step: Step, to: u64) -> Result<(), Trouble> {
    let mut txn = database.begin_write()?;
    txn.set_durability(Durability::Immediate)?;
    txn.set_quick_repair(true);
    step(&txn)?;
    put(&txn, META, "format", &to)?;
    txn.commit()?;
    Ok(())
}

/// Format 2 had neither figures of used space nor a ledger; its schedules are counted at the next start. Fields that came
/// with them have defaults.
fn space_and_mcals(txn: &WriteTransaction) -> Result<(), Trouble> {
    make_tables(txn)?;
    put(txn, META, "next-entry", &1u64)
}

/// Format 1 had no indexes of folded ids, folders and the audit by record, and neither the last backups' table nor the
/// refusals'; and it blocked ids in one spelling.
fn indexes(txn: &WriteTransaction) -> Result<(), Trouble> {
    make_tables(txn)?;
    let mut folds: Vec<(u64, String, RecordId)> = Vec::new();
    txn.walk(CLIENT_IDS, all(), false, &mut |(customer, id), bytes| {
        let folded = penstock_policy::names::fold(id);
        folds.push((customer, folded, decode("client_ids", bytes)?));
        Ok(go_on(true))
    })?;
    for (customer, folded, client) in &folds {
        put(txn, CLIENT_FOLDS, (*customer, folded.as_str()), client)?;
    }
    let mut blocked: Vec<(u64, String, Timestamp)> = Vec::new();
    txn.walk(REMOVED, all(), false, &mut |(customer, id), bytes| {
        blocked.push((customer, id.to_owned(), decode("removed_ids", bytes)?));
        Ok(go_on(true))
    })?;
    for (customer, id, at) in &blocked {
        delete(txn, REMOVED, (*customer, id.as_str()))?;
        let folded = penstock_policy::names::fold(id);
        put(txn, REMOVED, (*customer, folded.as_str()), at)?;
    }
    let schedules: Vec<Schedule> = txn.values(SCHEDULES, all(), usize::MAX)?;
    let rows: Vec<Row> = txn.values(TRASH, all(), usize::MAX)?;
    let removed = rows.iter().flat_map(Row::schedules);
    for schedule in schedules.iter().chain(removed) {
        let key = (schedule.location.as_str(), schedule.folder.as_str());
        put(txn, FOLDERS, key, &schedule.id)?;
    }
    let mut backups = Vec::new();
    txn.walk(SESSIONS, all(), false, &mut |(schedule, _), bytes| {
        let session: SessionView = decode("sessions", bytes)?;
        if session.kind == "backup" {
            backups.push((schedule, session.ended));
        }
        Ok(go_on(true))
    })?;
    // In the order of their ends: the newest is written last.
    backups.sort_by_key(|(_, ended)| *ended);
    for (schedule, ended) in &backups {
        put(txn, LAST_BACKUP, *schedule, ended)?;
    }
    let mut subjects = Vec::new();
    txn.walk(AUDIT, all(), false, &mut |edit, bytes| {
        let (_, entry) = Entry::read(bytes)?;
        subjects.extend(entry.subjects.iter().map(|subject| (subject.key(), edit)));
        Ok(go_on(true))
    })?;
    for ((kind, id), edit) in subjects {
        put(txn, AUDIT_OF, (kind, id, edit), &())?;
    }
    Ok(())
}
