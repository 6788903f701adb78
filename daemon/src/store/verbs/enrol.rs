//! Clients that come by themselves: added automatically, or registered with a pass key (rules, section 4).

use std::sync::Arc;

use jiff::SignedDuration;
use penstock_policy::admit::{self, Act, Subject as Wanting, admit, free_slot};
use penstock_policy::edit::Change;
use penstock_policy::mcal::{Platform, Plugins, Reason, charge};
use penstock_policy::names::ClientId;
use penstock_policy::record::{Client, Credential, Customer, Enrolment, PassKeyError, RecordId};
use penstock_policy::refusal::Refusal;
use penstock_wire::view::Who;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{change, clash, client_address, client_subjects, masked, place_client};
use crate::store::audit::Note;
use crate::store::command::{Enrol, Enrolled, Register, Registered};
use crate::store::ids::{find_client, is_removed};
use crate::store::ledger::debit;
use crate::store::schema::Look;
use crate::store::tree::Tree;
use crate::store::trouble::{Stop, Trouble};
use crate::store::tx::Tx;

/// How long after its making a generated password that opened nothing yet can be issued anew.
const REISSUE: SignedDuration = SignedDuration::from_hours(1);

/// Adds a client automatically.
pub fn enrol(tx: &Tx, ask: &Enrol) -> Result<Enrolled, Stop<Refusal>> {
    let tree = tx.tree();
    let customer = tree
        .customers
        .get(&ask.customer)
        .ok_or(Refusal::ClientUnknown)?;
    if let Some(client) = find_client(tx, customer.id, &ask.client_id)? {
        return Ok(Enrolled::Exists(Arc::new(client)));
    }
    let wanting = wanting(tx, &tree, customer, &ask.client_id, None)?;
    let month = wanting.levels.month(tx.at());
    let wanting = Wanting {
        month: Some(month),
        ..wanting
    };
    admit(&wanting, Act::Create, tx.at())?;
    let cost = charge(&wanting.levels, wanting.levels.price(), month)?;
    free_name(tx, &tree, customer, &ask.client_id)?;
    let mut client = Client::new(
        tx.new_id(),
        customer.id,
        ask.client_id.clone(),
        ask.credential.clone(),
        tx.at(),
        Enrolment::Automatic,
    );
    client.tag.clone_from(&ask.tag);
    place_client(tx, &client)?;
    let client = debit(tx, client, cost, Reason::ClientAdded)?;
    let tag = ask.tag.as_ref().map(|tag| change("tag", "none", tag));
    note(tx, "client enrol", &ask.source, customer, &client, tag)?;
    Ok(Enrolled::New(Arc::new(client)))
}

/// Whether an unknown client could be added, as far as the records say that without its password.
pub fn possible(
    look: &impl Look,
    tree: &Tree,
    customer: RecordId,
    id: &ClientId,
) -> Result<(), Stop<Refusal>> {
    let customer = tree
        .customers
        .get(&customer)
        .ok_or(Refusal::ClientUnknown)?;
    if find_client(look, customer.id, id)?.is_some() {
        return Ok(());
    }
    let wanting = wanting(look, tree, customer, id, None)?;
    if wanting.removed {
        return Err(Refusal::ClientRemoved.into());
    }
    free_slot(&wanting)?;
    free_name(look, tree, customer, id)
}

