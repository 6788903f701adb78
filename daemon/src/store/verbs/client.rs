//! Clients in an administrator's hands: adding, moving, revoking, passwords.

use std::sync::Arc;

use penstock_policy::admit::{Subject as Wanting, free_slot};
use penstock_policy::edit::Change;
use penstock_policy::levels::Levels;
use penstock_policy::names::{Address, ClientId, fold};
use penstock_policy::record::{Client, Credential, Customer, Enrolment, RecordId};
use penstock_policy::refusal::Refusal;
use penstock_wire::view::Who;

use super::customer::with;
use super::keep::Kept;
use super::{
    change, clash, client_address, client_id, client_subjects, find_client, masked, place_client,
    taken,
};
use crate::store::audit::{Note, Subject};
use crate::store::command::{AddClients, Added, Edited, Rejected};
use crate::store::ids::{find_client as client_of, is_removed};
use crate::store::shares::{Sum, verify};
use crate::store::tree::{Tree, not_found};
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::Tx;

/// Adds clients, all or none.
pub fn add(tx: &Tx, ask: &AddClients, who: &Who) -> Result<Vec<Added>, Stop<Rejected>> {
    let tree = tx.tree();
    let customer = tree.find_customer(&ask.customer)?;
    let mut added: Vec<Added> = Vec::with_capacity(ask.clients.len());
    let mut changes = Vec::new();
    for (id, credential) in &ask.clients {
        let twice = |other: &&Added| fold(other.client.client_id.as_str()) == fold(id.as_str());
        if let Some(other) = added.iter().find(twice) {
            let by = format!("client {}, which is given with it", other.client.client_id);
            return Err(taken(id, &by).into());
        }
        let existing = client_of(tx, customer.id, id)?;
        if let Some(client) = existing.filter(|client| client.customer == customer.id) {
            if !ask.if_missing {
                let address = client_address(customer, id);
                return Err(Rejected::Exists(format!("client {address} exists already")).into());
            }
            added.push(Added {
                client: Arc::new(client),
                created: false,
            });
            continue;
        }
        if let Some(by) = clash(tx, &tree, customer, id, None)? {
            return Err(taken(id, &by).into());
        }
        let (client, set) = with(&new(tx, customer, id, credential), &ask.assignments)?;
        changes = set;
        added.push(Added {
            client: Arc::new(client),
            created: true,
        });
    }
    let mut created = added.iter().filter(|added| added.created);
    if let Some(first) = created.next() {
        first.client.decide(None, tx)?;
        let new = u32::try_from(created.count())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let space = first.client.space.counted();
        if space > 0 {
            let more = i128::from(space) * i128::from(new);
            verify(tx, &tree, &[Sum::Clients(customer.id)], more)?;
        }
        // The last of them needs a slot when all the others are there.
        free_for(&tree, customer, new - 1)?;
    }
    for added in added.iter_mut().filter(|added| added.created) {
        let client = Client::clone(&added.client);
        let (client, _) = enter(tx, customer, client, changes.clone(), who)?;
        added.client = Arc::new(client);
    }
    Ok(added)
}

/// A client that an administrator adds, not yet written and without a number.
pub(super) fn new(tx: &Tx, customer: &Customer, id: &ClientId, credential: &Credential) -> Client {
    let (id, credential) = (id.clone(), credential.clone());
    let how = Enrolment::Administrator;
    Client::new(RecordId(0), customer.id, id, credential, tx.at(), how)
}

/// Gives such a client its number and writes it; the edit's number in the audit as well.
pub(super) fn enter(
    tx: &Tx,
    customer: &Customer,
    mut client: Client,
    changes: Vec<Change>,
    who: &Who,
) -> Result<(Client, u64), Trouble> {
    client.id = tx.new_id();
    place_client(tx, &client)?;
    let note = Note {
        who,
        verb: "client add",
        record: &client_address(customer, &client.client_id),
        subjects: client_subjects(&client),
        revision: None,
        changes,
    };
    let edit = note.write(tx)?;
    Ok((client, edit))
}

