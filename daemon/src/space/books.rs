//! The books: every schedule's figures and the sums above them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use penstock_policy::record::RecordId;
use penstock_policy::refusal::Refusal;
use penstock_policy::space::{DataTaken, Taken, Unsure};
use tokio::sync::{Notify, RwLock};

use super::sum::Sum;

/// Whose a schedule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A client's.
    Client(RecordId),
    /// Nobody's: it is in the trash, and counts at the server only.
    Trash,
}

/// A schedule's place as the records have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The schedule.
    pub schedule: RecordId,
    /// The location that holds its files.
    pub location: String,
}

/// A schedule's use as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The schedule.
    pub schedule: RecordId,
    /// Bytes of its files.
    pub bytes: u64,
    /// How many of these are data.
    pub data: u64,
    /// Whether something may be writing: after a crash it has to be counted again.
    pub dirty: bool,
}

/// All figures; shared by whoever holds an `Arc` of it.
#[derive(Debug, Default)]
pub struct Books {
    pages: Mutex<Pages>,
    /// Told when a count is done.
    pub(super) counted: Notify,
}

/// What is under the lock.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) rows: HashMap<RecordId, Row>,
    clients: HashMap<RecordId, ClientPage>,
    customers: HashMap<RecordId, CustomerPage>,
    resellers: HashMap<RecordId, Sum>,
    server: Sum,
    trash: u64,
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
    owner: Owner,
    location: String,
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

#[derive(Debug, Default)]
struct ClientPage {
    customer: RecordId,
    sum: Sum,
    schedules: HashSet<RecordId>,
}

#[derive(Debug, Default)]
struct CustomerPage {
    reseller: RecordId,
    sum: Sum,
}

