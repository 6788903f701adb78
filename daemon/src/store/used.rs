//! Used space between the records and the books: loaded at the start, followed with each commit, kept as it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use penstock_policy::record::{Client, RecordId, Schedule};
use penstock_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use super::Store;
use super::command::{TrashState, Unavailable};
use super::schema::{CLIENTS, Look, SCHEDULES, TRASH, USED, all, decode, go_on};
use super::trash::Row;
use super::tree::{ClientState, Tree};
use super::trouble::{Stop, Trouble};
use super::tx::Tx;
use crate::space::{Books, Count, Edition, Located, Used, Work};

/// How long an upload waits for its schedule to be counted.
pub const COUNTED: Duration = Duration::from_secs(5);

/// A schedule's use as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    bytes: u64,
    data: u64,
    dirty: bool,
}

/// The books as the records have them: what may have been written when they were last closed is to be counted.
pub(super) fn load(look: &impl Look, tree: &Tree) -> Result<Books, Trouble> {
    let mut schedules: BTreeMap<RecordId, Vec<Schedule>> = BTreeMap::new();
    look.walk(SCHEDULES, all(), false, &mut |(client, _), bytes| {
        let schedule: Schedule = decode("schedules", bytes)?;
        schedules
            .entry(RecordId(client))
            .or_default()
            .push(schedule);
        Ok(go_on(true))
    })?;
    let mut clients: Vec<(RecordId, RecordId)> = Vec::new();
    look.walk(CLIENTS, all(), false, &mut |_, bytes| {
        let client: Client = decode("clients", bytes)?;
        clients.push((client.id, client.customer));
        Ok(go_on(true))
    })?;
    let trash: Vec<Row> = look.values(TRASH, all(), usize::MAX)?;
    let books = Books::default();
    let mut result = Ok(());
    books.republish(|edition| {
        for customer in tree.customers.values() {
            edition.customer(customer.id, customer.reseller);
        }
        for (client, customer) in &clients {
            let own: Vec<Located> = schedules
                .get(client)
                .into_iter()
                .flatten()
                .map(located)
                .collect();
            edition.client(*client, *customer, &own);
        }
        // What is being brought back has its records already.
        let in_trash = trash
            .iter()
            .filter(|row| row.state != TrashState::Restoring);
        let in_trash: Vec<&Schedule> = in_trash.flat_map(Row::schedules).collect();
        for schedule in &in_trash {
            edition.trashed(&located(schedule));
        }
        let known = schedules.values().flatten().chain(in_trash);
        for schedule in known {
            match look.get::<Stored, _>(USED, schedule.id.0) {
                Ok(stored) => edition.used(used(schedule.id, stored)),
                Err(trouble) => result = Err(trouble),
            }
        }
    });
    result.map(|()| books)
}

/// Brings the books to what a commit made of the records.
pub(super) fn publish(
    edition: &mut Edition<'_>,
    tree: &Tree,
    customers: &BTreeSet<RecordId>,
    clients: &BTreeMap<RecordId, ClientState>,
    gone: &BTreeSet<RecordId>,
) {
    for customer in customers {
        if let Some(customer) = tree.customers.get(customer) {
            edition.customer(customer.id, customer.reseller);
        }
    }
    for (client, state) in clients {
        match &state.client {
            Some(record) => {
                let own: Vec<Located> = state
                    .schedules
                    .values()
                    .map(|schedule| located(schedule))
                    .collect();
                edition.client(*client, record.customer, &own);
            }
            None => edition.client_gone(*client),
        }
    }
    for schedule in gone {
        edition.schedule_gone(*schedule);
    }
    // Last: what a customer had was its clients'.
    for customer in customers {
        if tree.customers.get(customer).is_none() {
            edition.customer_gone(*customer);
        }
    }
}

/// A schedule is new and its folder empty: nothing is used, and nothing has to be counted.
pub(super) fn begin(tx: &Tx, schedule: RecordId) -> Result<(), Trouble> {
    let none = Stored {
        bytes: 0,
        data: 0,
        dirty: false,
    };
    tx.put(USED, schedule.0, &none)
}

fn mark(tx: &Tx, books: &Books, schedule: RecordId) -> Result<(), Stop<Refusal>> {
    // Whoever asked may have gone already, and then nothing else would say that it is at rest.
    books.keep_again([schedule]);
    let stored: Option<Stored> = tx.get(USED, schedule.0)?;
    let (bytes, data) = stored.map_or((0, 0), |stored| (stored.bytes, stored.data));
    Ok(tx.put(
        USED,
        schedule.0,
        &Stored {
            bytes,
            data,
            dirty: true,
        },
    )?)
}

