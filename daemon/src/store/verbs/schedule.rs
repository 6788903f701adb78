//! Schedules as they come into being with their repositories.

use std::sync::Arc;

use penstock_policy::admit::{Act, Subject as Wanting, admit};
use penstock_policy::names::{ScheduleName, fold};
use penstock_policy::record::{Client, RecordId, Schedule};
use penstock_policy::refusal::Refusal;

use crate::store::command::NewSchedule;
use crate::store::schema::{CLIENTS, FOLDERS, Look, SCHEDULES};
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::{Tx, schedules_of};

/// A schedule's record; one that exists is returned as it is.
pub fn create(tx: &Tx, ask: &NewSchedule) -> Result<Arc<Schedule>, Stop<Refusal>> {
    let client: Client = tx
        .get(CLIENTS, ask.client.0)?
        .ok_or(Refusal::ClientUnknown)?;
    let schedules = schedules_of(tx, client.id)?;
    let existing = schedules.iter().find(|schedule| schedule.name == ask.name);
    if let Some(existing) = existing {
        return Ok(Arc::new(existing.clone()));
    }
    let tree = tx.tree();
    let levels = tree
        .levels(client.customer, Some(&client))
        .ok_or(Refusal::ClientUnknown)?;
    let wanting = Wanting {
        levels,
        clients: tree.clients(client.customer),
        removed: false,
        schedules: u32::try_from(schedules.len()).unwrap_or(u32::MAX),
        schedule_exists: false,
    };
    admit(&wanting, Act::Create, tx.at())?;
    let folded = fold(ask.name.as_str());
    let other = schedules
        .iter()
        .find(|schedule| fold(schedule.name.as_str()) == folded);
    if let Some(other) = other {
        return Err(Refusal::NameTaken {
            name: ask.name.to_string(),
            by: format!("schedule {}", other.name),
        }
        .into());
    }
    let folder = format!(
        "{}/{}/{}",
        levels.customer.short, client.client_id, ask.name
    );
    let folder = free_folder(tx, &ask.location, folder)?;
    let schedule = Schedule {
        id: tx.new_id(),
        client: client.id,
        name: ask.name.clone(),
        location: ask.location.clone(),
        folder,
        ready: false,
        created: tx.at(),
    };
    let key = (schedule.location.as_str(), schedule.folder.as_str());
    tx.put(FOLDERS, key, &schedule.id)?;
    tx.put_schedule(&schedule)?;
    Ok(Arc::new(schedule))
}

/// The folder is there: from now on the schedule exists for its client.
pub fn ready(tx: &Tx, client: RecordId, name: &ScheduleName) -> Result<(), Stop<Refusal>> {
    let schedule: Option<Schedule> = tx.get(SCHEDULES, (client.0, name.as_str()))?;
    match schedule {
        Some(schedule) if schedule.ready => Ok(()),
        Some(schedule) => Ok(tx.put_schedule(&Schedule {
            ready: true,
            ..schedule
        })?),
        // Removed meanwhile.
        None => Err(Refusal::ClientUnknown.into()),
    }
}

/// The folder, or with the first free number behind it: a moved client may have left one of that name, or the trash may
/// hold one.
fn free_folder(tx: &Tx, location: &str, folder: String) -> Result<String, Trouble> {
    let mut candidate = folder.clone();
    let mut number = 2;
    while tx.bytes(FOLDERS, (location, candidate.as_str()))?.is_some() {
        candidate = format!("{folder}-{number}");
        number += 1;
    }
    Ok(candidate)
}
