//! What the writer publishes after each commit, so that the data path never waits for the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use penstock_policy::levels::Levels;
use penstock_policy::names::{ScheduleName, fold, nearest};
use penstock_policy::record::{Client, Customer, RecordId, Reseller, Schedule, Server};
use rpds::HashTrieMapSync;

use super::command::Rejected;
use super::schema::{CLIENT_COUNTS, CUSTOMERS, Look, RESELLERS, SERVER, all, decode, go_on};
use super::trouble::Trouble;

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
    /// Server, resellers, customers and counts as they are stored.
    pub(super) fn load(look: &impl Look) -> Result<Self, Trouble> {
        let server: Server = look.get(SERVER, 0)?.ok_or_else(|| Trouble::Damaged {
            table: "server".to_owned(),
            problem: "there is none".to_owned(),
        })?;
        let mut tree = Self {
            server: Arc::new(server),
            resellers: HashTrieMapSync::default(),
            customers: HashTrieMapSync::default(),
            customer_names: HashTrieMapSync::default(),
            reseller_names: HashTrieMapSync::default(),
            client_counts: HashTrieMapSync::default(),
        };
        look.walk(RESELLERS, all(), false, &mut |_, bytes| {
            tree.set_reseller(decode("resellers", bytes)?);
            Ok(go_on(true))
        })?;
        look.walk(CUSTOMERS, all(), false, &mut |_, bytes| {
            tree.set_customer(decode("customers", bytes)?);
            Ok(go_on(true))
        })?;
        look.walk(CLIENT_COUNTS, all(), false, &mut |customer, bytes| {
            tree.client_counts
                .insert_mut(RecordId(customer), decode("client_counts", bytes)?);
            Ok(go_on(true))
        })?;
        Ok(tree)
    }

    pub(super) fn set_reseller(&mut self, reseller: Reseller) {
        for name in [reseller.name.as_str(), reseller.short.as_str()] {
            self.reseller_names.insert_mut(fold(name), reseller.id);
        }
        self.resellers.insert_mut(reseller.id, Arc::new(reseller));
    }

    pub(super) fn drop_reseller(&mut self, reseller: &Reseller) {
        for name in [reseller.name.as_str(), reseller.short.as_str()] {
            self.reseller_names.remove_mut(&fold(name));
        }
        self.resellers.remove_mut(&reseller.id);
    }

    pub(super) fn set_customer(&mut self, customer: Customer) {
        for name in [customer.name.as_str(), customer.short.as_str()] {
            self.customer_names.insert_mut(fold(name), customer.id);
        }
        self.customers.insert_mut(customer.id, Arc::new(customer));
    }

    pub(super) fn drop_customer(&mut self, customer: &Customer) {
        for name in [customer.name.as_str(), customer.short.as_str()] {
            self.customer_names.remove_mut(&fold(name));
        }
        self.customers.remove_mut(&customer.id);
    }

    /// How many clients a customer has.
    #[must_use]
    pub fn clients(&self, customer: RecordId) -> u32 {
        self.client_counts.get(&customer).copied().unwrap_or(0)
    }

    /// [`Tree::customer`], or that there is none and which was probably meant.
    ///
    /// # Errors
    /// [`Rejected::NotFound`].
    pub fn find_customer(&self, name: &str) -> Result<&Arc<Customer>, Rejected> {
        self.customer(name).ok_or_else(|| {
            let names = self
                .customers
                .values()
                .flat_map(|customer| [customer.short.as_str(), customer.name.as_str()]);
            not_found("customer", name, nearest(name, names))
        })
    }

    /// [`Tree::reseller`], or that there is none and which was probably meant.
    ///
    /// # Errors
    /// [`Rejected::NotFound`].
    pub fn find_reseller(&self, name: &str) -> Result<&Arc<Reseller>, Rejected> {
        self.reseller(name).ok_or_else(|| {
            let names = self
                .resellers
                .values()
                .flat_map(|reseller| [reseller.short.as_str(), reseller.name.as_str()]);
            not_found("reseller", name, nearest(name, names))
        })
    }

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

pub(super) fn not_found(kind: &'static str, name: &str, nearest: Option<&str>) -> Rejected {
    Rejected::NotFound {
        kind,
        name: name.to_owned(),
        nearest: nearest.map(str::to_owned),
    }
}
