//! The records: one writer thread that owns redb, and what it publishes after each commit.

mod admin;
mod cache;
mod command;
mod data;
mod open;
mod reader;
mod tree;

use std::sync::Arc;

use penstock_policy::names::ClientId;
use penstock_policy::record::RecordId;
use tokio::sync::watch;

pub use command::{
    AddClients, AddCustomer, AddReseller, Added, Edit, Edited, Enrol, Enrolled, NewSchedule,
    Register, Registered, Rejected, Removal, Target, TrashState, TrashWork, Unavailable,
};
pub use open::{OpenError, Options};
pub use reader::{AuditFilter, BrokenAt, Reader};
pub use tree::{ClientState, Tree};

/// The records, for everyone; clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {
    tree: watch::Receiver<Arc<Tree>>,
}

/// The writer's thread.
#[derive(Debug)]
pub struct Writer(Option<std::thread::JoinHandle<()>>);

impl Store {
    /// Opens the records below the state directory, makes them at the first start, checks every page, migrates an
    /// older format, and starts the writer. Blocks.
    ///
    /// # Errors
    /// When another `penstockd` has them, they are damaged, newer than this program, or can't be read or written.
    pub fn open(options: Options) -> Result<(Self, Writer), OpenError> {
        let _ = options;
        Err(OpenError::Unfinished)
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

    /// The client that this customer's id leads to, also where it was before it was moved (then its `customer` is
    /// another); none when there is none. The receiver shows every later commit; after a removal its `client` is none.
    ///
    /// # Errors
    /// When the records can't be read.
    pub async fn client(
        &self,
        customer: RecordId,
        id: &ClientId,
    ) -> Result<Option<watch::Receiver<Arc<ClientState>>>, Unavailable> {
        let _ = (customer, id);
        Err(Unavailable("not started".into()))
    }

    /// Whether the id was removed from that customer and stays blocked.
    ///
    /// # Errors
    /// When the records can't be read.
    pub async fn removed(&self, customer: RecordId, id: &ClientId) -> Result<bool, Unavailable> {
        let _ = (customer, id);
        Err(Unavailable("not started".into()))
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
        let _ = read;
        Err(Unavailable("not started".into()))
    }

    /// Answers what is queued, commits, closes the records cleanly and ends the writer. What is asked later is
    /// answered as unavailable.
    pub async fn close(&self) {}
}

impl Writer {
    /// Waits for the writer's end: after [`Store::close`], or when the last [`Store`] is gone. Blocks.
    pub fn join(mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}
