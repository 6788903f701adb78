//! One write transaction as the verbs see it: what they read is what is published plus what went before them, what they
//! write is noted for publishing.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::record::{Client, Customer, RecordId, Reseller, Schedule, Server};
use penstock_wire::view::Event;
use redb::{Key, WriteTransaction};
use serde::Serialize;

use super::samples;
use super::schema::{
    CLIENT_COUNTS, CLIENTS, CUSTOMERS, Def, Look, META, RESELLERS, SCHEDULES, SERVER, Span, USED,
    Visit, delete, of, put,
};
use super::shares::Sum;
use super::tree::{ClientState, Tree};
use super::trouble::Trouble;

/// The counters that the writer keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counters {
    /// Counts transactions, so that a transaction whose commit failed can be looked for afterwards.
    pub commit: u64,
    /// The next record's number.
    pub next_id: u64,
    /// The next audit entry's number.
    pub next_edit: u64,
    /// The next trash item's number.
    pub next_item: u64,
    /// The next ledger entry's number.
    pub next_entry: u64,
    /// The newest audit entry's hash.
    pub audit_head: [u8; 32],
}

/// One write transaction.
pub(super) struct Tx {
    txn: WriteTransaction,
    at: Cell<Timestamp>,
    writes: Cell<u64>,
    draft: RefCell<Draft>,
    /// Sums that are to be held against what there is later; none while each is at once.
    later: RefCell<Option<BTreeSet<Sum>>>,
}

/// What is published once the transaction is durable.
#[derive(Debug)]
pub(super) struct Draft {
    /// Server, resellers, customers and counts.
    pub tree: Tree,
    /// Whether that is another than is published.
    pub tree_changed: bool,
    /// The counters.
    pub counters: Counters,
    /// Clients with a change in them or in their schedules.
    pub touched: BTreeSet<RecordId>,
    /// Ids, by customer and folded, that lead elsewhere now, or are blocked or not any more.
    pub ids: BTreeSet<(RecordId, String)>,
    /// Customers that are new, gone, or belong to another reseller.
    pub customers: BTreeSet<RecordId>,
    /// Schedules that were deleted for good.
    pub gone: BTreeSet<RecordId>,
    /// What is told.
    pub events: Vec<Event>,
}

impl Tx {
    /// A transaction that goes on from what is published.
    pub fn new(txn: WriteTransaction, tree: Tree, counters: Counters, at: Timestamp) -> Self {
        Self {
            txn,
            at: Cell::new(at),
            writes: Cell::new(0),
            later: RefCell::new(None),
            draft: RefCell::new(Draft {
                tree,
                tree_changed: false,
                counters,
                touched: BTreeSet::new(),
                ids: BTreeSet::new(),
                customers: BTreeSet::new(),
                gone: BTreeSet::new(),
                events: Vec::new(),
            }),
        }
    }

    /// The time of the verb that runs.
    pub fn at(&self) -> Timestamp {
        self.at.get()
    }

    /// Sets the time for the next verb.
    pub fn set_time(&self, at: Timestamp) {
        self.at.set(at);
    }

    /// How many rows were written so far.
    pub fn writes(&self) -> u64 {
        self.writes.get()
    }

    /// From now on sums are put off: of several changes only what comes of all of them has to fit.
    pub fn put_off(&self) {
        self.later.replace(Some(BTreeSet::new()));
    }

    /// Whether sums are put off; then these are noted.
    pub fn puts_off(&self, sums: &[Sum]) -> bool {
        let mut later = self.later.borrow_mut();
        later.as_mut().map(|later| later.extend(sums)).is_some()
    }

    /// Sums aren't put off any more; those that were.
    pub fn put_off_no_more(&self) -> Vec<Sum> {
        self.later.take().into_iter().flatten().collect()
    }

    /// Server, resellers, customers and counts as of now. Cheap: the maps share structure.
    pub fn tree(&self) -> Tree {
        self.draft.borrow().tree.clone()
    }

    fn tree_mut(&self, change: impl FnOnce(&mut Tree)) {
        let draft = &mut *self.draft.borrow_mut();
        draft.tree_changed = true;
        change(&mut draft.tree);
    }

