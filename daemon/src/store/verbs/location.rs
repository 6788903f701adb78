//! Locations: recorded when they are made, and forgotten when nothing needs them.

use std::ops::Bound;
use std::path::Path;

use penstock_policy::names::{ShortName, nearest};
use penstock_policy::record::Client;
use penstock_wire::view::Who;

use super::{change, client_address};
use crate::store::Store;
use crate::store::audit::{Note, Subject};
use crate::store::command::{LocationRecord, Rejected};
use crate::store::schema::{CLIENTS, FOLDERS, LOCATIONS, Look, TRASH, all, decode, go_on};
use crate::store::trash::{Row, What};
use crate::store::tree::not_found;
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::Tx;

/// Most locations, so that they all fit a reply and a look at each takes no time.
const MOST: usize = 100;

/// Most records that are named as standing in the way.
const NAMED: usize = 3;

impl Store {
    /// Records a location whose marker is there; the edit's number in the audit.
    ///
    /// # Errors
    /// When its name, marker or folder isn't its own, or there are too many.
    pub async fn add_location(&self, location: LocationRecord, who: Who) -> Result<u64, Rejected> {
        self.decide(move |tx| add(tx, &location, &who)).await
    }

    /// Forgets a location on which nothing lies and which no record names; the edit's number in the audit.
    ///
    /// # Errors
    /// When there is no such location, or it is needed.
    pub async fn forget_location(&self, name: String, who: Who) -> Result<u64, Rejected> {
        self.decide(move |tx| forget(tx, &name, &who)).await
    }
}

fn add(tx: &Tx, location: &LocationRecord, who: &Who) -> Result<u64, Stop<Rejected>> {
    let known: Vec<LocationRecord> = tx.values(LOCATIONS, all(), usize::MAX)?;
    if let Some(other) = known.iter().find(|known| clashes(known, location)) {
        return Err(Rejected::Exists(format!(
            "location {} at {} stands in the way of {} at {}: each has a name, a marker and a folder of its own; choose \
             others",
            other.name, other.path, location.name, location.path
        ))
        .into());
    }
    if known.len() >= MOST {
        return Err(Rejected::Forbidden(format!(
            "there are {MOST} locations already, which is the most; forget one first"
        ))
        .into());
    }
    tx.put(LOCATIONS, location.name.as_str(), location)?;
    let note = Note {
        who,
        verb: "location add",
        record: &format!("location {}", location.name),
        subjects: vec![Subject::Server],
        revision: None,
        changes: vec![change("path", "", location.path.clone())],
    };
    Ok(note.write(tx)?)
}

/// Whether both can't be: same name, same marker, or one in the other.
fn clashes(known: &LocationRecord, new: &LocationRecord) -> bool {
    let (a, b) = (Path::new(&known.path), Path::new(&new.path));
    known.name == new.name || known.id == new.id || a.starts_with(b) || b.starts_with(a)
}

fn forget(tx: &Tx, name: &str, who: &Who) -> Result<u64, Stop<Rejected>> {
    let known: Vec<LocationRecord> = tx.values(LOCATIONS, all(), usize::MAX)?;
    let Some(location) = known.iter().find(|known| known.name == name) else {
        let names = known.iter().map(|known| known.name.as_str());
        return Err(not_found("location", name, nearest(name, names)).into());
    };
    if tx.tree().server.location.as_str() == name {
        return Err(Rejected::Forbidden(format!(
            "{name} is the server's location; name another first: penstockctl server edit --location NAME"
        ))
        .into());
    }
    match on(tx, name)? {
        0 => {}
        count => {
            return Err(Rejected::Forbidden(format!(
                "{} on location {name}, those in the trash included; remove them and empty the trash first",
                match count {
                    1 => "1 schedule lies".to_owned(),
                    count => format!("{count} schedules lie"),
                }
            ))
            .into());
        }
    }
    let named_by = named_by(tx, name)?;
    if !named_by.is_empty() {
        let more = named_by.len().saturating_sub(NAMED);
        let mut shown = named_by[..named_by.len() - more].join(", ");
        if more > 0 {
            shown.push_str(&format!(" and {more} more"));
        }
        return Err(Rejected::Forbidden(format!(
            "location {name} is named by {shown}; give them another first, or --location inherit"
        ))
        .into());
    }
    tx.delete(LOCATIONS, name)?;
    let note = Note {
        who,
        verb: "location forget",
        record: &format!("location {name}"),
        subjects: vec![Subject::Server],
        revision: None,
        changes: vec![change("path", location.path.clone(), "")],
    };
    Ok(note.write(tx)?)
}

/// How many schedules have a folder on it, those in the trash among them.
fn on(tx: &Tx, name: &str) -> Result<u64, Trouble> {
    let mut count = 0;
    let range = (Bound::Included((name, "")), Bound::Unbounded);
    tx.walk(FOLDERS, range, false, &mut |(location, _), _| {
        count += u64::from(location == name);
        Ok(go_on(location == name))
    })?;
    Ok(count)
}

/// Every record that names it, those in the trash among them: they can come back.
fn named_by(tx: &Tx, name: &str) -> Result<Vec<String>, Trouble> {
    let is = |location: &Option<ShortName>| location.as_ref().is_some_and(|l| l.as_str() == name);
    let tree = tx.tree();
    let mut found = Vec::new();
    for reseller in tree.resellers.values().filter(|r| is(&r.location)) {
        found.push(format!("reseller {}", reseller.short));
    }
    for customer in tree.customers.values().filter(|c| is(&c.location)) {
        found.push(format!("customer {}", customer.short));
    }
    found.sort();
    tx.walk(CLIENTS, all(), false, &mut |_, bytes| {
        let client: Client = decode("clients", bytes)?;
        if is(&client.location)
            && let Some(customer) = tree.customers.get(&client.customer)
        {
            let address = client_address(customer, &client.client_id);
            found.push(format!("client {address}"));
        }
        Ok(go_on(true))
    })?;
    tx.walk(TRASH, all(), false, &mut |_, bytes| {
        let row: Row = decode("trash", bytes)?;
        let names = match &row.what {
            What::Customer { customer, clients } => {
                is(&customer.location) || clients.iter().any(|old| is(&old.client.location))
            }
            What::Client(old) => is(&old.client.location),
            What::Schedule(_) => false,
        };
        if names {
            found.push(format!("item {} of the trash", row.item));
        }
        Ok(go_on(true))
    })?;
    Ok(found)
}
