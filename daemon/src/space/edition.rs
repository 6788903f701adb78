//! What a commit makes of the books: who has which schedule, and who belongs to whom.

use std::collections::HashSet;
use std::sync::Arc;

use penstock_policy::record::RecordId;

use super::books::{Located, Owner, Used};
use super::pages::{Pages, Row};
use super::sum::Sum;

/// The books while records are being published.
pub struct Edition<'a>(&'a mut Pages);

impl<'a> Edition<'a> {
    pub(super) fn of(pages: &'a mut Pages) -> Self {
        Self(pages)
    }

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