impl Books {
    /// The figures under their lock, for as long as the result is held: whoever publishes records holds it while they
    /// change, so that a reservation never sees one without the other.
    pub(super) fn open(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the books and whatever `publish` changes at one instant, as reservations see it.
    pub fn republish(&self, change: impl FnOnce(&mut Edition<'_>)) {
        change(&mut Edition(&mut self.open()));
    }

    /// What is taken at a client and the levels above it.
    #[must_use]
    pub fn taken(&self, customer: RecordId, client: Option<RecordId>) -> Taken {
        self.open().taken(customer, client)
    }

    /// A schedule's figures, and whether they have to be counted.
    #[must_use]
    pub fn schedule(&self, schedule: RecordId) -> (Sum, bool) {
        let pages = self.open();
        let row = pages.rows.get(&schedule);
        row.map_or((Sum::default(), false), |row| {
            (row.sum, row.counting.is_some())
        })
    }

    /// A client's figures.
    #[must_use]
    pub fn client(&self, client: RecordId) -> Sum {
        let pages = self.open();
        pages
            .clients
            .get(&client)
            .map_or_else(Sum::default, |page| page.sum)
    }

    /// A customer's figures.
    #[must_use]
    pub fn customer(&self, customer: RecordId) -> Sum {
        self.open().customer(customer)
    }

    /// A reseller's figures.
    #[must_use]
    pub fn reseller(&self, reseller: RecordId) -> Sum {
        self.open()
            .resellers
            .get(&reseller)
            .copied()
            .unwrap_or_default()
    }

    /// Everybody's figures, the trash among them.
    #[must_use]
    pub fn server(&self) -> Sum {
        self.open().server
    }

    /// Bytes in the trash.
    #[must_use]
    pub fn trash(&self) -> u64 {
        self.open().trash
    }

    /// What has to be counted again before it takes new data.
    #[must_use]
    pub fn uncounted(&self) -> Vec<RecordId> {
        self.open().uncounted.keys().copied().collect()
    }

    /// Waits until a schedule needn't be counted any more. Until then it is counted before those that nobody waits for.
    pub async fn until_counted(&self, schedule: RecordId) {
        loop {
            let counted = self.counted.notified();
            tokio::pin!(counted);
            // Before the look, so that an end in between is noticed.
            counted.as_mut().enable();
            if !self.open().awaits(schedule) {
                return;
            }
            counted.await;
        }
    }

    /// Schedules whose count somebody waits for.
    #[must_use]
    pub fn awaited(&self) -> HashSet<RecordId> {
        self.open().awaited.clone()
    }

    /// A schedule can't be counted now because its disk is away, or can again. What can't be counted holds up nobody else:
    /// its figure as it was last kept stands for it.
    pub fn away(&self, schedule: RecordId, away: bool) {
        let mut pages = self.open();
        if let Some(known) = pages.uncounted.get_mut(&schedule) {
            *known = away;
        }
        pages.awaited.remove(&schedule);
    }

    /// Does something that may have to wait until somebody else is counted: again after each count, until it isn't refused
    /// for that or the time is over.
    ///
    /// # Errors
    /// What it is refused for; [`Refusal::Recounting`] when the time is over.
    pub async fn once_counted<T>(
        &self,
        patience: Duration,
        mut act: impl FnMut() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let patience = tokio::time::sleep(patience);
        tokio::pin!(patience);
        loop {
            let counted = self.counted.notified();
            tokio::pin!(counted);
            // Before the act, so that a count's end in between is noticed.
            counted.as_mut().enable();
            match act() {
                Err(Refusal::Recounting) => {}
                result => return result,
            }
            tokio::select! {
                () = counted => {}
                () = &mut patience => return Err(Refusal::Recounting),
            }
        }
    }

    /// Whose figures changed since they were last kept, or are at rest now.
    #[must_use]
    pub fn changed(&self) -> Vec<RecordId> {
        self.open().changed.iter().copied().collect()
    }

    /// The figures of these schedules, to be kept now. Of one that nobody works on the records say from then on that it is
    /// at rest, so that whoever works on it next has to say otherwise first.
    #[must_use]
    pub fn to_keep(&self, schedules: &[RecordId]) -> Vec<Used> {
        let mut pages = self.open();
        let mut kept = Vec::with_capacity(schedules.len());
        for schedule in schedules {
            let Some(row) = pages.rows.get_mut(schedule) else {
                pages.changed.remove(schedule);
                continue;
            };
            let dirty = row.workers > 0 || row.counting.is_some();
            // Never raised here: this isn't durable yet, and whoever works next must not rely on it.
            row.marked &= dirty;
            kept.push(Used {
                schedule: *schedule,
                bytes: row.sum.used,
                data: row.sum.data.min(row.sum.used),
                dirty,
            });
            pages.changed.remove(schedule);
        }
        kept
    }

    /// What the records say of these isn't how they are: they are kept again the next time.
    pub fn keep_again(&self, schedules: impl IntoIterator<Item = RecordId>) {
        self.open().changed.extend(schedules);
    }

    /// Of each location how many schedules lie on it, those in the trash among them, and the bytes they use.
    #[must_use]
    pub fn locations(&self) -> HashMap<String, (u64, u64)> {
        let mut locations: HashMap<String, (u64, u64)> = HashMap::new();
        for row in self.open().rows.values() {
            let place = locations.entry(row.location.clone()).or_default();
            place.0 += 1;
            place.1 += row.sum.used;
        }
        locations
    }

    /// What every schedule uses, those in the trash left out.
    #[must_use]
    pub fn samples(&self) -> Vec<(RecordId, u64)> {
        let pages = self.open();
        let live = pages
            .rows
            .iter()
            .filter(|(_, row)| row.owner != Owner::Trash);
        live.map(|(schedule, row)| (*schedule, row.sum.used))
            .collect()
    }
}

/// The books while records are being published.
pub struct Edition<'a>(&'a mut Pages);

impl Edition<'_> {
    /// A customer belongs to that reseller.
    pub fn customer(&mut self, customer: RecordId, reseller: RecordId) {
        let pages = &mut *self.0;
        let page = pages.customers.entry(customer).or_default();
        let (before, sum) = (page.reseller, page.sum);
        page.reseller = reseller;
        if before != reseller {
            if let Some(old) = pages.resellers.get_mut(&before) {
                old.remove(sum);
            }
            pages.resellers.entry(reseller).or_default().add(sum);
        }
    }

    /// A customer is gone; what it had is in the trash by now.
    pub fn customer_gone(&mut self, customer: RecordId) {
        self.0.customers.remove(&customer);
    }

    /// A client belongs to that customer and has these schedules; what it had and has no more is in the trash.
    pub fn client(&mut self, client: RecordId, customer: RecordId, schedules: &[Located]) {
        self.belongs(client, customer);
        for located in schedules {
            self.own(located, Owner::Client(client));
        }
        let kept: HashSet<RecordId> = schedules.iter().map(|located| located.schedule).collect();
        let page = self.0.clients.entry(client).or_default();
        let lost: Vec<RecordId> = page.schedules.difference(&kept).copied().collect();
        for schedule in lost {
            self.give(schedule, Owner::Trash);
        }
    }

