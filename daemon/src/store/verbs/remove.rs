//! Into the trash: the records leave their tables and lie whole in one row.

use std::collections::BTreeMap;
use std::ops::Bound;

use penstock_policy::names::{Address, ClientId, NameError};
use penstock_policy::record::{Client, RecordId, Schedule};
use penstock_wire::view::Who;

use super::session::sequences;
use super::{client_address, client_subjects, find_client};
use crate::store::audit::{Note, Subject};
use crate::store::command::{Rejected, Removal, TrashState};
use crate::store::schema::{
    ALIASES, CLIENT_IDS, CLIENTS, LAST_BACKUP, Look, SCHEDULES, SESSIONS, TRASH, all, decode,
    go_on, of,
};
use crate::store::trash::{OldClient, OldSchedule, Row, What};
use crate::store::tree::not_found;
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::{Tx, schedules_of};

/// Where clients were reachable before they were moved.
pub(super) type Aliases = BTreeMap<RecordId, Vec<(RecordId, ClientId)>>;

/// Removes a client; its id stays blocked.
pub fn client(
    tx: &Tx,
    address: &Address,
    recursive: bool,
    who: &Who,
) -> Result<Removal, Stop<Rejected>> {
    client_with(tx, address, recursive, who, &mut aliases(tx)?)
}

/// [`client`] with the aliases as they are, for many clients.
pub(super) fn client_with(
    tx: &Tx,
    address: &Address,
    recursive: bool,
    who: &Who,
    aliases: &mut Aliases,
) -> Result<Removal, Stop<Rejected>> {
    let (customer, client) = find_client(tx, address)?;
    let old = gather(tx, client, aliases)?;
    let address = client_address(&customer, &old.client.client_id);
    if !recursive && !old.schedules.is_empty() {
        return Err(not_empty(
            &format!("client {address}"),
            "schedules",
            old.schedules.len(),
        )
        .into());
    }
    drop_client(tx, &old)?;
    let left = tx.tree().clients(customer.id).saturating_sub(1);
    tx.set_client_count(customer.id, left)?;
    tx.block_id(customer.id, &old.client.client_id)?;
    let subjects = client_subjects(&old.client);
    let what = What::Client(Box::new(old));
    keep(tx, who, "client remove", address, subjects, what)
}

/// Removes a customer with its clients.
pub fn customer(
    tx: &Tx,
    name: &str,
    recursive: bool,
    who: &Who,
) -> Result<Removal, Stop<Rejected>> {
    let tree = tx.tree();
    let customer = tree.find_customer(name)?;
    if customer.is_default() {
        return Err(Rejected::Forbidden("the Default Customer can't be removed".to_owned()).into());
    }
    let numbers: Vec<RecordId> = tx.values(CLIENT_IDS, of(customer.id), usize::MAX)?;
    let address = customer.short.to_string();
    if !recursive && !numbers.is_empty() {
        return Err(not_empty(&format!("customer {address}"), "clients", numbers.len()).into());
    }
    let mut aliases = aliases(tx)?;
    let mut clients = Vec::with_capacity(numbers.len());
    for number in numbers {
        if let Some(client) = tx.get(CLIENTS, number.0)? {
            clients.push(gather(tx, client, &mut aliases)?);
        }
    }
    for old in &clients {
        drop_client(tx, old)?;
    }
    tx.drop_customer(customer)?;
    let subjects = vec![
        Subject::Customer(customer.id),
        Subject::Reseller(customer.reseller),
    ];
    let customer = Box::new(penstock_policy::record::Customer::clone(customer));
    let what = What::Customer { customer, clients };
    keep(tx, who, "customer remove", address, subjects, what)
}

