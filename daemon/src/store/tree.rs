//! What the writer publishes after each commit, so that the data path never waits for the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use penstock_policy::levels::Levels;
use penstock_policy::names::{ScheduleName, fold};
use penstock_policy::record::{Client, Customer, RecordId, Reseller, Schedule, Server};
use rpds::HashTrieMapSync;

/// Server, resellers and customers as of one commit. Cheap to clone and to change: the maps share structure.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The server's record.
    pub server: Arc<Server>,
    /// Resellers by number.
    pub resellers: HashTrieMapSync<RecordId, Arc<Reseller>>,
    /// Customers by number.
    pub customers: HashTrieMapSync<RecordId, Arc<Customer>>,
    /// Customers by folded full name and by short name.
    pub customer_names: HashTrieMapSync<String, RecordId>,
    /// Resellers by folded full name and by short name.
    pub reseller_names: HashTrieMapSync<String, RecordId>,
    /// How many clients each customer has; absent is none.
    pub client_counts: HashTrieMapSync<RecordId, u32>,
}

/// A client and its schedules as of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientState {
    /// The client; none after it was removed.
    pub client: Option<Arc<Client>>,
    /// Its schedules, those not ready yet among them.
    pub schedules: BTreeMap<ScheduleName, Arc<Schedule>>,
}

impl Tree {
    /// The customer with that full or short name, as [`fold`] compares names.
    #[must_use]
    pub fn customer(&self, name: &str) -> Option<&Arc<Customer>> {
        self.customers.get(self.customer_names.get(&fold(name))?)
    }

    /// The reseller with that full or short name.
    #[must_use]
    pub fn reseller(&self, name: &str) -> Option<&Arc<Reseller>> {
        self.resellers.get(self.reseller_names.get(&fold(name))?)
    }

    /// The levels of a customer, and of one of its clients; none when the customer or its reseller is gone.
    #[must_use]
    pub fn levels<'a>(
        &'a self,
        customer: RecordId,
        client: Option<&'a Client>,
    ) -> Option<Levels<'a>> {
        let customer = self.customers.get(&customer)?;
        let reseller = self.resellers.get(&customer.reseller)?;
        Some(Levels {
            server: &self.server,
            reseller,
            customer,
            client,
        })
    }
}
