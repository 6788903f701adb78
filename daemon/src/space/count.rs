//! The end of a count: for its moment nobody writes to the schedule.

use std::sync::Arc;

use penstock_policy::record::RecordId;
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
