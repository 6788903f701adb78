//! What is allotted at each level and given to those below it: the snapshots, and that no more is given than there is.

use penstock_policy::mcal::Mcals;
use penstock_policy::record::{Client, Customer, RecordId, Reseller};
use penstock_policy::space::Share;

use super::command::{Rejected, Unavailable};
use super::reader::Reader;
use super::schema::{CLIENT_IDS, CLIENTS, Look, decode, go_on, of};
use super::tree::Tree;
use super::trouble::{Stop, Trouble};
use super::tx::Tx;

impl Tree {
    /// The server's space, and what of it is allotted to resellers.
    #[must_use]
    pub fn server_share(&self) -> Share {
        let given = self
            .resellers
            .values()
            .map(|reseller| reseller.space.counted());
        Share {
            allotted: self.server.space,
            given: given.fold(0, u64::saturating_add),
        }
    }

    /// A reseller's space, and what of it is allotted to its customers.
    #[must_use]
    pub fn reseller_share(&self, reseller: &Reseller) -> Share {
        let given = self
            .customers_of(reseller.id)
            .map(|customer| customer.space.counted());
        Share {
            allotted: reseller.space,
            given: given.fold(0, u64::saturating_add),
        }
    }

    /// The sum of the MCALs that are allotted to a reseller's customers.
    #[must_use]
    pub fn mcals_given(&self, reseller: RecordId) -> u64 {
        let given = self
            .customers_of(reseller)
            .map(|customer| customer.mcals.counted());
        given.fold(0, u64::saturating_add)
    }

    fn customers_of(&self, reseller: RecordId) -> impl Iterator<Item = &Customer> {
        let customers = self.customers.values().map(AsRef::as_ref);
        customers.filter(move |customer: &&Customer| customer.reseller == reseller)
    }
}

impl Reader {
    /// A customer's space, and what of it is allotted to its clients.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn customer_share(&self, customer: &Customer) -> Result<Share, Unavailable> {
        Ok(customer_share(&self.0, customer)?)
    }
}

/// A customer's space, and what of it is allotted to its clients.
pub(super) fn customer_share(look: &impl Look, customer: &Customer) -> Result<Share, Trouble> {
    let mut given: u64 = 0;
    let mut numbers: Vec<RecordId> = Vec::new();
    look.walk(CLIENT_IDS, of(customer.id), false, &mut |_, bytes| {
        numbers.push(decode("client_ids", bytes)?);
        Ok(go_on(true))
    })?;
    for number in numbers {
        let client: Option<Client> = look.get(CLIENTS, number.0)?;
        given = given.saturating_add(client.map_or(0, |client| client.space.counted()));
    }
    Ok(Share {
        allotted: customer.space,
        given,
    })
}

/// A sum that a change can have pushed over what there is to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sum {
    /// The space of all resellers, in the server's.
    Server,
    /// The space of a reseller's customers, in its own.
    Space(RecordId),
    /// The MCALs of a reseller's customers, in its own.
    Mcals(RecordId),
    /// The space of a customer's clients, in its own.
    Clients(RecordId),
}

/// Whether the sums fit, as the records are in that tree, which can be one that isn't written yet. `tx` shows the
/// clients; `more` is space that those of the customer get beside what they have there. Where the transaction puts sums
/// off they are only noted.
pub(super) fn verify(tx: &Tx, tree: &Tree, sums: &[Sum], more: i128) -> Result<(), Stop<Rejected>> {
    if tx.puts_off(sums) {
        return Ok(());
    }
    for sum in sums {
        match sum {
            Sum::Server => check(tree.server_share(), tree.server.overcommit, "the server")?,
            Sum::Space(id) => {
                if let Some(reseller) = tree.resellers.get(id) {
                    let whose = format!("reseller {}", reseller.short);
                    check(tree.reseller_share(reseller), reseller.overcommit, &whose)?;
                }
            }
            Sum::Mcals(id) => {
                if let Some(reseller) = tree.resellers.get(id) {
                    check_mcals(reseller, tree.mcals_given(*id))?;
                }
            }
            Sum::Clients(id) => {
                if let Some(customer) = tree.customers.get(id) {
                    let mut share = customer_share(tx, customer)?;
                    let given = i128::from(share.given).saturating_add(more);
                    share.given = u64::try_from(given.max(0)).unwrap_or(u64::MAX);
                    let whose = format!("customer {}", customer.short);
                    check(share, customer.overcommit, &whose)?;
                }
            }
        }
    }
    Ok(())
}

fn check(share: Share, overcommit: bool, whose: &str) -> Result<(), Rejected> {
    let checked = share.check(overcommit, whose);
    checked.map_err(|error| Rejected::Forbidden(error.to_string()))
}

fn check_mcals(reseller: &Reseller, given: u64) -> Result<(), Rejected> {
    let (own, short) = (reseller.mcals, &reseller.short);
    if own == Mcals::Auto || given <= own.counted() {
        return Ok(());
    }
    Err(Rejected::Forbidden(format!(
        "reseller {short} has {own} MCALs allotted, and {given} would be allotted to its customers, {} too many; raise \
         its MCALs or give fewer",
        given - own.counted()
    )))
}