    /// A client is gone; what it had is in the trash.
    pub fn client_gone(&mut self, client: RecordId) {
        let page = self.0.clients.get(&client);
        let schedules: Vec<RecordId> =
            page.map_or_else(Vec::new, |page| page.schedules.iter().copied().collect());
        for schedule in schedules {
            self.give(schedule, Owner::Trash);
        }
        self.0.clients.remove(&client);
    }

    /// A schedule lies in the trash.
    pub fn trashed(&mut self, located: &Located) {
        self.own(located, Owner::Trash);
    }

    /// A schedule is deleted for good.
    pub fn schedule_gone(&mut self, schedule: RecordId) {
        let Some(row) = self.0.rows.get(&schedule) else {
            return;
        };
        let (owner, sum) = (row.owner, row.sum);
        self.0.above(owner, |level| level.remove(sum));
        self.0.server.remove(sum);
        match owner {
            Owner::Trash => self.0.trash -= sum.used,
            Owner::Client(client) => {
                if let Some(page) = self.0.clients.get_mut(&client) {
                    page.schedules.remove(&schedule);
                }
            }
        }
        self.0.rows.remove(&schedule);
        self.0.changed.remove(&schedule);
        self.0.awaited.remove(&schedule);
        self.0.uncounted.remove(&schedule);
    }

    /// What a schedule uses, as it was kept; one of which that isn't known for sure has to be counted.
    pub fn used(&mut self, used: Used) {
        self.0.set_used(used.schedule, used.bytes, used.data);
        if let Some(row) = self.0.rows.get_mut(&used.schedule) {
            row.marked = used.dirty;
            row.counting = used.dirty.then(Arc::default);
            if used.dirty {
                self.0.uncounted.insert(used.schedule, false);
            }
        }
        self.0.changed.remove(&used.schedule);
    }

    fn belongs(&mut self, client: RecordId, customer: RecordId) {
        let pages = &mut *self.0;
        let page = pages.clients.entry(client).or_default();
        let (before, sum) = (page.customer, page.sum);
        if before == customer {
            return;
        }
        page.customer = customer;
        pages.up(before, |level| level.remove(sum));
        pages.up(customer, |level| level.add(sum));
    }

    fn own(&mut self, located: &Located, owner: Owner) {
        let row = self.0.rows.entry(located.schedule);
        let row = row.or_insert_with(|| Row {
            owner: Owner::Trash,
            location: String::new(),
            sum: Sum::default(),
            workers: 0,
            marked: false,
            early: 0,
            counting: None,
        });
        row.location.clone_from(&located.location);
        self.give(located.schedule, owner);
    }

    fn give(&mut self, schedule: RecordId, owner: Owner) {
        let pages = &mut *self.0;
        let Some(row) = pages.rows.get_mut(&schedule) else {
            return;
        };
        let (before, sum) = (row.owner, row.sum);
        if let Owner::Client(client) = owner {
            pages
                .clients
                .entry(client)
                .or_default()
                .schedules
                .insert(schedule);
        }
        if before == owner {
            return;
        }
        row.owner = owner;
        if let Owner::Client(client) = before
            && let Some(page) = pages.clients.get_mut(&client)
        {
            page.schedules.remove(&schedule);
        }
        pages.above(before, |level| level.remove(sum));
        pages.above(owner, |level| level.add(sum));
        match (before, owner) {
            (_, Owner::Trash) => pages.trash += sum.used,
            (Owner::Trash, _) => pages.trash -= sum.used,
            _ => {}
        }
    }
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
    fn awaits(&mut self, schedule: RecordId) -> bool {
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

    fn customer(&self, customer: RecordId) -> Sum {
        self.customers
            .get(&customer)
            .map_or_else(Sum::default, |page| page.sum)
    }

    /// Client, customer and reseller above a schedule.
    fn above(&mut self, owner: Owner, change: impl Fn(&mut Sum)) {
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
    fn up(&mut self, customer: RecordId, change: impl Fn(&mut Sum)) {
        let Some(page) = self.customers.get_mut(&customer) else {
            return;
        };
        change(&mut page.sum);
        let reseller = page.reseller;
        change(self.resellers.entry(reseller).or_default());
    }
}
