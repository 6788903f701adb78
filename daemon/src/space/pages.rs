//! What the books' lock protects: every schedule's row, and the pages that sum them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use penstock_policy::record::RecordId;
use penstock_policy::space::{DataTaken, Taken, Unsure};
use tokio::sync::RwLock;

use super::books::Owner;
use super::sum::Sum;

/// What is under the lock.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) rows: HashMap<RecordId, Row>,
    pub(super) clients: HashMap<RecordId, ClientPage>,
    pub(super) customers: HashMap<RecordId, CustomerPage>,
    pub(super) resellers: HashMap<RecordId, Sum>,
    pub(super) server: Sum,
    pub(super) trash: u64,
    /// Schedules that have to be counted, and whether that can't be done now because their disk is away.
    pub(super) uncounted: HashMap<RecordId, bool>,
    /// Those whose count somebody waits for.
    pub(super) awaited: HashSet<RecordId>,
    /// Schedules whose figures changed since they were last kept.
    pub(super) changed: HashSet<RecordId>,
}

/// A schedule's figures.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) owner: Owner,
    pub(super) location: String,
    pub(super) sum: Sum,
    /// Uploads and deletes in flight.
    pub(super) workers: u32,
    /// Whether the records say for sure that something may be writing.
    pub(super) marked: bool,
    /// Bytes that were freed before who stored them came to say so; nothing while nobody works.
    pub(super) early: u64,
    /// Held by who writes meanwhile; there while the figure has to be counted.
    pub(super) counting: Option<Arc<RwLock<()>>>,
}

/// A client's sums, and what they are the sums of.
#[derive(Debug, Default)]
pub(super) struct ClientPage {
    pub(super) customer: RecordId,
    pub(super) sum: Sum,
    pub(super) schedules: HashSet<RecordId>,
}

/// A customer's sums, and whose they are part of.
#[derive(Debug, Default)]
pub(super) struct CustomerPage {
    pub(super) reseller: RecordId,
    pub(super) sum: Sum,
}

impl Pages {
    pub(super) fn taken(&self, customer: RecordId, client: Option<RecordId>) -> Taken {
        let client = client.and_then(|client| self.clients.get(&client));
        let page = self.customers.get(&customer);
        let reseller = page.and_then(|page| self.resellers.get(&page.reseller));
        let client = client.map_or_else(Sum::default, |page| page.sum);
        let customer = page.map_or_else(Sum::default, |page| page.sum);
        let reseller = reseller.copied().unwrap_or_default();
        Taken {
            client: client.taken(),
            customer: customer.taken(),
            reseller: reseller.taken(),
            server: self.server.taken(),
            data: DataTaken {
                client: client.data,
                customer: customer.data,
                reseller: reseller.data,
                server: self.server.data,
            },
            unsure: Unsure::default(),
        }
    }

    /// Notes that somebody waits for a schedule's count; false if it needn't be counted.
    pub(super) fn awaits(&mut self, schedule: RecordId) -> bool {
        let row = self.rows.get(&schedule);
        let counting = row.is_some_and(|row| row.counting.is_some());
        if counting {
            self.awaited.insert(schedule);
        }
        counting
    }

    /// What is taken at a schedule's client and the levels above it, and where that isn't sure.
    pub(super) fn taken_by(&self, schedule: RecordId) -> Taken {
        let Some((client, customer, reseller)) = self.place(schedule) else {
            return self.taken(RecordId::default(), None);
        };
        let mut unsure = Unsure::default();
        let uncounted = self.uncounted.iter().filter(|(_, away)| !**away);
        for (other, _) in uncounted {
            unsure.server = true;
            if let Some((its_client, its_customer, its_reseller)) = self.place(*other) {
                unsure.client |= its_client == client;
                unsure.customer |= its_customer == customer;
                unsure.reseller |= its_reseller == reseller;
            }
        }
        Taken {
            unsure,
            ..self.taken(customer, Some(client))
        }
    }

    /// Client, customer and reseller of a schedule that isn't in the trash.
    fn place(&self, schedule: RecordId) -> Option<(RecordId, RecordId, RecordId)> {
        let Owner::Client(client) = self.rows.get(&schedule)?.owner else {
            return None;
        };
        let customer = self.clients.get(&client)?.customer;
        Some((client, customer, self.customers.get(&customer)?.reseller))
    }

    /// Changes a schedule's figures, and the sums of all levels above it alike.
    pub(super) fn change(&mut self, schedule: RecordId, change: impl Fn(&mut Sum)) {
        let Some(row) = self.rows.get_mut(&schedule) else {
            return;
        };
        let (owner, before) = (row.owner, row.sum);
        change(&mut row.sum);
        let after = row.sum;
        self.above(owner, |level| {
            level.remove(before);
            level.add(after);
        });
        self.server.remove(before);
        self.server.add(after);
        if owner == Owner::Trash {
            self.trash = self.trash - before.used + after.used;
        }
        self.changed.insert(schedule);
    }

    /// Sets what a schedule uses.
    pub(super) fn set_used(&mut self, schedule: RecordId, bytes: u64, data: u64) {
        self.change(schedule, |sum| {
            sum.used = bytes;
            sum.data = data;
        });
    }

    pub(super) fn customer(&self, customer: RecordId) -> Sum {
        self.customers
            .get(&customer)
            .map_or_else(Sum::default, |page| page.sum)
    }

    /// Client, customer and reseller above a schedule.
    pub(super) fn above(&mut self, owner: Owner, change: impl Fn(&mut Sum)) {
        let Owner::Client(client) = owner else {
            return;
        };
        let Some(page) = self.clients.get_mut(&client) else {
            return;
        };
        change(&mut page.sum);
        let customer = page.customer;
        self.up(customer, change);
    }

    /// A customer and its reseller.
    pub(super) fn up(&mut self, customer: RecordId, change: impl Fn(&mut Sum)) {
        let Some(page) = self.customers.get_mut(&customer) else {
            return;
        };
        change(&mut page.sum);
        let reseller = page.reseller;
        change(self.resellers.entry(reseller).or_default());
    }
}