/// Removes a schedule.
pub fn schedule(tx: &Tx, address: &Address, who: &Who) -> Result<Removal, Stop<Rejected>> {
    let (customer, client) = find_client(tx, address)?;
    let Some(name) = &address.schedule else {
        return Err(Rejected::Invalid(format!(
            "{address} names no schedule; write CUSTOMER/CLIENT/SCHEDULE"
        ))
        .into());
    };
    let owner = client_address(&customer, &client.client_id);
    let schedules = schedules_of(tx, client.id)?;
    let Some(schedule) = schedules.iter().find(|schedule| schedule.name == *name) else {
        let names = schedules.iter().map(|schedule| schedule.name.as_str());
        let nearest = penstock_policy::names::nearest(name.as_str(), names);
        let nearest = nearest.map(|name| format!("{owner}/{name}"));
        return Err(not_found("schedule", &address.to_string(), nearest.as_deref()).into());
    };
    let old = gather_schedule(tx, schedule.clone())?;
    drop_schedule(tx, &old)?;
    let address = format!("{owner}/{name}");
    let what = What::Schedule(Box::new(old));
    keep(
        tx,
        who,
        "schedule remove",
        address,
        client_subjects(&client),
        what,
    )
}

fn keep(
    tx: &Tx,
    who: &Who,
    verb: &str,
    address: String,
    subjects: Vec<Subject>,
    what: What,
) -> Result<Removal, Stop<Rejected>> {
    let note = Note {
        who,
        verb,
        record: &address,
        subjects,
        revision: None,
        changes: Vec::new(),
    };
    let edit = note.write(tx)?;
    let row = Row {
        item: tx.next(|counters| &mut counters.next_item),
        address,
        removed: tx.at(),
        edit,
        state: TrashState::Moving,
        what,
    };
    tx.put(TRASH, row.item, &row)?;
    Ok(row.removal())
}

fn not_empty(what: &str, kind: &str, count: usize) -> Rejected {
    Rejected::Forbidden(format!(
        "{what} has {kind} ({count}); give --recursive to remove them with it"
    ))
}

/// All aliases by client: one walk, however many clients are removed.
pub(super) fn aliases(tx: &Tx) -> Result<Aliases, Trouble> {
    let mut found = Aliases::new();
    tx.walk(ALIASES, all(), false, &mut |(customer, id), bytes| {
        let client: RecordId = decode("aliases", bytes)?;
        let id = id.parse().map_err(|error: NameError| Trouble::Damaged {
            table: "aliases".to_owned(),
            problem: error.to_string(),
        })?;
        let of_client = found.entry(client).or_default();
        of_client.push((RecordId(customer), id));
        Ok(go_on(true))
    })?;
    Ok(found)
}

fn gather(tx: &Tx, client: Client, aliases: &mut Aliases) -> Result<OldClient, Trouble> {
    let schedules = schedules_of(tx, client.id)?
        .into_iter()
        .map(|schedule| gather_schedule(tx, schedule))
        .collect::<Result<_, _>>()?;
    Ok(OldClient {
        aliases: aliases.remove(&client.id).unwrap_or_default(),
        client,
        schedules,
    })
}

fn gather_schedule(tx: &Tx, schedule: Schedule) -> Result<OldSchedule, Trouble> {
    let range = (
        Bound::Included((schedule.id.0, 0)),
        Bound::Included((schedule.id.0, u64::MAX)),
    );
    Ok(OldSchedule {
        sessions: tx.values(SESSIONS, range, usize::MAX)?,
        last_backup: tx.get(LAST_BACKUP, schedule.id.0)?,
        schedule,
    })
}

/// Where it was before it was moved it doesn't come in again by itself either.
fn drop_client(tx: &Tx, old: &OldClient) -> Result<(), Trouble> {
    let client = &old.client;
    tx.drop_id(client.customer, &client.client_id)?;
    for (customer, id) in &old.aliases {
        tx.drop_id(*customer, id)?;
        tx.block_id(*customer, id)?;
    }
    for schedule in &old.schedules {
        drop_schedule(tx, schedule)?;
    }
    tx.touch(client.id);
    tx.delete(CLIENTS, client.id.0)
}

/// The folder keeps its owner until it is deleted for good.
fn drop_schedule(tx: &Tx, old: &OldSchedule) -> Result<(), Trouble> {
    let schedule = &old.schedule;
    for sequence in sequences(tx, schedule.id)? {
        tx.delete(SESSIONS, (schedule.id.0, sequence))?;
    }
    tx.delete(LAST_BACKUP, schedule.id.0)?;
    tx.touch(schedule.client);
    tx.delete(SCHEDULES, (schedule.client.0, schedule.name.as_str()))
}