    /// Takes the next number of a counter.
    pub fn next(&self, counter: fn(&mut Counters) -> &mut u64) -> u64 {
        let mut draft = self.draft.borrow_mut();
        let next = counter(&mut draft.counters);
        let taken = *next;
        *next += 1;
        taken
    }

    /// A number for a new record.
    pub fn new_id(&self) -> RecordId {
        RecordId(self.next(|counters| &mut counters.next_id))
    }

    /// The newest audit entry's hash.
    pub fn audit_head(&self) -> [u8; 32] {
        self.draft.borrow().counters.audit_head
    }

    /// Notes a new audit entry's hash and what is told of it.
    pub fn audited(&self, head: [u8; 32], event: Event) {
        let mut draft = self.draft.borrow_mut();
        draft.counters.audit_head = head;
        draft.events.push(event);
    }

    /// Writes a value.
    pub fn put<V: Serialize, K: Key + 'static>(
        &self,
        table: Def<K>,
        key: K::SelfType<'_>,
        value: &V,
    ) -> Result<(), Trouble> {
        self.writes.set(self.writes.get() + 1);
        put(&self.txn, table, key, value)
    }

    /// Writes bytes as they are.
    pub fn put_bytes<K: Key + 'static>(
        &self,
        table: Def<K>,
        key: K::SelfType<'_>,
        bytes: &[u8],
    ) -> Result<(), Trouble> {
        self.writes.set(self.writes.get() + 1);
        self.txn.open_table(table)?.insert(key, bytes)?;
        Ok(())
    }

    /// Deletes a row.
    pub fn delete<K: Key + 'static>(
        &self,
        table: Def<K>,
        key: K::SelfType<'_>,
    ) -> Result<(), Trouble> {
        self.writes.set(self.writes.get() + 1);
        delete(&self.txn, table, key)
    }

    /// Notes that a client or one of its schedules changed.
    pub fn touch(&self, client: RecordId) {
        self.draft.borrow_mut().touched.insert(client);
    }

    /// Notes that a customer's id, given folded, leads elsewhere now, or is blocked or not any more.
    pub fn changed_id(&self, customer: RecordId, folded: String) {
        self.draft.borrow_mut().ids.insert((customer, folded));
    }

    /// Writes the server's record.
    pub fn put_server(&self, server: &Server) -> Result<(), Trouble> {
        self.put(SERVER, 0, server)?;
        self.tree_mut(|tree| tree.server = Arc::new(server.clone()));
        Ok(())
    }

    /// Writes a reseller.
    pub fn put_reseller(&self, reseller: &Reseller) -> Result<(), Trouble> {
        self.put(RESELLERS, reseller.id.0, reseller)?;
        self.tree_mut(|tree| tree.set_reseller(reseller.clone()));
        Ok(())
    }

    /// Removes a reseller.
    pub fn drop_reseller(&self, reseller: &Reseller) -> Result<(), Trouble> {
        self.delete(RESELLERS, reseller.id.0)?;
        self.tree_mut(|tree| tree.drop_reseller(reseller));
        Ok(())
    }

    /// Writes a customer.
    pub fn put_customer(&self, customer: &Customer) -> Result<(), Trouble> {
        self.put(CUSTOMERS, customer.id.0, customer)?;
        self.draft.borrow_mut().customers.insert(customer.id);
        self.tree_mut(|tree| tree.set_customer(customer.clone()));
        Ok(())
    }

    /// Removes a customer and its count of clients.
    pub fn drop_customer(&self, customer: &Customer) -> Result<(), Trouble> {
        self.delete(CUSTOMERS, customer.id.0)?;
        self.set_client_count(customer.id, 0)?;
        self.draft.borrow_mut().customers.insert(customer.id);
        self.tree_mut(|tree| tree.drop_customer(customer));
        Ok(())
    }

    /// Writes how many clients a customer has.
    pub fn set_client_count(&self, customer: RecordId, count: u32) -> Result<(), Trouble> {
        if count == 0 {
            self.delete(CLIENT_COUNTS, customer.0)?;
        } else {
            self.put(CLIENT_COUNTS, customer.0, &count)?;
        }
        self.tree_mut(|tree| {
            if count == 0 {
                tree.client_counts.remove_mut(&customer);
            } else {
                tree.client_counts.insert_mut(customer, count);
            }
        });
        Ok(())
    }

    /// Writes a client's own row.
    pub fn put_client(&self, client: &Client) -> Result<(), Trouble> {
        self.touch(client.id);
        self.put(CLIENTS, client.id.0, client)
    }

    /// Writes a schedule.
    pub fn put_schedule(&self, schedule: &Schedule) -> Result<(), Trouble> {
        self.touch(schedule.client);
        let key = (schedule.client.0, schedule.name.as_str());
        self.put(SCHEDULES, key, schedule)
    }

    /// A schedule was deleted for good: its figures and samples with it.
    pub fn drop_schedule(&self, schedule: RecordId) -> Result<(), Trouble> {
        self.delete(USED, schedule.0)?;
        samples::drop_all(self, schedule)?;
        self.draft.borrow_mut().gone.insert(schedule);
        Ok(())
    }

    /// Writes the counters, and says what is to be published: the draft, and the touched clients as they are now.
    pub fn seal(self) -> Result<(WriteTransaction, Sealed), Trouble> {
        let mut draft = self.draft.into_inner();
        draft.counters.commit += 1;
        draft.counters.write(&self.txn)?;
        let clients = draft
            .touched
            .iter()
            .map(|id| Ok((*id, client_state(&self.txn, *id)?)))
            .collect::<Result<_, Trouble>>()?;
        Ok((self.txn, Sealed { draft, clients }))
    }
}

