//! All records as files declare them: the server, resellers by short name, then each customer followed by its clients.

use std::sync::Arc;

use penstock_policy::edit::Assignment;
use penstock_policy::names::ClientId;
use penstock_policy::record::{Client, Customer, Record, Reseller};
use penstock_wire::declared::Declared;
use penstock_wire::reply::Answer;
use penstock_wire::request::Page;

use super::Admin;
use super::failure::Fault;
use super::page::{PAGE, cursor, page};
use crate::store::{Reader, Tree, Unavailable};

/// The last record of a page. Each page is of its own moment: whoever edits meanwhile is seen on some pages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Last {
    Server,
    Reseller(String),
    /// A customer by short name, and its client; none is the customer itself.
    Customer(String, Option<ClientId>),
}

/// A page of records.
pub(super) async fn export(admin: &Admin, at: &Page) -> Result<Answer, Fault> {
    let last = cursor(at, Last::read)?;
    let tree = admin.context.store.tree();
    let read = move |reader: &Reader| after(reader, &tree, last.as_ref());
    let records = admin.context.store.read(read).await?;
    let records = records
        .into_iter()
        .map(|(last, record)| (last.shown(), record));
    Ok(Answer::Export(page(records, PAGE)))
}

/// The records behind the last one: as many as a page can hold, and one more.
fn after(
    reader: &Reader,
    tree: &Tree,
    last: Option<&Last>,
) -> Result<Vec<(Last, Declared)>, Unavailable> {
    let mut found = Vec::new();
    if last.is_none() {
        let fields = fields(&*tree.server);
        found.push((Last::Server, Declared::Server { fields }));
    }
    let mut resellers: Vec<&Arc<Reseller>> = tree.resellers.values().collect();
    resellers.sort_by(|a, b| a.short.cmp(&b.short));
    found.extend(
        resellers
            .into_iter()
            .map(|reseller| {
                let place = Last::Reseller(reseller.short.to_string());
                (place, of_reseller(reseller))
            })
            .filter(|(place, _)| last.is_none_or(|last| place > last))
            .take(PAGE + 1),
    );
    let from = match last {
        Some(Last::Customer(short, _)) => short.as_str(),
        _ => "",
    };
    let mut customers: Vec<&Arc<Customer>> = tree
        .customers
        .values()
        .filter(|customer| customer.short.as_str() >= from)
        .collect();
    customers.sort_by(|a, b| a.short.cmp(&b.short));
    for customer in customers {
        let short = customer.short.to_string();
        let mut behind = None;
        match last {
            Some(Last::Customer(name, client)) if *name == short => {
                behind = client.clone().map(|client| (customer.id, client));
            }
            _ => found.push((
                Last::Customer(short.clone(), None),
                of_customer(tree, customer),
            )),
        }
        let room = (PAGE + 1).saturating_sub(found.len());
        let clients = reader.clients(Some(customer.id), behind.as_ref(), room)?;
        found.extend(clients.iter().map(|client| {
            let place = Last::Customer(short.clone(), Some(client.client_id.clone()));
            (place, of_client(customer, client))
        }));
        if found.len() > PAGE {
            break;
        }
    }
    Ok(found)
}

fn of_reseller(reseller: &Reseller) -> Declared {
    Declared::Reseller {
        short: reseller.short.to_string(),
        name: Some(reseller.name.to_string()),
        fields: fields(reseller),
    }
}

fn of_customer(tree: &Tree, customer: &Customer) -> Declared {
    let reseller = tree.resellers.get(&customer.reseller);
    Declared::Customer {
        short: customer.short.to_string(),
        name: Some(customer.name.to_string()),
        reseller: reseller.map(|reseller| reseller.short.to_string()),
        fields: fields(customer),
    }
}

fn of_client(customer: &Customer, client: &Client) -> Declared {
    Declared::Client {
        customer: customer.short.to_string(),
        client: client.client_id.clone(),
        revoked: client.revoked.is_some(),
        fields: fields(client),
    }
}

/// Every field that an administrator can set: secrets and counters aren't among them.
fn fields<R: Record>(record: &R) -> Vec<Assignment> {
    let fields = R::FIELDS.iter();
    fields
        .map(|field| Assignment {
            field: field.name.to_owned(),
            value: (field.get)(record),
        })
        .collect()
}

impl Last {
    fn shown(&self) -> String {
        match self {
            Self::Server => "server".to_owned(),
            Self::Reseller(short) => format!("reseller {short}"),
            Self::Customer(short, None) => format!("customer {short}"),
            Self::Customer(short, Some(client)) => format!("{short}/{client}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text == "server" {
            return Some(Self::Server);
        }
        match text.split_once(' ') {
            Some(("reseller", short)) => Some(Self::Reseller(short.to_owned())),
            Some(("customer", short)) => Some(Self::Customer(short.to_owned(), None)),
            Some(_) => None,
            None => {
                let (short, client) = text.split_once('/')?;
                Some(Self::Customer(short.to_owned(), Some(client.parse().ok()?)))
            }
        }
    }
}
