//! The books as everyone sees them: figures read, changed at one instant with the records, and kept.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use penstock_policy::record::RecordId;
use penstock_policy::space::Taken;
use tokio::sync::Notify;

use super::edition::Edition;
use super::pages::Pages;
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
    /// Told when a count is done, or isn't needed any more.
    pub(super) counted: Notify,
}

impl Books {
    /// The figures under their lock, for as long as the result is held: whoever publishes records holds it while they
    /// change, so that a reservation never sees one without the other.
    pub(super) fn open(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the books and whatever `publish` changes at one instant, as reservations see it.
    pub fn republish(&self, change: impl FnOnce(&mut Edition<'_>)) {
        change(&mut Edition::of(&mut self.open()));
        // Whoever waits for a count may not need it any more.
        self.counted.notify_waiters();
    }

    /// What is taken at a schedule's client and the levels above it, and where that isn't sure.
    #[must_use]
    pub fn taken_by(&self, schedule: RecordId) -> Taken {
        self.open().taken_by(schedule)
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
