//! The administrators' sockets: who may connect, what may be asked, and the answers.
//!
//! A [`Listener`] takes connections for [`serve`]; `peer` decides by the kernel's word what each may do; `connection`
//! speaks the frames of the admin contract; `handle` sends each request to the file that answers it. What changes
//! records goes through the store's verbs, with the peer's credentials for the audit.

mod apply;
mod attention;
mod census;
mod clients;
mod connection;
mod customers;
mod edits;
mod effects;
mod explain;
mod export;
mod failure;
mod folders;
mod handle;
mod history;
mod listener;
mod locations;
mod mcal;
mod notes;
mod page;
mod peer;
mod removal;
mod resellers;
mod reused;
mod schedules;
mod serve;
mod shortages;
mod snapshots;
mod space;
mod standing;
mod status;
pub mod trash;
mod trends;
mod watch;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use penstock_policy::names::Address;
use penstock_wire::view::Who;
use tokio::sync::Mutex;
use tokio::sync::watch::Receiver;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use listener::{BindError, Listener};
pub use peer::{Groups, Socket};
pub use serve::serve;

use crate::clock::Clock;
use crate::events::Events;
use crate::live::{Live, Refusals};
use crate::secrets::Hasher;
use crate::store::{BrokenAt, Resolved, Store};
use crate::vault::Locations;
use census::Census;
use failure::Fault;
use peer::Peers;
use reused::Reused;
use trends::Trends;

/// Forgets failed attempts of a client, by its customer's short name and its id.
pub type Forgive = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// When the certificate that is served now ends; none when there is none, or it isn't known.
pub type CertificateEnd = Arc<dyn Fn() -> Option<Timestamp> + Send + Sync>;

/// What bounds an administrator's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open connections of each socket.
    pub connections: usize,
    /// For a request to arrive once its first byte has, and for an answer to be taken.
    pub timeout: Duration,
}

/// All that the sockets work on.
#[derive(Clone)]
pub struct Context {
    /// The records.
    pub store: Store,
    /// Running backups.
    pub live: Live,
    /// The table of refusals.
    pub refusals: Refusals,
    /// What `watch` shows.
    pub events: Events,
    /// Where repositories lie.
    pub locations: Locations,
    /// Where the records lie; no location may hold them.
    pub state_dir: PathBuf,
    /// Folders beneath which locations may be made; a reload changes them.
    pub roots: Receiver<Vec<PathBuf>>,
    /// Hashes chosen passwords.
    pub hasher: Hasher,
    /// The time.
    pub clock: Clock,
    /// When the daemon started.
    pub started: Timestamp,
    /// The daemon's version.
    pub version: String,
    /// Falls when the daemon begins to stop.
    pub draining: CancellationToken,
    /// What the check of the audit at the start found.
    pub audit: Option<BrokenAt>,
    /// Who may use the sockets.
    pub groups: Groups,
    /// Bounds.
    pub limits: Limits,
    /// Lets a client that was slowed down try again at once.
    pub forgive: Forgive,
    /// For the warning before the certificate ends.
    pub certificate_end: CertificateEnd,
}

/// The administrators' side of the daemon, shared by both sockets.
pub struct Admin {
    context: Context,
    peers: Peers,
    /// Held from a removal's or restoring's records to its folders, so that nobody finishes it twice.
    folders: Mutex<()>,
    /// The same for what is deleted for good, which takes long and must not hold up removals.
    emptying: Mutex<()>,
    /// Deleting that goes on after its request was answered.
    deleting: TaskTracker,
    census: Reused<Census>,
    trends: Reused<Trends>,
    /// Held while a location is added or forgotten: the disk is looked at before the records are.
    placing: Mutex<()>,
}

/// Who the daemon itself is in the audit.
fn penstockd() -> Who {
    Who {
        uid: None,
        gid: None,
        pid: None,
        user: "penstockd".to_owned(),
    }
}

impl Admin {
    /// With nothing open yet.
    #[must_use]
    pub fn new(context: Context) -> Arc<Self> {
        Arc::new(Self {
            peers: Peers::new(context.groups.clone(), context.clock.clone()),
            context,
            folders: Mutex::default(),
            emptying: Mutex::default(),
            deleting: TaskTracker::new(),
            census: Reused::default(),
            trends: Reused::default(),
            placing: Mutex::default(),
        })
    }

    /// The time now.
    fn now(&self) -> Timestamp {
        self.context.clock.wall()
    }

    /// What an address leads to.
    async fn resolve(&self, address: &Address) -> Result<Resolved, Fault> {
        let tree = self.context.store.tree();
        let customer = tree.find_customer(&address.customer)?.clone();
        let address = address.clone();
        let read = move |reader: &crate::store::Reader| Ok(reader.resolve(&customer, &address));
        Ok(self.context.store.read(read).await??)
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin")
            .field("version", &self.context.version)
            .field("groups", &self.context.groups)
            .finish_non_exhaustive()
    }
}
