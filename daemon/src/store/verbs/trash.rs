//! Out of the trash: back to where it was, or gone for good.

use std::sync::Arc;

use penstock_policy::names::fold;
use penstock_policy::record::{Client, Customer, RecordId, Schedule};
use penstock_policy::refusal::Refusal;
use penstock_wire::view::Who;

use super::client::free_for;
use super::customer::{name_holder, reseller_sums};
use super::{clash, client_address, place_client, taken};
use crate::store::audit::{Note, Subject};
use crate::store::command::{Rejected, Removal, TrashState};
use crate::store::schema::{
    ALIASES, CLIENT_FOLDS, CLIENT_IDS, CLIENTS, FOLDERS, LAST_BACKUP, Look, REMOVED, SESSIONS,
    TRASH, go_on, of,
};
use crate::store::shares::{Sum, verify};
use crate::store::trash::{OldClient, OldSchedule, Row, What};
use crate::store::tree::not_found;
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::{Tx, schedules_of};

/// The item's folders are where its state wants them.
pub fn settled(tx: &Tx, item: u64) -> Result<(), Stop<Rejected>> {
    let row = find(tx, item)?;
    match row.state {
        TrashState::Moving => Ok(tx.put(
            TRASH,
            item,
            &Row {
                state: TrashState::There,
                ..row
            },
        )?),
        TrashState::Restoring => Ok(tx.delete(TRASH, item)?),
        TrashState::There | TrashState::Emptying => Ok(()),
    }
}

/// Brings an item's records back.
pub fn restore(tx: &Tx, item: u64, who: &Who) -> Result<Removal, Stop<Rejected>> {
    let row = at_rest(tx, item)?;
    let subjects = match &row.what {
        What::Customer { customer, clients } => restore_customer(tx, customer, clients)?,
        What::Client(old) => restore_client(tx, old)?,
        What::Schedule(old) => restore_schedule(tx, old)?,
    };
    proceed(
        tx,
        who,
        "trash restore",
        row,
        subjects,
        TrashState::Restoring,
    )
}

/// Marks an item as being deleted for good.
pub fn empty(tx: &Tx, item: u64, who: &Who) -> Result<Removal, Stop<Rejected>> {
    let row = at_rest(tx, item)?;
    let subjects = match &row.what {
        What::Customer { customer, .. } => vec![Subject::Customer(customer.id)],
        What::Client(old) => vec![
            Subject::Client(old.client.id),
            Subject::Customer(old.client.customer),
        ],
        What::Schedule(old) => vec![Subject::Client(old.schedule.client)],
    };
    proceed(tx, who, "trash empty", row, subjects, TrashState::Emptying)
}

/// The item's folders are deleted: their names are free again.
pub fn gone(tx: &Tx, item: u64) -> Result<(), Stop<Rejected>> {
    let row = find(tx, item)?;
    if row.state != TrashState::Emptying {
        return Err(busy(&row).into());
    }
    let mut left = Vec::new();
    if let What::Customer { customer, .. } = &row.what {
        for table in [ALIASES, CLIENT_FOLDS, REMOVED] {
            tx.walk(table, of(customer.id), false, &mut |(customer, id), _| {
                left.push((table, customer, id.to_owned()));
                Ok(go_on(true))
            })?;
        }
    }
    for (table, customer, id) in &left {
        tx.delete(*table, (*customer, id.as_str()))?;
    }
    for schedule in row.schedules() {
        let key = (schedule.location.as_str(), schedule.folder.as_str());
        tx.delete(FOLDERS, key)?;
        tx.drop_schedule(schedule.id)?;
    }
    Ok(tx.delete(TRASH, item)?)
}

fn find(tx: &Tx, item: u64) -> Result<Row, Stop<Rejected>> {
    let row = tx.get(TRASH, item)?;
    Ok(row.ok_or_else(|| not_found("trash item", &item.to_string(), None))?)
}

fn at_rest(tx: &Tx, item: u64) -> Result<Row, Stop<Rejected>> {
    let row = find(tx, item)?;
    match row.state {
        TrashState::There => Ok(row),
        _ => Err(busy(&row).into()),
    }
}

fn busy(row: &Row) -> Rejected {
    let doing = match row.state {
        TrashState::Moving => "still being moved to the trash; try again soon",
        TrashState::There => "in the trash; empty or restore it first",
        TrashState::Restoring => "being brought back",
        TrashState::Emptying => "being deleted for good",
    };
    Rejected::Forbidden(format!(
        "trash item {} ({}) is {doing}",
        row.item, row.address
    ))
}