fn find(look: &impl Look, wanted: &HashSet<RecordId>) -> Result<Vec<Lying>, Trouble> {
    let mut found = Vec::new();
    let mut places = HashMap::new();
    look.walk(SCHEDULES, all(), false, &mut |_, bytes| {
        let schedule: Schedule = decode("schedules", bytes)?;
        if wanted.contains(&schedule.id) {
            places.insert(schedule.id, found.len());
            found.push(Lying {
                schedule,
                trash: None,
            });
        }
        Ok(go_on(true))
    })?;
    let trash: Vec<Row> = look.values(TRASH, all(), usize::MAX)?;
    for row in &trash {
        let schedules = row
            .schedules()
            .filter(|schedule| wanted.contains(&schedule.id));
        for schedule in schedules {
            // What is being brought back may still lie there.
            match places.get(&schedule.id) {
                Some(place) => found[*place].trash = Some(row.item),
                None => found.push(Lying {
                    schedule: schedule.clone(),
                    trash: Some(row.item),
                }),
            }
        }
    }
    Ok(found)
}

fn located(schedule: &Schedule) -> Located {
    Located {
        schedule: schedule.id,
        location: schedule.location.clone(),
    }
}

fn used(schedule: RecordId, stored: Option<Stored>) -> Used {
    Used {
        schedule,
        bytes: stored.map_or(0, |stored| stored.bytes),
        data: stored.map_or(0, |stored| stored.data),
        dirty: stored.is_none_or(|stored| stored.dirty),
    }
}

/// Where a schedule's files lie.
#[derive(Debug, Clone)]
pub struct Lying {
    /// Its record.
    pub schedule: Schedule,
    /// The item of the trash that it is in, if it is.
    pub trash: Option<u64>,
}

impl Store {
    /// Where the files of those lie that have to be counted.
    ///
    /// # Errors
    /// When the records can't be read.
    pub async fn uncounted(&self) -> Result<Vec<Lying>, Unavailable> {
        let wanted: HashSet<RecordId> = self.books.uncounted().into_iter().collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let shared = Arc::clone(&self.shared);
        self.blocking(move || Ok(find(&shared.begin_read()?, &wanted)?))
            .await
    }

    /// See [`Count::last`].
    pub async fn count_last(&self, schedule: RecordId) -> Option<Count> {
        Count::last(&self.books, schedule).await
    }

    /// Begins an upload or delete, once the schedule is counted if that is soon. Before anything is written, it has to be
    /// [marked](Self::mark).
    ///
    /// # Errors
    /// [`Refusal::Recounting`] while the schedule is being counted, unless it is a lock.
    pub async fn begin_work(&self, schedule: RecordId, lock: bool) -> Result<Work, Refusal> {
        let begin = || Work::begin(&self.books, schedule, lock);
        match begin().await {
            Err(Refusal::Recounting) => {
                let counted = self.books.until_counted(schedule);
                // Most repositories are counted within that; whoever waited in vain is refused below.
                let _ = tokio::time::timeout(COUNTED, counted).await;
                begin().await
            }
            begun => begun,
        }
    }

    /// Has the records say durably that something may be written, so that a crash leaves no figure that is taken for
    /// sure.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`], and then nothing may be written.
    pub async fn mark(&self, work: &Work) -> Result<(), Refusal> {
        if work.is_marked() {
            return Ok(());
        }
        let (books, schedule) = (Arc::clone(&self.books), work.schedule());
        self.decide(move |tx| mark(tx, &books, schedule)).await?;
        work.marked();
        Ok(())
    }

    /// [`Store::begin_work`] and [`Store::mark`].
    ///
    /// # Errors
    /// See both.
    pub async fn work(&self, schedule: RecordId, lock: bool) -> Result<Work, Refusal> {
        let work = self.begin_work(schedule, lock).await?;
        self.mark(&work).await?;
        Ok(work)
    }

    /// Keeps the figures that changed: those of schedules at rest for sure.
    ///
    /// # Errors
    /// When they can't be written; then they are kept the next time.
    pub async fn keep_used(&self) -> Result<(), Refusal> {
        let changed = self.books.changed();
        if changed.is_empty() {
            return Ok(());
        }
        let (books, wanted) = (Arc::clone(&self.books), changed.clone());
        let kept = self.decide(move |tx: &Tx| {
            // Looked at when it is written: a mark that comes later is queued behind this.
            for used in books.to_keep(&wanted) {
                let stored = Stored {
                    bytes: used.bytes,
                    data: used.data,
                    dirty: used.dirty,
                };
                tx.put(USED, used.schedule.0, &stored)?;
            }
            Ok(())
        });
        let kept: Result<(), Refusal> = kept.await;
        if kept.is_err() {
            self.books.keep_again(changed);
        }
        kept
    }
}
