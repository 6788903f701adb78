//! One HTTP request, in five named steps: route, authenticate, gate, objects, answer.
//!
//! `server` accepts connections, `line` is one connection's state, `serve` walks a request through the steps.

mod answer;
mod authenticate;
mod crowd;
mod download;
mod gate;
mod limiter;
mod line;
mod list;
mod objects;
mod register;
mod room;
mod route;
mod serve;
mod server;
mod turns;
mod upload;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use penstock_policy::record::Schedule;
use penstock_policy::refusal::Refusal;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::live::{Live, Refusals};
use crate::store::Store;
use crate::vault::{Location, Locations, RepoFolder, Repository};

pub use authenticate::Doorkeeper;
pub use crowd::Crowd;
pub use limiter::{Attempt, Limiter};
pub use room::Disks;
pub use server::serve as accept;

use answer::Fault;

/// What the data path works with.
pub struct Gateway {
    /// The records.
    pub store: Store,
    /// Backups in progress.
    pub live: Live,
    /// The table of refusals.
    pub refusals: Refusals,
    /// Where repositories lie.
    pub locations: Locations,
    /// The room on their disks.
    pub disks: Disks,
    /// Checks passwords.
    pub doorkeeper: Doorkeeper,
    /// The time.
    pub clock: Clock,
    /// How many connections and uploads there are.
    pub crowd: Crowd,
    /// What a reload of the configuration can change.
    pub settings: watch::Receiver<Arc<Settings>>,
}

/// Bounds on what comes from outside.
pub struct Settings {
    /// Open connections.
    pub connections: usize,
    /// Of one source.
    pub connections_per_source: usize,
    /// Of one customer.
    pub connections_per_customer: usize,
    /// Bodies being received at once.
    pub uploads: usize,
    /// For a connection's first request head, and between requests while nobody authenticated.
    pub header_timeout: Duration,
    /// Between the requests of somebody who authenticated.
    pub idle_timeout: Duration,
    /// For a body of which nothing comes, or an answer of which nothing is taken.
    pub stalled_body_timeout: Duration,
    /// Whose `X-Forwarded-For` counts.
    pub trusts_proxy: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

impl Gateway {
    /// The bounds as configured now.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    /// A location by name.
    ///
    /// # Errors
    /// When there is none of that name.
    fn location(&self, name: &str) -> Result<Location, Fault> {
        let location = self.locations.get(name);
        location.ok_or(Fault::Refused(Refusal::LocationUnavailable))
    }

    /// A schedule's repository.
    ///
    /// # Errors
    /// When its location or folder isn't there.
    async fn repository(&self, schedule: &Schedule) -> Result<Repository, Fault> {
        let folder = RepoFolder::parse(&schedule.folder)?;
        Ok(self
            .location(&schedule.location)?
            .repository(&folder)
            .await?)
    }
}
