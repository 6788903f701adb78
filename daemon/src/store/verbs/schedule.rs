//! Schedules as they come into being with their repositories.

use std::sync::Arc;

use penstock_policy::admit::{Act, Subject as Wanting, admit};
use penstock_policy::names::{ScheduleName, fold};
use penstock_policy::record::{Client, Customer, RecordId, Schedule};
use penstock_policy::refusal::Refusal;

use crate::store::command::NewSchedule;
use crate::store::schema::{CLIENTS, FOLDERS, LOCATIONS, Look, SCHEDULES};
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::{Tx, schedules_of};
use crate::store::used;

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
    // Forgotten since it was looked for.
    if tx.bytes(LOCATIONS, ask.location.as_str())?.is_none() {
        return Err(Refusal::LocationUnavailable.into());
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
        month: Some(levels.month(tx.at())),
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
    let folder = natural_folder(levels.customer, &client, &ask.name);
    let folder = free_folder(tx, &ask.location, &folder, 1)?;
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
    used::begin(tx, schedule.id)?;
    tx.put_schedule(&schedule)?;
    Ok(Arc::new(schedule))
}

/// The schedule with another folder than the one that is taken on the disk.
pub fn another_folder(
    tx: &Tx,
    client: RecordId,
    name: &ScheduleName,
    taken: &str,
) -> Result<Arc<Schedule>, Stop<Refusal>> {
    let schedule: Option<Schedule> = tx.get(SCHEDULES, (client.0, name.as_str()))?;
    let client: Option<Client> = tx.get(CLIENTS, client.0)?;
    // Removed meanwhile.
    let (schedule, client) = schedule.zip(client).ok_or(Refusal::ClientUnknown)?;
    if schedule.ready || schedule.folder != taken {
        return Ok(Arc::new(schedule));
    }
    let tree = tx.tree();
    let customer = tree
        .customers
        .get(&client.customer)
        .ok_or(Refusal::ClientUnknown)?;
    let natural = natural_folder(customer, &client, name);
    let folder = free_folder(tx, &schedule.location, &natural, after(taken, &natural))?;
    tx.delete(FOLDERS, (schedule.location.as_str(), taken))?;
    let key = (schedule.location.as_str(), folder.as_str());
    tx.put(FOLDERS, key, &schedule.id)?;
    let schedule = Schedule { folder, ..schedule };
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

/// The folder that a schedule has unless another has it.
fn natural_folder(customer: &Customer, client: &Client, name: &ScheduleName) -> String {
    format!("{}/{}/{name}", customer.short, client.client_id)
}

/// The folder, as its number 1, or with the first free number from there on behind it: a moved client may have left one
/// of that name, or the trash may hold one.
fn free_folder(tx: &Tx, location: &str, folder: &str, from: u64) -> Result<String, Trouble> {
    let mut number = from;
    loop {
        let candidate = match number {
            1 => folder.to_owned(),
            _ => format!("{folder}-{number}"),
        };
        if tx.bytes(FOLDERS, (location, candidate.as_str()))?.is_none() {
            return Ok(candidate);
        }
        number += 1;
    }
}

/// The number after that of a taken folder: numbers only grow, so that no folder is tried twice.
fn after(taken: &str, natural: &str) -> u64 {
    match taken.strip_prefix(natural) {
        Some("") => 2,
        Some(behind) => {
            let number = behind.strip_prefix('-').and_then(|text| text.parse().ok());
            number.map_or(1, |number: u64| number.saturating_add(1))
        }
        // The client was moved since.
        None => 1,
    }
}
