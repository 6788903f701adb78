//! Resellers and customers: adding, moving, pass keys.

use std::sync::Arc;

use penstock_policy::edit::{Assignment, Change, apply};
use penstock_policy::names::{FullName, NameError, RESERVED, ShortName, fold};
use penstock_policy::record::{Client, Customer, PassKey, Record, RecordId, Reseller, Secret};
use penstock_wire::view::Who;

use super::keep::{By, Kept};
use super::{change, masked, taken};
use crate::store::audit::{Note, Subject};
use crate::store::command::{AddCustomer, AddReseller, Edited, Rejected};
use crate::store::schema::{CLIENT_FOLDS, CLIENTS, Look};
use crate::store::shares::{Sum, verify};
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::Tx;

/// Fields that a customer made like another doesn't take over: they are about that one customer.
const OWN: [&str; 9] = [
    "email",
    "address",
    "city",
    "phone",
    "fax",
    "notes",
    "activated",
    "reason",
    "until",
];

/// Adds a reseller.
pub fn add_reseller(tx: &Tx, ask: &AddReseller, who: &Who) -> Result<Edited, Stop<Rejected>> {
    let (name, short) = names(&ask.name, ask.short.as_deref())?;
    let tree = tx.tree();
    for key in [name.as_str(), short.as_str()] {
        if let Some(other) = tree.reseller(key) {
            if fold(other.name.as_str()) == fold(name.as_str()) {
                return Err(exists("reseller", &other.name, &other.short).into());
            }
            return Err(taken(key, &format!("reseller {}", other.short)).into());
        }
    }
    let new = Reseller::new(RecordId(0), name, short);
    let (mut reseller, changes) = with(&new, &ask.assignments)?;
    let record = format!("reseller {}", reseller.short);
    let cost = reseller.decide(None, tx)?;
    if ask.dry_run {
        return Ok(shown(record, changes));
    }
    reseller.id = tx.new_id();
    reseller.write(None, cost, tx, By { who, note: "" })?;
    let subjects = vec![Subject::Reseller(reseller.id)];
    noted(tx, who, "reseller add", record, subjects, 1, changes)
}

/// Removes a reseller that has no customers.
pub fn remove_reseller(tx: &Tx, name: &str, who: &Who) -> Result<Edited, Stop<Rejected>> {
    let tree = tx.tree();
    let reseller = tree.find_reseller(name)?;
    if reseller.id == RecordId::DEFAULT_RESELLER {
        return Err(Rejected::Forbidden("the Default Reseller can't be removed".to_owned()).into());
    }
    let customers = tree
        .customers
        .values()
        .filter(|customer| customer.reseller == reseller.id)
        .count();
    if customers > 0 {
        return Err(Rejected::Forbidden(format!(
            "reseller {} has customers ({customers}); move or remove them first",
            reseller.short
        ))
        .into());
    }
    tx.drop_reseller(reseller)?;
    let record = format!("reseller {}", reseller.short);
    let subjects = vec![Subject::Reseller(reseller.id)];
    let revision = reseller.revision;
    noted(
        tx,
        who,
        "reseller remove",
        record,
        subjects,
        revision,
        Vec::new(),
    )
}

/// Adds a customer.
pub fn add(tx: &Tx, ask: &AddCustomer, who: &Who) -> Result<Edited, Stop<Rejected>> {
    let (name, short) = names(&ask.name, ask.short.as_deref())?;
    let tree = tx.tree();
    let reseller = match &ask.reseller {
        Some(reseller) => tree.find_reseller(reseller)?.id,
        None => RecordId::DEFAULT_RESELLER,
    };
    if let Some(other) = tree.customer(name.as_str())
        && fold(other.name.as_str()) == fold(name.as_str())
    {
        return Err(exists("customer", &other.name, &other.short).into());
    }
    for key in [name.as_str(), short.as_str()] {
        if let Some(other) = name_holder(tx, key)? {
            return Err(taken(key, &other).into());
        }
    }
    let mut assignments = match &ask.like {
        Some(like) => fields_like(tree.find_customer(like)?, &ask.assignments),
        None => Vec::new(),
    };
    assignments.extend_from_slice(&ask.assignments);
    let pass_key = PassKey {
        secret: Secret::new(ask.pass_key.clone()),
        until: None,
        uses_left: None,
    };
    let new = Customer::new(RecordId(0), reseller, name, short, pass_key);
    let (mut customer, changes) = with(&new, &assignments)?;
    let record = customer.short.to_string();
    let cost = customer.decide(None, tx)?;
    if ask.dry_run {
        return Ok(shown(record, changes));
    }
    customer.id = tx.new_id();
    customer.write(None, cost, tx, By { who, note: "" })?;
    let subjects = vec![
        Subject::Customer(customer.id),
        Subject::Reseller(customer.reseller),
    ];
    noted(tx, who, "customer add", record, subjects, 1, changes)
}

