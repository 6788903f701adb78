//! Clients that are published on first use, and kept while somebody follows them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use penstock_policy::names::ClientId;
use penstock_policy::record::RecordId;
use tokio::sync::watch;

use super::schema::Look;
use super::tree::ClientState;
use super::trouble::Trouble;
use super::tx::{client_number, client_state};

/// Clients kept before those that nobody follows are dropped.
const CAPACITY: usize = 20_000;

/// The published clients. What isn't there is read while the lock is held, and the writer publishes under the same
/// lock after each commit: so an entry is never older than the last commit that was answered.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Clients>);

#[derive(Debug, Default)]
struct Clients {
    entries: HashMap<RecordId, Entry>,
    numbers: HashMap<(RecordId, ClientId), RecordId>,
    sweep_at: usize,
}

#[derive(Debug)]
struct Entry {
    state: watch::Sender<Arc<ClientState>>,
    keys: Vec<(RecordId, ClientId)>,
}

impl Cache {
    /// The client, if it is published.
    pub fn get(
        &self,
        customer: RecordId,
        id: &ClientId,
    ) -> Option<watch::Receiver<Arc<ClientState>>> {
        let clients = self.lock();
        let number = clients.numbers.get(&(customer, id.clone()))?;
        let entry = clients.entries.get(number)?;
        Some(entry.state.subscribe())
    }

    /// The client, read from a snapshot that `begin` takes if it isn't published yet. Blocks.
    pub fn load<L: Look>(
        &self,
        customer: RecordId,
        id: &ClientId,
        begin: impl FnOnce() -> Result<L, Trouble>,
    ) -> Result<Option<watch::Receiver<Arc<ClientState>>>, Trouble> {
        let mut clients = self.lock();
        let look = begin()?;
        let Some(number) = client_number(&look, customer, id)? else {
            return Ok(None);
        };
        let key = (customer, id.clone());
        if !clients.entries.contains_key(&number) {
            let state = client_state(&look, number)?;
            if state.client.is_none() {
                return Ok(None);
            }
            clients.make_room();
            let entry = Entry {
                state: watch::Sender::new(Arc::new(state)),
                keys: Vec::new(),
            };
            clients.entries.insert(number, entry);
        }
        let known = clients.numbers.insert(key.clone(), number).is_some();
        Ok(clients.entries.get_mut(&number).map(|entry| {
            if !known {
                entry.keys.push(key);
            }
            entry.state.subscribe()
        }))
    }

    /// Publishes what a commit changed.
    pub fn publish(&self, changed: impl IntoIterator<Item = (RecordId, ClientState)>) {
        let mut clients = self.lock();
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

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clients {
    fn forget(&mut self, number: RecordId) {
        if let Some(entry) = self.entries.remove(&number) {
            for key in entry.keys {
                self.numbers.remove(&key);
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
