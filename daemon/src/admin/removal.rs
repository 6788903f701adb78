//! Removing customers, clients and schedules: first their records, then their folders.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

use penstock_policy::names::Address;
use penstock_policy::record::RecordId;
use penstock_wire::reply::{Answer, Edited};
use penstock_wire::view::Who;

use super::failure::Fault;
use super::folders::{self, Where};
use super::{Admin, clients, schedules};
use crate::store::{Applied, Apply, Reader, Rejected, Removal, Unavailable};

/// How many clients are read at a time.
const BATCH: usize = 1000;

/// Moves a customer to the trash.
pub(super) async fn customer(
    admin: &Admin,
    who: &Who,
    name: String,
    recursive: bool,
) -> Result<Answer, Fault> {
    let store = &admin.context.store;
    let number = store.tree().find_customer(&name)?.id;
    let below = store
        .read(move |reader| of_customer(reader, number))
        .await?;
    let removal = store.remove_customer(name, recursive, who.clone());
    remove(admin, &below, removal).await
}

/// Moves a client to the trash.
pub(super) async fn client(
    admin: &Admin,
    who: &Who,
    address: Address,
    recursive: bool,
) -> Result<Answer, Fault> {
    let store = &admin.context.store;
    let number = clients::client(admin, &address).await?.id;
    let below = store.read(move |reader| of_client(reader, number)).await?;
    let removal = store.remove_client(address, recursive, who.clone());
    remove(admin, &below, removal).await
}

/// Moves a schedule to the trash.
pub(super) async fn schedule(admin: &Admin, who: &Who, address: Address) -> Result<Answer, Fault> {
    let (_, _, schedule) = schedules::schedule(admin, &address).await?;
    let removal = admin.context.store.remove_schedule(address, who.clone());
    remove(admin, &[schedule.id], removal).await
}

async fn remove(
    admin: &Admin,
    below: &[RecordId],
    removal: impl Future<Output = Result<Removal, Rejected>>,
) -> Result<Answer, Fault> {
    let live = &admin.context.live;
    let _folders = admin.folders.lock().await;
    let _closed = live
        .close(below)
        .map_err(|address| Fault::running(&address))?;
    let removal = removal.await?;
    let late: Vec<RecordId> = removal
        .schedules
        .iter()
        .map(|schedule| schedule.id)
        .filter(|id| !below.contains(id))
        .collect();
    // Came into being meanwhile. One that runs loses its client within a second and writes nothing more.
    let _late = live.close(&late).ok();
    let mut notes = vec![format!(
        "it is item {} of the trash; bring it back with: penstockctl trash restore {}",
        removal.item, removal.item
    )];
    match folders::settle(&admin.context.locations, &removal, Where::Trash).await {
        Ok(()) => admin.context.store.trash_settled(removal.item).await?,
        Err(error) => notes.push(later(&error.to_string())),
    }
    Ok(answer(&removal, notes))
}

/// Applies declared records and moves to the trash what isn't declared; with notes about the folders.
pub(super) async fn pruning(
    admin: &Admin,
    who: &Who,
    ask: Apply,
) -> Result<(Applied, Vec<String>), Fault> {
    let (live, store) = (&admin.context.live, &admin.context.store);
    let _folders = admin.folders.lock().await;
    let below = store.pruned_schedules(Arc::clone(&ask.records)).await?;
    let closed = live
        .close(&below)
        .map_err(|address| Fault::running(&address))?;
    // Nothing goes in a dry run, so nobody is kept out.
    let _closed = (!ask.dry_run).then_some(closed);
    let applied = store.apply(ask, who.clone()).await?;
    let mut notes = Vec::new();
    if !applied.removals.is_empty() {
        notes.push("what was removed is in the trash; see: penstockctl trash list".to_owned());
    }
    let known: HashSet<RecordId> = below.into_iter().collect();
    let mut problem = None;
    for removal in &applied.removals {
        let schedules = removal.schedules.iter().map(|schedule| schedule.id);
        let late: Vec<RecordId> = schedules.filter(|id| !known.contains(id)).collect();
        let _late = live.close(&late).ok();
        let settled = match folders::settle(&admin.context.locations, removal, Where::Trash).await {
            Ok(()) => store.trash_settled(removal.item).await.map_err(Fault::from),
            Err(error) => Err(error.into()),
        };
        // What was applied is applied: the folders follow each hour until they are there.
        if let Err(fault) = settled {
            problem.get_or_insert(fault.into_failure().message);
        }
    }
    notes.extend(problem.map(|problem| later(&problem)));
    Ok((applied, notes))
}

/// What is said when the records are changed and the folders couldn't follow.
pub(super) fn later(problem: &str) -> String {
    format!("its folders couldn't follow yet, which is tried again every hour: {problem}")
}

/// The answer to whatever has moved something to or from the trash.
pub(super) fn answer(removal: &Removal, notes: Vec<String>) -> Answer {
    Answer::Edited(Edited {
        record: removal.address.clone(),
        edit: Some(removal.edit),
        revision: 0,
        changes: Vec::new(),
        dry_run: false,
        notes,
    })
}

fn of_client(reader: &Reader, client: RecordId) -> Result<Vec<RecordId>, Unavailable> {
    let schedules = reader.schedules(client)?;
    Ok(schedules.iter().map(|schedule| schedule.id).collect())
}

fn of_customer(reader: &Reader, customer: RecordId) -> Result<Vec<RecordId>, Unavailable> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let batch = reader.clients(Some(customer), after.as_ref(), BATCH)?;
        let Some(last) = batch.last() else {
            return Ok(found);
        };
        after = Some((customer, last.client_id.clone()));
        for client in &batch {
            found.extend(of_client(reader, client.id)?);
        }
    }
}
