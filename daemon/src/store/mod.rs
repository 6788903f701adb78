//! The records: one writer thread that owns redb, and what it publishes after each commit.

mod admin;
mod audit;
mod cache;
mod command;
mod data;
mod ids;
mod ledger;
mod migrate;
mod open;
mod reader;
mod samples;
mod schema;
mod shares;
mod storage;
#[cfg(test)]
mod tests;
mod trash;
mod tree;
mod trouble;
mod tx;
mod used;
mod verbs;
mod writer;

use std::sync::Arc;

use penstock_policy::names::{Address, ClientId};
use penstock_policy::record::RecordId;
use tokio::sync::{mpsc, oneshot, watch};

pub use cache::Found;
pub use command::{
    AddClients, AddCustomer, AddReseller, Added, Applied, Apply, Edit, Edited, Enrol, Enrolled,
    Fresh, LocationRecord, NewSchedule, Register, Registered, Rejected, Removal, Staged, Target,
    TrashState, TrashWork, Unavailable,
};
pub use open::{OpenError, Options};
pub use reader::{AuditFilter, BrokenAt, Reader, Resolved};
pub use samples::{SAMPLE_DAYS, UsedByDay, date_of, day_of};
pub use tree::{ClientState, Tree};
pub use used::{COUNTED, Lying};

use cache::Cache;
use migrate::migrate;
use open::{Place, Storage};
use trouble::{Stop, Trouble};
use tx::{Counters, Tx};
use writer::{Call, Message, Shared, Worker};

use crate::space::Books;

/// Commands that may wait for the writer; whoever brings more waits to be let in.
const QUEUE: usize = 1024;

/// The records, for everyone; clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {
    queue: mpsc::Sender<Message>,
    tree: watch::Receiver<Arc<Tree>>,
    cache: Arc<Cache>,
    books: Arc<Books>,
    shared: Arc<Shared>,
}

/// The writer's thread.
#[derive(Debug)]
pub struct Writer(std::thread::JoinHandle<()>);

impl Store {
    /// Opens the records below the state directory, makes them at the first start, checks every page, migrates an
    /// older format, and starts the writer. Blocks.
    ///
    /// # Errors
    /// When another `penstockd` has them, they are damaged, newer than this program, or can't be read or written.
    pub fn open(options: Options) -> Result<(Self, Writer), OpenError> {
        Self::open_on(options, Storage::default())
    }

    pub(crate) fn open_on(options: Options, storage: Storage) -> Result<(Self, Writer), OpenError> {
        let place = Place::new(&options.state_dir, storage);
        let lock = place.lock()?;
        let damaged = |trouble: Trouble| place.damaged(&trouble);
        if !place.path.exists() {
            place.create(&options).map_err(damaged)?;
        }
        let database = place.open().map_err(damaged)?;
        migrate(&database, &place)?;
        let shared = Arc::new(Shared::new(database));
        let snapshot = shared.begin_read().map_err(damaged)?;
        let counters = Counters::read(&snapshot).map_err(damaged)?;
        let tree = Tree::load(&snapshot).map_err(damaged)?;
        let books = Arc::new(used::load(&snapshot, &tree).map_err(damaged)?);
        let (publish, tree) = watch::channel(Arc::new(tree));
        let (queue, commands) = mpsc::channel(QUEUE);
        let cache = Arc::new(Cache::default());
        let path = place.path.clone();
        let worker = Worker {
            shared: shared.clone(),
            place,
            queue: commands,
            tree: publish,
            cache: cache.clone(),
            books: books.clone(),
            counters,
            doubtful: None,
            clock: options.clock,
            events: options.events,
            lock,
        };
        // A driven clock goes with the time of the runtime that it was made in.
        let runtime = tokio::runtime::Handle::try_current().ok();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                let _entered = runtime.as_ref().map(tokio::runtime::Handle::enter);
                worker.run();
            })
            .map_err(|source| OpenError::Unusable { path, source })?;
        let store = Self {
            queue,
            tree,
            cache,
            books,
            shared,
        };
        Ok((store, Writer(thread)))
    }

    /// Server, resellers and customers as of the last commit.
    #[must_use]
    pub fn tree(&self) -> Arc<Tree> {
        self.tree.borrow().clone()
    }

    /// Follows [`Store::tree`].
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<Arc<Tree>> {
        self.tree.clone()
    }

    /// What is used and reserved.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// What this customer's id leads to. For an id that leads to nobody it takes as long as for another: once asked, it
    /// is answered without the database.
    ///
    /// # Errors
    /// When the records can't be read.
    pub async fn find(&self, customer: RecordId, id: &ClientId) -> Result<Found, Unavailable> {
        if let Some(found) = self.cache.get(customer, id) {
            return Ok(found);
        }
        let (cache, shared, id) = (self.cache.clone(), self.shared.clone(), id.clone());
        self.blocking(move || Ok(cache.load(customer, &id, || shared.begin_read())?))
            .await
    }

    /// [`Found::state`] of [`Store::find`].
    ///
    /// # Errors
    /// When the records can't be read.
    pub async fn client(
        &self,
        customer: RecordId,
        id: &ClientId,
    ) -> Result<Option<watch::Receiver<Arc<ClientState>>>, Unavailable> {
        Ok(self.find(customer, id).await?.state)
    }

    /// What an address leads to, or that there is no such thing and which name was probably meant.
    ///
    /// # Errors
    /// [`Rejected::NotFound`], or that the records can't be read.
    pub async fn resolve(&self, address: Address) -> Result<Resolved, Rejected> {
        let customer = self.tree().find_customer(&address.customer)?.clone();
        self.read(move |reader| Ok(reader.resolve(&customer, &address)))
            .await?
    }

    /// [`Found::removed`] of [`Store::find`].
    ///
    /// # Errors
    /// When the records can't be read.
    pub async fn removed(&self, customer: RecordId, id: &ClientId) -> Result<bool, Unavailable> {
        Ok(self.find(customer, id).await?.removed)
    }

    /// Reads from one snapshot of the records, on a thread for blocking work.
    ///
    /// # Errors
    /// When the records can't be read.
    pub async fn read<T, F>(&self, read: F) -> Result<T, Unavailable>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> Result<T, Unavailable> + Send + 'static,
    {
        let shared = self.shared.clone();
        self.blocking(move || read(&Reader::new(shared.begin_read()?)))
            .await
    }

    /// Answers what is queued, commits, closes the records cleanly and ends the writer. What is asked later is
    /// answered as unavailable.
    pub async fn close(&self) {
        let (told, closed) = oneshot::channel();
        if self.queue.send(Message::Close(told)).await.is_ok() {
            // An error is a writer that is gone already.
            let _ = closed.await;
        }
    }

    /// Queues a verb, and waits for its answer.
    async fn decide<T, E, F>(&self, decide: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Unavailable> + Send + 'static,
        F: Fn(&Tx) -> Result<T, Stop<E>> + Send + 'static,
    {
        let stopped = || Unavailable("the server is being stopped; nothing was changed".to_owned());
        let (call, answer) = Call::new(decide);
        let command = Message::Command(Box::new(call));
        self.queue.send(command).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let done = tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(Unavailable("reading them failed inside".to_owned())));
        if done.is_err() {
            // When the queue is full the writer notices by itself.
            let _ = self.queue.try_send(Message::Check);
        }
        done
    }
}

impl Writer {
    /// Waits for the writer's end: after [`Store::close`], or when the last [`Store`] is gone. Blocks.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the writer of the records failed inside");
        }
    }
}
