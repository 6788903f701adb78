//! What ids lead to, read on first use: clients are kept while somebody follows them, and so is, for a while, that there is
//! no client, so that asking for one that isn't there takes no longer than for one that is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use penstock_policy::names::{ClientId, fold};
use penstock_policy::record::RecordId;
use tokio::sync::watch;

use super::ids::{client_number, is_removed};
use super::schema::Look;
use super::tree::ClientState;
use super::trouble::Trouble;
use super::tx::client_state;

/// Clients kept before those that nobody follows are dropped.
const CAPACITY: usize = 20_000;
/// Ids that lead to nobody kept before all of them are dropped: anyone can ask for any number of them.
pub(super) const ABSENT: usize = 10_000;

/// What a customer's id leads to.
#[derive(Debug, Clone)]
pub struct Found {
    /// The client, also where it was before it was moved (then its `customer` is another); none when there is none.
    /// The receiver shows every later commit; after a removal its `client` is none.
    pub state: Option<watch::Receiver<Arc<ClientState>>>,
    /// Whether the id, however it is written, was removed from that customer and stays blocked.
    pub removed: bool,
}

/// The published clients. What isn't there is read while the lock is held, and the writer publishes under the same
/// lock after each commit: so an entry is never older than the last commit that was answered.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Clients>);

#[derive(Debug, Default)]
struct Clients {
    entries: HashMap<RecordId, Entry>,
    answers: HashMap<(RecordId, ClientId), Answer>,
    /// The ids that lead to nobody, by customer and folded id: what is blocked is blocked in every spelling.
    absent: HashMap<(RecordId, String), Vec<ClientId>>,
    /// How many these are.
    nobodies: usize,
    sweep_at: usize,
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Client(RecordId),
    Nobody { removed: bool },
}

#[derive(Debug)]
struct Entry {
    state: watch::Sender<Arc<ClientState>>,
    keys: Vec<(RecordId, ClientId)>,
}

impl Cache {
    /// What the id leads to, if that was read already.
    pub fn get(&self, customer: RecordId, id: &ClientId) -> Option<Found> {
        self.lock().find(&(customer, id.clone()))
    }

    /// What the id leads to, read from a snapshot that `begin` takes if that is needed. Blocks.
    pub fn load<L: Look>(
        &self,
        customer: RecordId,
        id: &ClientId,
        begin: impl FnOnce() -> Result<L, Trouble>,
    ) -> Result<Found, Trouble> {
        let mut clients = self.lock();
        let key = (customer, id.clone());
        if let Some(found) = clients.find(&key) {
            return Ok(found);
        }
        let look = begin()?;
        if let Some(number) = client_number(&look, customer, id)? {
            if !clients.entries.contains_key(&number) {
                clients.enter(number, client_state(&look, number)?);
            }
            if let Some(entry) = clients.entries.get_mut(&number) {
                entry.keys.push(key.clone());
                let state = Some(entry.state.subscribe());
                clients.answers.insert(key, Answer::Client(number));
                return Ok(Found {
                    state,
                    removed: false,
                });
            }
        }
        let removed = is_removed(&look, customer, id)?;
        clients.note_absent(key, removed);
        Ok(Found {
            state: None,
            removed,
        })
    }

    /// Nobody else reads or publishes until the result is used.
    pub fn publishing(&self) -> Publishing<'_> {
        Publishing(self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub fn nobodies(&self) -> usize {
        self.lock().nobodies
    }
}

/// The cache while a commit is being published.
pub(super) struct Publishing<'a>(MutexGuard<'a, Clients>);

impl Publishing<'_> {
    /// Publishes what a commit changed: clients, and ids in their customers, folded.
    pub fn publish(
        self,
        changed: impl IntoIterator<Item = (RecordId, ClientState)>,
        ids: impl IntoIterator<Item = (RecordId, String)>,
    ) {
        let Self(mut clients) = self;
        for (customer, folded) in ids {
            clients.forget_absent(customer, folded);
        }
        for (number, state) in changed {
            let gone = state.client.is_none();
            if let Some(entry) = clients.entries.get(&number) {
                entry.state.send_replace(Arc::new(state));
            }
            if gone {
                clients.forget(number);
            }
        }
    }
}

impl Clients {
    fn find(&self, key: &(RecordId, ClientId)) -> Option<Found> {
        match *self.answers.get(key)? {
            Answer::Client(number) => Some(Found {
                state: Some(self.entries.get(&number)?.state.subscribe()),
                removed: false,
            }),
            Answer::Nobody { removed } => Some(Found {
                state: None,
                removed,
            }),
        }
    }

    fn enter(&mut self, number: RecordId, state: ClientState) {
        if state.client.is_none() {
            return;
        }
        self.make_room();
        let entry = Entry {
            state: watch::Sender::new(Arc::new(state)),
            keys: Vec::new(),
        };
        self.entries.insert(number, entry);
    }

    fn note_absent(&mut self, key: (RecordId, ClientId), removed: bool) {
        if self.nobodies >= ABSENT {
            let named = |answer: &Answer| matches!(answer, Answer::Client(_));
            self.answers.retain(|_, answer| named(answer));
            self.absent.clear();
            self.nobodies = 0;
        }
        let (customer, id) = &key;
        let spellings = self.absent.entry((*customer, fold(id.as_str())));
        spellings.or_default().push(id.clone());
        self.nobodies += 1;
        self.answers.insert(key, Answer::Nobody { removed });
    }

    fn forget_absent(&mut self, customer: RecordId, folded: String) {
        for spelling in self.absent.remove(&(customer, folded)).unwrap_or_default() {
            self.nobodies -= 1;
            self.answers.remove(&(customer, spelling));
        }
    }

    fn forget(&mut self, number: RecordId) {
        if let Some(entry) = self.entries.remove(&number) {
            for key in entry.keys {
                self.answers.remove(&key);
            }
        }
    }

    fn make_room(&mut self) {
        if self.entries.len() < self.sweep_at.max(CAPACITY) {
            return;
        }
        let idle: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.state.receiver_count() == 0)
            .map(|(number, _)| *number)
            .collect();
        for number in idle {
            self.forget(number);
        }
        // Where most are followed, the next sweep waits until it can be worth its while.
        self.sweep_at = self.entries.len() * 2;
    }
}
