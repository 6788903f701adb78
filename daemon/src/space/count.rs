//! Counting again: who has to be counted, who waits for it, and its end, for which moment nobody writes to the schedule.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use penstock_policy::record::RecordId;
use penstock_policy::refusal::Refusal;
use tokio::sync::OwnedRwLockWriteGuard;

use super::Books;

/// A count that is nearly done. While it lives, locks wait too.
#[derive(Debug)]
pub struct Count {
    books: Arc<Books>,
    schedule: RecordId,
    _door: OwnedRwLockWriteGuard<()>,
}

impl Count {
    /// Waits for those who write, and lets nobody else in; none if the schedule isn't to be counted any more.
    pub async fn last(books: &Arc<Books>, schedule: RecordId) -> Option<Self> {
        let door = books.open().rows.get(&schedule)?.counting.clone()?;
        let door = door.write_owned().await;
        Some(Self {
            books: Arc::clone(books),
            schedule,
            _door: door,
        })
    }

    /// So many bytes were found, and so many of them data: from now on the schedule takes everything again.
    pub fn counted(self, bytes: u64, data: u64) {
        let mut pages = self.books.open();
        pages.set_used(self.schedule, bytes, data);
        if let Some(row) = pages.rows.get_mut(&self.schedule) {
            row.early = 0;
            row.counting = None;
        }
        pages.awaited.remove(&self.schedule);
        pages.uncounted.remove(&self.schedule);
        drop(pages);
        self.books.counted.notify_waiters();
    }
}

impl Books {
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
        drop(pages);
        self.counted.notify_waiters();
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
                () = &mut patience => return act(),
            }
        }
    }
}
