//! What isn't declared, and would be pruned.

use std::collections::{HashMap, HashSet};

use penstock_policy::names::{Address, ClientId};
use penstock_policy::record::RecordId;
use penstock_wire::declared::Declared;

use crate::store::command::Staged;
use crate::store::ids::client_number;
use crate::store::schema::{CLIENT_IDS, Look, decode, go_on, of};
use crate::store::tree::Tree;
use crate::store::trouble::Trouble;
use crate::store::tx::schedules_of;

/// Records that aren't declared: clients of declared customers; and, when the server's record is declared, so that
/// everything is meant to be, customers and resellers but for the default ones.
#[derive(Debug, Default)]
pub struct Undeclared {
    /// Clients.
    pub clients: Vec<Address>,
    /// Customers, by short name.
    pub customers: Vec<String>,
    /// Resellers.
    pub resellers: Vec<RecordId>,
}

impl Undeclared {
    /// What of the records isn't among the declared ones, in the order of names.
    pub fn of(look: &impl Look, tree: &Tree, records: &[Staged]) -> Result<Self, Trouble> {
        let mut declared = Named::default();
        for staged in records {
            declared.take(&staged.record);
        }
        let mut found = Self::default();
        let mut customers: Vec<_> = tree.customers.values().collect();
        customers.sort_by(|a, b| a.short.cmp(&b.short));
        for customer in customers {
            let short = customer.short.as_str();
            if !declared.customers.contains(short) {
                if declared.server && !customer.is_default() {
                    found.customers.push(short.to_owned());
                }
                continue;
            }
            let clients = declared.clients.get(short);
            look.walk(CLIENT_IDS, of(customer.id), false, &mut |(_, id), _| {
                if clients.is_none_or(|clients| !clients.contains(id)) {
                    found.clients.push(address(short, id)?);
                }
                Ok(go_on(true))
            })?;
        }
        if declared.server {
            let mut resellers: Vec<_> = tree
                .resellers
                .values()
                .filter(|reseller| reseller.id != RecordId::DEFAULT_RESELLER)
                .filter(|reseller| !declared.resellers.contains(reseller.short.as_str()))
                .collect();
            resellers.sort_by(|a, b| a.short.cmp(&b.short));
            found.resellers = resellers.iter().map(|reseller| reseller.id).collect();
        }
        Ok(found)
    }

    /// The schedules that would go with them.
    pub fn schedules(&self, look: &impl Look, tree: &Tree) -> Result<Vec<RecordId>, Trouble> {
        let mut clients: Vec<RecordId> = Vec::new();
        for address in &self.clients {
            if let (Some(customer), Some(id)) = (tree.customer(&address.customer), &address.client)
            {
                clients.extend(client_number(look, customer.id, id)?);
            }
        }
        for customer in self.customers.iter().filter_map(|name| tree.customer(name)) {
            look.walk(CLIENT_IDS, of(customer.id), false, &mut |_, bytes| {
                clients.push(decode("client_ids", bytes)?);
                Ok(go_on(true))
            })?;
        }
        let mut found = Vec::new();
        for client in clients {
            let schedules = schedules_of(look, client)?;
            found.extend(schedules.iter().map(|schedule| schedule.id));
        }
        Ok(found)
    }
}

/// What is declared, by short name and id.
#[derive(Default)]
struct Named<'a> {
    server: bool,
    resellers: HashSet<&'a str>,
    customers: HashSet<&'a str>,
    clients: HashMap<&'a str, HashSet<&'a str>>,
}

impl<'a> Named<'a> {
    fn take(&mut self, record: &'a Declared) {
        match record {
            Declared::Server { .. } => self.server = true,
            Declared::Reseller { short, .. } => {
                self.resellers.insert(short);
            }
            Declared::Customer { short, .. } => {
                self.customers.insert(short);
            }
            Declared::Client {
                customer, client, ..
            } => {
                let clients = self.clients.entry(customer).or_default();
                clients.insert(client.as_str());
            }
        }
    }
}

fn address(customer: &str, id: &str) -> Result<Address, Trouble> {
    let client: Result<ClientId, _> = id.parse();
    let client = client.map_err(|error| Trouble::Damaged {
        table: "client_ids".to_owned(),
        problem: error.to_string(),
    })?;
    Ok(Address {
        customer: customer.to_owned(),
        client: Some(client),
        schedule: None,
    })
}