/// A transaction that is ready to be committed, as it will be published.
#[derive(Debug)]
pub(super) struct Sealed {
    /// Tree, counters and events.
    pub draft: Draft,
    /// The touched clients.
    pub clients: BTreeMap<RecordId, ClientState>,
}

impl Look for Tx {
    fn bytes<K: Key + 'static>(
        &self,
        table: Def<K>,
        key: K::SelfType<'_>,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        self.txn.bytes(table, key)
    }

    fn walk<'a, K: Key + 'static>(
        &self,
        table: Def<K>,
        range: Span<K::SelfType<'a>>,
        backwards: bool,
        visit: &mut Visit<'_, K>,
    ) -> Result<(), Trouble> {
        self.txn.walk(table, range, backwards, visit)
    }
}

impl Counters {
    /// Before anything was written: numbers 1 and 2 are the default records'.
    pub const FIRST: Self = Self {
        commit: 0,
        next_id: 3,
        next_edit: 1,
        next_item: 1,
        next_entry: 1,
        audit_head: [0; 32],
    };

    /// Reads them.
    pub fn read(look: &impl Look) -> Result<Self, Trouble> {
        let counter = |name: &str| {
            look.get::<u64, _>(META, name)?
                .ok_or_else(|| Trouble::Damaged {
                    table: "meta".to_owned(),
                    problem: format!("{name} is missing"),
                })
        };
        Ok(Self {
            commit: counter("commit")?,
            next_id: counter("next-id")?,
            next_edit: counter("next-edit")?,
            next_item: counter("next-item")?,
            next_entry: counter("next-entry")?,
            audit_head: look.get(META, "audit-head")?.unwrap_or_default(),
        })
    }

    /// Writes them.
    pub fn write(&self, txn: &WriteTransaction) -> Result<(), Trouble> {
        for (name, value) in [
            ("commit", self.commit),
            ("next-id", self.next_id),
            ("next-edit", self.next_edit),
            ("next-item", self.next_item),
            ("next-entry", self.next_entry),
        ] {
            put(txn, META, name, &value)?;
        }
        put(txn, META, "audit-head", &self.audit_head)
    }
}

/// A client's schedules.
pub(super) fn schedules_of(look: &impl Look, client: RecordId) -> Result<Vec<Schedule>, Trouble> {
    look.values(SCHEDULES, of(client), usize::MAX)
}

/// A client as it is published.
pub(super) fn client_state(look: &impl Look, id: RecordId) -> Result<ClientState, Trouble> {
    let client: Option<Client> = look.get(CLIENTS, id.0)?;
    let schedules = schedules_of(look, id)?;
    Ok(ClientState {
        client: client.map(Arc::new),
        schedules: schedules
            .into_iter()
            .map(|schedule| (schedule.name.clone(), Arc::new(schedule)))
            .collect(),
    })
}
