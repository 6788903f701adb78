//! What administrators ask of the writer.

use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::names::Address;
use penstock_policy::record::{Client, Credential, Customer, PassKey, RecordId, Secret};
use penstock_wire::view::Who;

use super::Store;
use super::command::{
    AddClients, AddCustomer, AddReseller, Added, Applied, Apply, Edit, Edited, NotApplied,
    Rejected, Removal, Staged, TrashState, TrashWork, Unavailable,
};
use super::trash::Row;
use super::verbs::apply::Undeclared;
use super::verbs::{apply, client, customer, edit, remove, trash};

impl Store {
    /// Edits one record's fields.
    ///
    /// # Errors
    /// When there is no such record, it isn't at the expected revision, a value isn't taken, or a rule refuses; then
    /// nothing is changed. So for all that follow.
    pub async fn edit(&self, ask: Edit, who: Who) -> Result<Edited, Rejected> {
        self.decide(move |tx| edit::edit(tx, &ask, &who)).await
    }

    /// Applies an edit's reverse as a new edit, if its fields haven't changed since.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn undo(&self, edit: u64, dry_run: bool, who: Who) -> Result<Edited, Rejected> {
        self.decide(move |tx| edit::undo(tx, edit, dry_run, &who))
            .await
    }

    /// Adds to the bank's credit, with a note for the ledger: one line, at most 200 characters.
    ///
    /// # Errors
    /// [`Rejected::Forbidden`] while the bank is unlimited; see [`Store::edit`].
    pub async fn mcal_add(&self, units: u32, note: String, who: Who) -> Result<Edited, Rejected> {
        self.decide(move |tx| edit::mcal_add(tx, units, &note, &who))
            .await
    }

    /// Adds a reseller.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn add_reseller(&self, ask: AddReseller, who: Who) -> Result<Edited, Rejected> {
        self.decide(move |tx| customer::add_reseller(tx, &ask, &who))
            .await
    }

    /// Removes a reseller that has no customers; never the default one.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn remove_reseller(&self, name: String, who: Who) -> Result<Edited, Rejected> {
        self.decide(move |tx| customer::remove_reseller(tx, &name, &who))
            .await
    }

    /// Adds a customer.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn add_customer(&self, ask: AddCustomer, who: Who) -> Result<Edited, Rejected> {
        self.decide(move |tx| customer::add(tx, &ask, &who)).await
    }

    /// Moves a customer to another reseller.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn move_customer(
        &self,
        customer: String,
        reseller: String,
        who: Who,
    ) -> Result<Edited, Rejected> {
        self.decide(move |tx| customer::move_to(tx, &customer, &reseller, &who))
            .await
    }

    /// Gives a customer a new pass key; the old one registers nobody from then on.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn rotate_pass_key(
        &self,
        customer: String,
        secret: String,
        until: Option<Timestamp>,
        uses: Option<u32>,
        who: Who,
    ) -> Result<Arc<Customer>, Rejected> {
        let pass_key = PassKey {
            secret: Secret::new(secret),
            until,
            uses_left: uses,
        };
        self.decide(move |tx| customer::set_pass_key(tx, &customer, &pass_key, &who))
            .await
    }

    /// Adds clients, all or none.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn add_clients(&self, ask: AddClients, who: Who) -> Result<Vec<Added>, Rejected> {
        self.decide(move |tx| client::add(tx, &ask, &who)).await
    }

    /// Moves a client to another customer. Its folders stay, its old path goes on working.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn move_client(
        &self,
        address: Address,
        customer: String,
        who: Who,
    ) -> Result<Edited, Rejected> {
        self.decide(move |tx| client::move_to(tx, &address, &customer, &who))
            .await
    }

    /// Kills a client's credential.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn revoke_client(&self, address: Address, who: Who) -> Result<Edited, Rejected> {
        self.decide(move |tx| client::revoke(tx, &address, &who))
            .await
    }

    /// Lets a removed id in again.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn unblock_client(&self, address: Address, who: Who) -> Result<Edited, Rejected> {
        self.decide(move |tx| client::unblock(tx, &address, &who))
            .await
    }

    /// Gives a client a new credential; a revoked client lives again.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn reset_password(
        &self,
        address: Address,
        credential: Credential,
        who: Who,
    ) -> Result<Arc<Client>, Rejected> {
        self.decide(move |tx| client::reset_password(tx, &address, &credential, &who))
            .await
    }

    /// Removes a client with its schedules to the trash; its id stays blocked.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn remove_client(
        &self,
        address: Address,
        recursive: bool,
        who: Who,
    ) -> Result<Removal, Rejected> {
        self.decide(move |tx| remove::client(tx, &address, recursive, &who))
            .await
    }

    /// Removes a customer with its clients to the trash; never the default one.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn remove_customer(
        &self,
        name: String,
        recursive: bool,
        who: Who,
    ) -> Result<Removal, Rejected> {
        self.decide(move |tx| remove::customer(tx, &name, recursive, &who))
            .await
    }

    /// Removes a schedule to the trash.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn remove_schedule(&self, address: Address, who: Who) -> Result<Removal, Rejected> {
        self.decide(move |tx| remove::schedule(tx, &address, &who))
            .await
    }

    /// The item's folders are where its state wants them: all in the trash, or all back.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn trash_settled(&self, item: u64) -> Result<(), Rejected> {
        self.decide(move |tx| trash::settled(tx, item)).await
    }

    /// Brings an item's records back exactly as they were; its folders have to be moved back.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn trash_restore(&self, item: u64, who: Who) -> Result<Removal, Rejected> {
        self.decide(move |tx| trash::restore(tx, item, &who)).await
    }

    /// Marks an item as being deleted for good; its folders have to be deleted.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn trash_empty(&self, item: u64, who: Who) -> Result<Removal, Rejected> {
        self.decide(move |tx| trash::empty(tx, item, &who)).await
    }

    /// The item's folders are deleted.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn trash_gone(&self, item: u64) -> Result<(), Rejected> {
        self.decide(move |tx| trash::gone(tx, item)).await
    }

    /// Items whose folders aren't where their state wants them, to be finished at a start.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn trash_pending(&self) -> Result<Vec<TrashWork>, Rejected> {
        let rows = self.read(|reader| reader.rows()).await?;
        Ok(rows.iter().filter_map(Row::work).collect())
    }

    /// Items that have been in the trash for as many days as the server keeps them.
    ///
    /// # Errors
    /// See [`Store::edit`].
    pub async fn trash_expired(&self, at: Timestamp) -> Result<Vec<u64>, Rejected> {
        let (rows, days) = self
            .read(|reader| Ok((reader.rows()?, reader.trash_days()?)))
            .await?;
        let expired = rows
            .iter()
            .filter(|row| row.state == TrashState::There && row.expires(days) <= at);
        Ok(expired.map(|row| row.item).collect())
    }

    /// Applies declared records in one transaction; a dry run only shows what it would do.
    ///
    /// # Errors
    /// See [`Store::edit`]; the sentence names the record.
    pub async fn apply(&self, ask: Apply, who: Who) -> Result<Applied, Rejected> {
        match self.decide(move |tx| apply::apply(tx, &ask, &who)).await {
            Ok(applied) => Ok(applied),
            Err(NotApplied::Shown(shown)) => Ok(*shown),
            Err(NotApplied::No(rejected)) => Err(rejected),
        }
    }

    /// The schedules that would go to the trash if the records were applied and what isn't declared were pruned.
    ///
    /// # Errors
    /// When the records can't be read.
    pub async fn pruned_schedules(
        &self,
        records: Arc<Vec<Staged>>,
    ) -> Result<Vec<RecordId>, Unavailable> {
        let (shared, tree) = (self.shared.clone(), self.tree());
        self.blocking(move || {
            let look = shared.begin_read()?;
            let surplus = Undeclared::of(&look, &tree, &records)?;
            Ok(surplus.schedules(&look, &tree)?)
        })
        .await
    }
}
