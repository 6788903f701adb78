//! The verbs: each reads what it needs, lets policy decide, and only then writes.

pub(super) mod apply;
pub(super) mod client;
pub(super) mod customer;
pub(super) mod edit;
pub(super) mod enrol;
mod keep;
mod location;
pub(super) mod remove;
pub(super) mod schedule;
pub(super) mod session;
pub(super) mod trash;

use std::sync::Arc;

use penstock_policy::edit::Change;
use penstock_policy::names::{Address, ClientId, fold};
use penstock_policy::record::{Client, Customer, RecordId};

use super::audit::{MASK, Subject};
use super::command::Rejected;
use super::reader::client_at;
use super::schema::{CLIENT_FOLDS, CLIENTS, Look};
use super::tree::Tree;
use super::trouble::{Stop, Trouble};
use super::tx::Tx;

/// A change whose values nobody may read.
fn masked(field: &str) -> Change {
    change(field, MASK, MASK)
}

fn change(field: &str, from: impl Into<String>, to: impl Into<String>) -> Change {
    Change {
        field: field.to_owned(),
        from: from.into(),
        to: to.into(),
    }
}

/// The client of an address, and the customer it belongs to: another than the address names after a move.
fn find_client(tx: &Tx, address: &Address) -> Result<(Arc<Customer>, Client), Stop<Rejected>> {
    let tree = tx.tree();
    let named = tree.find_customer(&address.customer)?;
    let id = client_id(address)?;
    let client = client_at(tx, named, id)??;
    let customer = tree.customers.get(&client.customer).unwrap_or(named);
    Ok((customer.clone(), client))
}

fn client_id(address: &Address) -> Result<&ClientId, Rejected> {
    address.client.as_ref().ok_or_else(|| {
        Rejected::Invalid(format!("{address} names no client; write CUSTOMER/CLIENT"))
    })
}

fn client_address(customer: &Customer, client: &ClientId) -> String {
    format!("{}/{client}", customer.short)
}

/// The records in whose history an entry about a client shows.
fn client_subjects(client: &Client) -> Vec<Subject> {
    vec![
        Subject::Client(client.id),
        Subject::Customer(client.customer),
    ]
}

/// What stands in the way of an id in a customer: a client's id that differs at most by case, in use or left behind by
/// a moved client, or in the Default Customer a customer's name.
fn clash(
    look: &impl Look,
    tree: &Tree,
    customer: &Customer,
    id: &ClientId,
    own: Option<RecordId>,
) -> Result<Option<String>, Trouble> {
    let folded = fold(id.as_str());
    let holder: Option<RecordId> = look.get(CLIENT_FOLDS, (customer.id.0, folded.as_str()))?;
    if let Some(holder) = holder.filter(|holder| Some(*holder) != own) {
        let holder: Option<Client> = look.get(CLIENTS, holder.0)?;
        return Ok(Some(match holder {
            Some(client) if client.customer == customer.id => {
                format!("client {}", client.client_id)
            }
            Some(client) => {
                let now = tree.customers.get(&client.customer);
                let now = now.map_or("another customer", |customer| customer.short.as_str());
                format!("client {}, which was moved to {now}", client.client_id)
            }
            None => "another client".to_owned(),
        }));
    }
    if customer.is_default()
        && let Some(named) = tree.customer(&folded)
    {
        return Ok(Some(format!("customer {}", named.short)));
    }
    Ok(None)
}

/// A name that can't be had, for an administrator.
fn taken(name: impl std::fmt::Display, by: &str) -> Rejected {
    Rejected::Exists(format!(
        "{name} can't be used as a name: it would be confused with {by}"
    ))
}

/// Writes a client that is new in its customer: its row, its id, one more in the count; nothing blocks its id any more.
fn place_client(tx: &Tx, client: &Client) -> Result<(), Trouble> {
    let customer = client.customer;
    tx.put_client(client)?;
    tx.own_id(client)?;
    tx.set_client_count(customer, tx.tree().clients(customer) + 1)
}