fn proceed(
    tx: &Tx,
    who: &Who,
    verb: &str,
    row: Row,
    subjects: Vec<Subject>,
    state: TrashState,
) -> Result<Removal, Stop<Rejected>> {
    let note = Note {
        who,
        verb,
        record: &row.address,
        subjects,
        revision: None,
        changes: Vec::new(),
    };
    let edit = note.write(tx)?;
    let row = Row { edit, state, ..row };
    tx.put(TRASH, row.item, &row)?;
    Ok(row.removal())
}

/// A customer with its clients. Where its reseller was removed meanwhile, the Default Reseller gets it.
fn restore_customer(
    tx: &Tx,
    customer: &Customer,
    clients: &[OldClient],
) -> Result<Vec<Subject>, Stop<Rejected>> {
    for name in [customer.name.as_str(), customer.short.as_str()] {
        if let Some(by) = name_holder(tx, name)? {
            return Err(taken(name, &by).into());
        }
    }
    let mut customer = customer.clone();
    if tx.tree().resellers.get(&customer.reseller).is_none() {
        customer.reseller = RecordId::DEFAULT_RESELLER;
    }
    let mut after = tx.tree();
    after.set_customer(customer.clone());
    verify(tx, &after, &reseller_sums(&customer), 0)?;
    tx.put_customer(&customer)?;
    for old in clients {
        put_back(tx, old)?;
    }
    Ok(vec![
        Subject::Customer(customer.id),
        Subject::Reseller(customer.reseller),
    ])
}

fn restore_client(tx: &Tx, old: &OldClient) -> Result<Vec<Subject>, Stop<Rejected>> {
    let tree = tx.tree();
    let client = &old.client;
    let Some(customer) = tree.customers.get(&client.customer) else {
        return Err(missing("customer").into());
    };
    if let Some(by) = clash(tx, &tree, customer, &client.client_id, None)? {
        return Err(taken(&client.client_id, &by).into());
    }
    free_for(&tree, customer, 0)?;
    let space = client.space.counted();
    if space > 0 {
        verify(tx, &tree, &[Sum::Clients(customer.id)], space.into())?;
    }
    put_back(tx, old)?;
    Ok(super::client_subjects(client))
}

fn restore_schedule(tx: &Tx, old: &OldSchedule) -> Result<Vec<Subject>, Stop<Rejected>> {
    let schedule = &old.schedule;
    let tree = tx.tree();
    let client: Option<Client> = tx.get(CLIENTS, schedule.client.0)?;
    let owner = client.and_then(|client| {
        let customer: Arc<Customer> = tree.customers.get(&client.customer)?.clone();
        Some((customer, client))
    });
    let Some((customer, client)) = owner else {
        return Err(missing("client").into());
    };
    let schedules = schedules_of(tx, client.id)?;
    let same = |other: &&Schedule| fold(other.name.as_str()) == fold(schedule.name.as_str());
    if let Some(other) = schedules.iter().find(same) {
        let address = client_address(&customer, &client.client_id);
        let by = format!("schedule {address}/{}", other.name);
        return Err(taken(&schedule.name, &by).into());
    }
    let limit = tree.server.schedule_limit;
    if schedules.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
        return Err(Refusal::ScheduleLimit { limit }.into());
    }
    put_back_schedule(tx, old)?;
    Ok(super::client_subjects(&client))
}

fn missing(what: &str) -> Rejected {
    Rejected::Forbidden(format!(
        "its {what} isn't there any more; restore or add the {what} first"
    ))
}

fn put_back(tx: &Tx, old: &OldClient) -> Result<(), Trouble> {
    place_client(tx, &old.client)?;
    for (customer, id) in &old.aliases {
        let key = (customer.0, id.as_str());
        let fold = fold(id.as_str());
        let fold = (customer.0, fold.as_str());
        // Whoever took the place meanwhile keeps it.
        if tx.bytes(CLIENT_FOLDS, fold)?.is_none() && tx.bytes(CLIENT_IDS, key)?.is_none() {
            tx.alias(*customer, id, old.client.id)?;
        }
    }
    for schedule in &old.schedules {
        put_back_schedule(tx, schedule)?;
    }
    Ok(())
}

fn put_back_schedule(tx: &Tx, old: &OldSchedule) -> Result<(), Trouble> {
    let id = old.schedule.id.0;
    tx.put_schedule(&old.schedule)?;
    for (sequence, session) in (1..).zip(&old.sessions) {
        tx.put(SESSIONS, (id, sequence), session)?;
    }
    match &old.last_backup {
        Some(at) => tx.put(LAST_BACKUP, id, at),
        None => Ok(()),
    }
}
