//! What is allotted at each level and given to those below it: the snapshots, and that no more is given than there is.

use penstock_policy::record::{Client, Customer, RecordId, Reseller};
use penstock_policy::space::Share;

use super::command::Rejected;
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

/// What an edit may have broken.
#[derive(Debug, Clone, Copy)]
pub(super) enum Touched {
    /// The server's own, or a reseller's allotment.
    Server,
    /// A reseller's own, or one of its customers' allotments.
    Reseller(RecordId),
    /// A customer's own, or one of its clients' allotments.
    Customer(RecordId),
}

/// Whether no level has given more than it has, as the records are now in the transaction. Whoever asks has written
/// already: a no undoes the whole verb.
pub(super) fn verify(tx: &Tx, touched: &[Touched]) -> Result<(), Stop<Rejected>> {
    let tree = tx.tree();
    for touched in touched {
        match touched {
            Touched::Server => {
                let share = tree.server_share();
                check(share, tree.server.overcommit, "the server")?;
            }
            Touched::Reseller(id) => {
                let Some(reseller) = tree.resellers.get(id) else {
                    continue;
                };
                let whose = format!("reseller {}", reseller.short);
                check(tree.reseller_share(reseller), reseller.overcommit, &whose)?;
                let (own, given) = (reseller.mcals, tree.mcals_given(reseller.id));
                let limited = own != penstock_policy::mcal::Mcals::Auto;
                if limited && given > own.counted() {
                    return Err(Rejected::Forbidden(format!(
                        "{whose} has {own} MCALs allotted, and its customers would have {given} together, {} too many; \
                         raise its MCALs or give fewer",
                        given - own.counted()
                    ))
                    .into());
                }
            }
            Touched::Customer(id) => {
                let Some(customer) = tree.customers.get(id) else {
                    continue;
                };
                let share = customer_share(tx, customer)?;
                check(
                    share,
                    customer.overcommit,
                    &format!("customer {}", customer.short),
                )?;
            }
        }
    }
    Ok(())
}

fn check(share: Share, overcommit: bool, whose: &str) -> Result<(), Rejected> {
    let checked = share.check(overcommit, whose);
    checked.map_err(|error| Rejected::Forbidden(error.to_string()))
}
