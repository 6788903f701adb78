//! One upload or delete in flight: what it has reserved is given back when it is dropped, unless it was stored.

use std::sync::Arc;

use penstock_policy::record::RecordId;
use penstock_policy::refusal::Refusal;
use penstock_policy::space::Taken;
use tokio::sync::OwnedRwLockReadGuard;

use super::Books;

/// Something that changes a schedule's files. While it lives, the schedule isn't taken for being at rest.
#[derive(Debug)]
pub struct Work {
    books: Arc<Books>,
    schedule: RecordId,
    reserved: u64,
    /// Whether its bytes are data.
    data: bool,
    /// Keeps a count of this schedule from finishing meanwhile.
    _door: Option<OwnedRwLockReadGuard<()>>,
}

impl Work {
    /// Begins. Before anything is written, the records have to say that something may be: see [`Work::is_marked`].
    ///
    /// # Errors
    /// [`Refusal::Recounting`] while the schedule is being counted, unless it is `small`: a lock, which is counted last.
    pub async fn begin(
        books: &Arc<Books>,
        schedule: RecordId,
        small: bool,
    ) -> Result<Self, Refusal> {
        loop {
            let door = match books.open().rows.get(&schedule) {
                None => return Err(Refusal::LocationUnavailable),
                Some(row) if row.counting.is_some() && !small => return Err(Refusal::Recounting),
                Some(row) => row.counting.clone(),
            };
            let door = match door {
                Some(door) => Some(door.read_owned().await),
                None => None,
            };
            let mut pages = books.open();
            let Some(row) = pages.rows.get_mut(&schedule) else {
                return Err(Refusal::LocationUnavailable);
            };
            // Counted, or to be counted again, while it was waited for.
            if row.counting.is_some() != door.is_some() {
                continue;
            }
            row.workers += 1;
            drop(pages);
            return Ok(Self {
                books: Arc::clone(books),
                schedule,
                reserved: 0,
                data: false,
                _door: door,
            });
        }
    }

    /// Its bytes are data, or aren't.
    #[must_use]
    pub fn of_data(mut self, data: bool) -> Self {
        self.data = data;
        self
    }

    /// The schedule.
    #[must_use]
    pub fn schedule(&self) -> RecordId {
        self.schedule
    }

    /// Whether the records say that something may be written. While this lives they go on saying it.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        let pages = self.books.open();
        pages.rows.get(&self.schedule).is_some_and(|row| row.marked)
    }

    /// The records say now that something writes.
    pub fn marked(&self) {
        if let Some(row) = self.books.open().rows.get_mut(&self.schedule) {
            row.marked = true;
        }
    }

    /// Takes so many bytes at every level at once, if `fits` says so of what is taken; it runs under the lock.
    ///
    /// # Errors
    /// What `fits` answers; then nothing is taken.
    pub fn reserve(
        &mut self,
        bytes: u64,
        fits: impl FnOnce(Taken) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut pages = self.books.open();
        fits(pages.taken_by(self.schedule))?;
        let data = if self.data { bytes } else { 0 };
        pages.change(self.schedule, |sum| {
            sum.reserved += bytes;
            sum.data += data;
        });
        self.reserved += bytes;
        Ok(())
    }

    /// What was reserved is used now.
    pub fn stored(mut self) {
        let bytes = std::mem::take(&mut self.reserved);
        let mut pages = self.books.open();
        let Some(row) = pages.rows.get_mut(&self.schedule) else {
            return;
        };
        let gone = row.early.min(bytes);
        row.early -= gone;
        pages.change(self.schedule, |sum| {
            sum.reserved -= bytes;
            sum.used += bytes - gone;
        });
    }

    /// So many bytes are used no more. Somebody may be quick enough to delete what was stored, but isn't counted yet.
    pub fn freed(self, bytes: u64) {
        let mut pages = self.books.open();
        let Some(row) = pages.rows.get_mut(&self.schedule) else {
            return;
        };
        // No more than is on its way: the rest was never counted, put there behind our back.
        let early = row.early + bytes.saturating_sub(row.sum.used);
        row.early = early.min(row.sum.reserved);
        let data = if self.data { bytes } else { 0 };
        pages.change(self.schedule, |sum| {
            sum.used = sum.used.saturating_sub(bytes);
            sum.data = sum.data.saturating_sub(data);
        });
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut pages = self.books.open();
        let reserved = self.reserved;
        if reserved > 0 {
            let data = if self.data { reserved } else { 0 };
            pages.change(self.schedule, |sum| {
                sum.reserved -= reserved;
                sum.data = sum.data.saturating_sub(data);
            });
        }
        if let Some(row) = pages.rows.get_mut(&self.schedule) {
            row.workers -= 1;
            if row.workers == 0 {
                row.early = 0;
            }
        }
        // It may be at rest now, and then the records are to say so.
        pages.changed.insert(self.schedule);
    }
}