/// Registers a client with a pass key.
pub fn register(tx: &Tx, ask: &Register) -> Result<Registered, Stop<Refusal>> {
    let tree = tx.tree();
    let customer = tree
        .customers
        .get(&ask.customer)
        .ok_or(Refusal::BadPassKey)?;
    let secret = customer.pass_key.secret.reveal().as_bytes();
    if !bool::from(secret.ct_eq(ask.pass_key.as_bytes())) {
        return Err(Refusal::BadPassKey.into());
    }
    let existing = find_client(tx, customer.id, &ask.client_id)?;
    let wanting = wanting(tx, &tree, customer, &ask.client_id, existing.as_ref())?;
    if let Some(client) = existing.as_ref().filter(|client| reissues(tx, ask, client)) {
        // Its uses may be over: one of them was this client's.
        if customer.pass_key.usable_at(tx.at()) == Err(PassKeyError::Expired) {
            return Err(Refusal::PassKeyExpired.into());
        }
        wanting.levels.activated_at(tx.at())?;
        let mut client = client.clone();
        client.credential.clone_from(&ask.credential);
        tx.put_client(&client)?;
        note(tx, "client register", &ask.source, customer, &client, [])?;
        return Ok(Registered::Reissued(Arc::new(client)));
    }
    admit::register(&wanting, tx.at())?;
    free_name(tx, &tree, customer, &ask.client_id)?;
    let mut client = Client::new(
        tx.new_id(),
        customer.id,
        ask.client_id.clone(),
        ask.credential.clone(),
        tx.at(),
        Enrolment::PassKey,
    );
    client.issued_by = Some(digest(&ask.pass_key));
    client.platform = ask.platform;
    client.plugins.clone_from(&ask.plugins);
    place_client(tx, &client)?;
    if let Some(uses) = customer.pass_key.uses_left {
        let mut customer = Customer::clone(customer);
        customer.pass_key.uses_left = Some(uses.saturating_sub(1));
        tx.put_customer(&customer)?;
    }
    let licence = licence(&client);
    note(
        tx,
        "client register",
        &ask.source,
        customer,
        &client,
        licence,
    )?;
    Ok(Registered::New(Arc::new(client)))
}

/// Whether a registration is the second asking after an answer that was lost on the way: by the same pass key, for a
/// password that nobody has set since.
fn reissues(tx: &Tx, ask: &Register, client: &Client) -> bool {
    let age = tx.at().duration_since(client.created);
    ask.generated
        && matches!(client.credential, Credential::Generated { .. })
        && client.issued_by == Some(digest(&ask.pass_key))
        && client.customer == ask.customer
        && client.first_login.is_none()
        && client.revoked.is_none()
        && age <= REISSUE
}

/// What a registration said of the client beside its password.
fn licence(client: &Client) -> impl Iterator<Item = Change> {
    let of = |field, from: String, to: String| (from != to).then(|| change(field, from, to));
    let platform = of(
        "platform",
        Platform::default().to_string(),
        client.platform.to_string(),
    );
    let plugins = of(
        "plugins",
        Plugins::default().to_string(),
        client.plugins.to_string(),
    );
    platform.into_iter().chain(plugins)
}

fn digest(pass_key: &str) -> [u8; 32] {
    Sha256::digest(pass_key).into()
}

fn wanting<'a>(
    look: &impl Look,
    tree: &'a Tree,
    customer: &'a Customer,
    id: &ClientId,
    client: Option<&'a Client>,
) -> Result<Wanting<'a>, Stop<Refusal>> {
    let levels = tree
        .levels(customer.id, client)
        .ok_or(Refusal::ClientUnknown)?;
    Ok(Wanting {
        levels,
        clients: tree.clients(customer.id),
        removed: is_removed(look, customer.id, id)?,
        schedules: 0,
        schedule_exists: false,
        month: None,
    })
}

fn free_name(
    look: &impl Look,
    tree: &Tree,
    customer: &Customer,
    id: &ClientId,
) -> Result<(), Stop<Refusal>> {
    match clash(look, tree, customer, id, None)? {
        None => Ok(()),
        Some(by) => Err(Refusal::NameTaken {
            name: id.to_string(),
            by,
        }
        .into()),
    }
}

fn note(
    tx: &Tx,
    verb: &str,
    source: &str,
    customer: &Customer,
    client: &Client,
    more: impl IntoIterator<Item = Change>,
) -> Result<u64, Trouble> {
    let who = Who {
        uid: None,
        gid: None,
        pid: None,
        user: source.to_owned(),
    };
    let mut changes = vec![masked("password")];
    changes.extend(more);
    let note = Note {
        who: &who,
        verb,
        record: &client_address(customer, &client.client_id),
        subjects: client_subjects(client),
        revision: None,
        changes,
    };
    note.write(tx)
}