/// Moves a customer to another reseller.
pub fn move_to(
    tx: &Tx,
    customer: &str,
    reseller: &str,
    who: &Who,
) -> Result<Edited, Stop<Rejected>> {
    let tree = tx.tree();
    let customer = tree.find_customer(customer)?;
    let to = tree.find_reseller(reseller)?;
    let record = customer.short.to_string();
    if customer.reseller == to.id {
        return Ok(Edited {
            revision: customer.revision,
            ..shown(record, Vec::new())
        });
    }
    if customer.is_default() {
        let sentence = "the Default Customer stays with the Default Reseller";
        return Err(Rejected::Forbidden(sentence.to_owned()).into());
    }
    let from = tree.resellers.get(&customer.reseller);
    let from = from.map_or(String::new(), |reseller| reseller.short.to_string());
    let subjects = vec![
        Subject::Customer(customer.id),
        Subject::Reseller(customer.reseller),
        Subject::Reseller(to.id),
    ];
    let moved = Customer {
        reseller: to.id,
        revision: customer.revision + 1,
        ..Customer::clone(customer)
    };
    let mut after = tx.tree();
    after.set_customer(moved.clone());
    verify(tx, &after, &reseller_sums(&moved), 0)?;
    tx.put_customer(&moved)?;
    let note = Note {
        who,
        verb: "customer move",
        record: &record,
        subjects,
        revision: Some(moved.revision),
        changes: vec![change("reseller", from, to.short.as_str())],
    };
    let changes = note.changes.clone();
    Ok(Edited {
        edit: Some(note.write(tx)?),
        record,
        revision: moved.revision,
        changes,
        notes: Vec::new(),
    })
}

/// The sums of its reseller's that a customer counts in.
pub(super) fn reseller_sums(customer: &Customer) -> Vec<Sum> {
    let space = (customer.space.counted() > 0).then_some(Sum::Space(customer.reseller));
    let mcals = (customer.mcals.counted() > 0).then_some(Sum::Mcals(customer.reseller));
    space.into_iter().chain(mcals).collect()
}

/// Gives a customer a new pass key.
pub fn set_pass_key(
    tx: &Tx,
    customer: &str,
    pass_key: &PassKey,
    who: &Who,
) -> Result<Arc<Customer>, Stop<Rejected>> {
    let tree = tx.tree();
    let customer = tree.find_customer(customer)?;
    let changed = Customer {
        pass_key: pass_key.clone(),
        ..Customer::clone(customer)
    };
    tx.put_customer(&changed)?;
    let word = |end: Option<String>| end.unwrap_or_else(|| "none".to_owned());
    let mut changes = vec![masked("pass_key")];
    let old = &customer.pass_key;
    if old.until != pass_key.until {
        let text = |key: &PassKey| word(key.until.map(|until| until.to_string()));
        changes.push(change("pass_key_until", text(old), text(pass_key)));
    }
    if old.uses_left != pass_key.uses_left {
        let text = |key: &PassKey| word(key.uses_left.map(|uses| uses.to_string()));
        changes.push(change("pass_key_uses", text(old), text(pass_key)));
    }
    let note = Note {
        who,
        verb: "customer pass-key",
        record: customer.short.as_str(),
        subjects: vec![Subject::Customer(customer.id)],
        revision: None,
        changes,
    };
    note.write(tx)?;
    Ok(Arc::new(changed))
}

/// Who has a name that a customer would like: a customer, or a client of the Default Customer, whose path it would
/// take.
pub(super) fn name_holder(tx: &Tx, name: &str) -> Result<Option<String>, Trouble> {
    if let Some(customer) = tx.tree().customer(name) {
        return Ok(Some(format!("customer {}", customer.short)));
    }
    let key = (RecordId::DEFAULT_CUSTOMER.0, fold(name));
    let Some(client) = tx.get::<RecordId, _>(CLIENT_FOLDS, (key.0, key.1.as_str()))? else {
        return Ok(None);
    };
    let client: Option<Client> = tx.get(CLIENTS, client.0)?;
    let id = client.map_or_else(String::new, |client| client.client_id.to_string());
    Ok(Some(format!("client {id} of the Default Customer")))
}

fn exists(kind: &str, name: &FullName, short: &ShortName) -> Rejected {
    Rejected::Exists(format!("{kind} {name} ({short}) exists already"))
}

fn names(name: &str, short: Option<&str>) -> Result<(FullName, ShortName), Rejected> {
    let invalid = |error: NameError| Rejected::Invalid(error.to_string());
    let name: FullName = name.parse().map_err(invalid)?;
    if RESERVED.contains(&fold(name.as_str()).as_str()) {
        return Err(Rejected::Invalid(format!(
            "a name can't be {:?}: the restic protocol uses that word in paths",
            name.as_str()
        )));
    }
    let short = match short {
        Some(short) => short.parse(),
        None => ShortName::from_full(&name),
    };
    Ok((name, short.map_err(invalid)?))
}

/// The other customer's values of all fields that aren't its own, but for those that are set anyway.
fn fields_like(other: &Customer, set: &[Assignment]) -> Vec<Assignment> {
    Customer::FIELDS
        .iter()
        .filter(|field| !OWN.contains(&field.name))
        .filter(|field| set.iter().all(|set| set.field != field.name))
        .map(|field| Assignment {
            field: field.name.to_owned(),
            value: (field.get)(other),
        })
        .collect()
}

/// A new record with fields set at once: still its first revision.
pub(super) fn with<R: Record>(
    record: &R,
    assignments: &[Assignment],
) -> Result<(R, Vec<Change>), Rejected> {
    let (mut record, changes) =
        apply(record, assignments).map_err(|error| Rejected::Invalid(error.to_string()))?;
    record.set_revision(1);
    Ok((record, changes))
}

fn shown(record: String, changes: Vec<Change>) -> Edited {
    Edited {
        record,
        edit: None,
        revision: 1,
        changes,
        notes: Vec::new(),
    }
}

fn noted(
    tx: &Tx,
    who: &Who,
    verb: &str,
    record: String,
    subjects: Vec<Subject>,
    revision: u64,
    changes: Vec<Change>,
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
        revision,
        changes,
        notes: Vec::new(),
    })
}