/// Moves a client to another customer. Its folders stay where they are, and its old path goes on leading to it.
pub fn move_to(
    tx: &Tx,
    address: &Address,
    customer: &str,
    who: &Who,
) -> Result<Edited, Stop<Rejected>> {
    let (from, mut client) = find_client(tx, address)?;
    let tree = tx.tree();
    let to = tree.find_customer(customer)?;
    let record = client_address(&from, &client.client_id);
    if to.id == from.id {
        return Ok(unchanged(record, &client));
    }
    if let Some(by) = clash(tx, &tree, to, &client.client_id, Some(client.id))? {
        return Err(taken(&client.client_id, &by).into());
    }
    free_for(&tree, to, 0)?;
    let space = client.space.counted();
    if space > 0 {
        verify(tx, &tree, &[Sum::Clients(to.id)], space.into())?;
    }
    let mut subjects = client_subjects(&client);
    subjects.push(Subject::Customer(to.id));
    tx.alias(from.id, &client.client_id, client.id)?;
    tx.set_client_count(from.id, tree.clients(from.id).saturating_sub(1))?;
    client.customer = to.id;
    client.revision += 1;
    let mut changes = vec![change("customer", from.short.as_str(), to.short.as_str())];
    // Only paths into the Default Customer have a tag: it would shut the client out wherever else it is.
    if let Some(tag) = client.tag.take() {
        changes.push(change("tag", tag, "none"));
    }
    place_client(tx, &client)?;
    finish(tx, who, "client move", record, subjects, &client, changes)
}

/// Kills a client's credential.
pub fn revoke(tx: &Tx, address: &Address, who: &Who) -> Result<Edited, Stop<Rejected>> {
    let (customer, mut client) = find_client(tx, address)?;
    let record = client_address(&customer, &client.client_id);
    if client.revoked.is_some() {
        return Ok(unchanged(record, &client));
    }
    client.revoked = Some(tx.at());
    tx.put_client(&client)?;
    let changes = vec![change("revoked", "no", tx.at().to_string())];
    let subjects = client_subjects(&client);
    finish(tx, who, "client revoke", record, subjects, &client, changes)
}

/// Lets a removed id in again.
pub fn unblock(tx: &Tx, address: &Address, who: &Who) -> Result<Edited, Stop<Rejected>> {
    let tree = tx.tree();
    let customer = tree.find_customer(&address.customer)?;
    let id = client_id(address)?;
    let record = client_address(customer, id);
    if !is_removed(tx, customer.id, id)? {
        // A client that is there has nothing to be unblocked here, only failed attempts elsewhere.
        let client =
            client_of(tx, customer.id, id)?.ok_or_else(|| not_found("client", &record, None))?;
        return Ok(unchanged(record, &client));
    }
    tx.unblock_id(customer.id, id)?;
    let note = Note {
        who,
        verb: "client unblock",
        record: &record,
        subjects: vec![Subject::Customer(customer.id)],
        revision: None,
        changes: vec![change("removed", "yes", "no")],
    };
    let changes = note.changes.clone();
    let edit = note.write(tx)?;
    Ok(Edited {
        record,
        edit: Some(edit),
        revision: 0,
        changes,
        notes: Vec::new(),
    })
}

/// Gives a client a new credential; a revoked client lives again.
pub fn reset_password(
    tx: &Tx,
    address: &Address,
    credential: &Credential,
    who: &Who,
) -> Result<Arc<Client>, Stop<Rejected>> {
    let (customer, mut client) = find_client(tx, address)?;
    let mut changes = vec![masked("password")];
    if let Some(revoked) = client.revoked.take() {
        changes.push(change("revoked", revoked.to_string(), "no"));
    }
    client.credential = credential.clone();
    client.first_login = None;
    client.issued_by = None;
    tx.put_client(&client)?;
    let record = client_address(&customer, &client.client_id);
    let subjects = client_subjects(&client);
    finish(
        tx,
        who,
        "client reset-password",
        record,
        subjects,
        &client,
        changes,
    )?;
    Ok(Arc::new(client))
}

/// Whether the customer has a slot left once `more` others are taken.
pub(super) fn free_for(tree: &Tree, customer: &Customer, more: u32) -> Result<(), Refusal> {
    // A customer's reseller is always there: it can't be removed before.
    let Some(reseller) = tree.resellers.get(&customer.reseller) else {
        return Err(Refusal::ResellerInactive);
    };
    free_slot(&Wanting {
        levels: Levels {
            server: &tree.server,
            reseller,
            customer,
            client: None,
        },
        clients: tree.clients(customer.id).saturating_add(more),
        removed: false,
        schedules: 0,
        schedule_exists: false,
        month: None,
    })
}

fn unchanged(record: String, client: &Client) -> Edited {
    Edited {
        record,
        edit: None,
        revision: client.revision,
        changes: Vec::new(),
        notes: Vec::new(),
    }
}

fn finish(
    tx: &Tx,
    who: &Who,
    verb: &str,
    record: String,
    subjects: Vec<Subject>,
    client: &Client,
    changes: Vec<penstock_policy::edit::Change>,
) -> Result<Edited, Stop<Rejected>> {
    let note = Note {
        who,
        verb,
        record: &record,
        subjects,
        revision: None,
        changes: changes.clone(),
    };
    let edit = note.write(tx)?;
    Ok(Edited {
        record,
        edit: Some(edit),
        revision: client.revision,
        changes,
        notes: Vec::new(),
    })
}
