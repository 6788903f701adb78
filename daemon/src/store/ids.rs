//! Which ids lead to which clients: those in use, those left behind by a move, those blocked after a removal.

use penstock_policy::names::{ClientId, fold};
use penstock_policy::record::{Client, RecordId};

use super::schema::{ALIASES, CLIENT_FOLDS, CLIENT_IDS, CLIENTS, Look, REMOVED};
use super::trouble::Trouble;
use super::tx::Tx;

impl Tx {
    /// Makes the id the client's own; nothing blocks it any more.
    pub fn own_id(&self, client: &Client) -> Result<(), Trouble> {
        let (customer, id) = (client.customer, &client.client_id);
        // It may come home, where its own alias still stands.
        self.delete(ALIASES, (customer.0, id.as_str()))?;
        self.put(CLIENT_IDS, (customer.0, id.as_str()), &client.id)?;
        self.lead(customer, id, client.id)
    }

    /// Lets the id lead to a client that is another customer's now; nothing blocks it any more.
    pub fn alias(
        &self,
        customer: RecordId,
        id: &ClientId,
        client: RecordId,
    ) -> Result<(), Trouble> {
        self.delete(CLIENT_IDS, (customer.0, id.as_str()))?;
        self.put(ALIASES, (customer.0, id.as_str()), &client)?;
        self.lead(customer, id, client)
    }

    /// Lets the id lead to nobody.
    pub fn drop_id(&self, customer: RecordId, id: &ClientId) -> Result<(), Trouble> {
        let key = (customer.0, id.as_str());
        self.delete(CLIENT_IDS, key)?;
        self.delete(ALIASES, key)?;
        self.delete(CLIENT_FOLDS, (customer.0, fold(id.as_str()).as_str()))?;
        self.changed_id(customer, fold(id.as_str()));
        Ok(())
    }

    /// Blocks the id, however it is written.
    pub fn block_id(&self, customer: RecordId, id: &ClientId) -> Result<(), Trouble> {
        let folded = fold(id.as_str());
        self.put(REMOVED, (customer.0, folded.as_str()), &self.at())?;
        self.changed_id(customer, folded);
        Ok(())
    }

    /// Blocks the id no more.
    pub fn unblock_id(&self, customer: RecordId, id: &ClientId) -> Result<(), Trouble> {
        let folded = fold(id.as_str());
        self.delete(REMOVED, (customer.0, folded.as_str()))?;
        self.changed_id(customer, folded);
        Ok(())
    }

    fn lead(&self, customer: RecordId, id: &ClientId, client: RecordId) -> Result<(), Trouble> {
        let folded = fold(id.as_str());
        self.put(CLIENT_FOLDS, (customer.0, folded.as_str()), &client)?;
        self.unblock_id(customer, id)
    }
}

/// The number of the client that a customer's id leads to, by its own id or by where it was before it was moved.
pub(super) fn client_number(
    look: &impl Look,
    customer: RecordId,
    id: &ClientId,
) -> Result<Option<RecordId>, Trouble> {
    let key = (customer.0, id.as_str());
    match look.get(CLIENT_IDS, key)? {
        Some(number) => Ok(Some(number)),
        None => look.get(ALIASES, key),
    }
}

/// The client that a customer's id leads to.
pub(super) fn find_client(
    look: &impl Look,
    customer: RecordId,
    id: &ClientId,
) -> Result<Option<Client>, Trouble> {
    match client_number(look, customer, id)? {
        Some(number) => look.get(CLIENTS, number.0),
        None => Ok(None),
    }
}

/// Whether the id, however it is written, was removed from that customer and stays blocked.
pub(super) fn is_removed(
    look: &impl Look,
    customer: RecordId,
    id: &ClientId,
) -> Result<bool, Trouble> {
    let folded = fold(id.as_str());
    Ok(look
        .bytes(REMOVED, (customer.0, folded.as_str()))?
        .is_some())
}
