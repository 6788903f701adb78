//! The locations that are known, by name; for everyone, as they come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::Location;

/// Backup locations by name; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Locations(watch::Sender<Arc<BTreeMap<String, Location>>>);

impl Locations {
    /// All of them as they are now.
    #[must_use]
    pub fn all(&self) -> Arc<BTreeMap<String, Location>> {
        Arc::clone(&self.0.borrow())
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Location> {
        self.0.borrow().get(name).cloned()
    }

    /// A location is known from now on.
    pub fn put(&self, name: String, location: Location) {
        self.0.send_modify(|known| {
            Arc::make_mut(known).insert(name, location);
        });
    }

    /// A location is known no more.
    pub fn forget(&self, name: &str) {
        self.0.send_modify(|known| {
            Arc::make_mut(known).remove(name);
        });
    }
}
