//! How many there are: connections by source and customer, and uploads.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use penstock_policy::record::RecordId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counts who is here; clones share the counts.
#[derive(Clone)]
pub struct Crowd {
    counts: Arc<Mutex<HashMap<Who, usize>>>,
    uploads: Arc<Semaphore>,
    /// How many uploads there may be, less those that `uploads` still owes.
    allowed: Arc<Mutex<usize>>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Every connection.
    Anybody,
    /// Connections of one source.
    Source(IpAddr),
    /// Connections of one customer.
    Customer(RecordId),
    /// Bodies of one customer being received.
    Uploads(RecordId),
    /// Connections that are told that there are too many.
    TurnedAway,
}

/// One counted; given back when dropped.
pub struct Counted {
    crowd: Crowd,
    who: Who,
}

impl Crowd {
    /// Nobody yet; at most so many uploads at once.
    #[must_use]
    pub fn new(uploads: usize) -> Self {
        Self {
            counts: Arc::default(),
            uploads: Arc::new(Semaphore::new(uploads)),
            allowed: Arc::new(Mutex::new(uploads)),
        }
    }

    /// Counts one in, if there are fewer than `most`.
    pub fn enter(&self, who: Who, most: usize) -> Option<Counted> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(who).or_default();
        if *count >= most {
            if *count == 0 {
                counts.remove(&who);
            }
            return None;
        }
        *count += 1;
        Some(Counted {
            crowd: self.clone(),
            who,
        })
    }

    /// Follows a changed number; uploads that run go on.
    fn allow_uploads(&self, most: usize) {
        let mut allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        if most >= *allowed {
            self.uploads.add_permits(most - *allowed);
            *allowed = most;
        } else {
            // What is in use can't be taken back yet: the next one to ask takes the rest.
            *allowed -= self.uploads.forget_permits(*allowed - most);
        }
    }

    /// Waits for an upload's turn among at most so many; none when uploads are no more.
    pub async fn upload(&self, most: usize) -> Option<OwnedSemaphorePermit> {
        self.allow_uploads(most);
        Arc::clone(&self.uploads).acquire_owned().await.ok()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let counts = &self.crowd.counts;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fewer_uploads_are_allowed_without_cutting_those_that_run() {
        let crowd = Crowd::new(3);
        let running = [crowd.upload(3).await, crowd.upload(3).await];
        crowd.allow_uploads(1);
        assert_eq!(crowd.uploads.available_permits(), 0);
        drop(running);
        crowd.allow_uploads(1);
        assert_eq!(crowd.uploads.available_permits(), 1);
        crowd.allow_uploads(4);
        assert_eq!(crowd.uploads.available_permits(), 4);
    }

    #[test]
    fn a_slot_is_given_back_when_its_holder_is_dropped() {
        let crowd = Crowd::new(1);
        let source = Who::Source(IpAddr::from([192, 0, 2, 1]));
        let first = crowd.enter(source, 1);
        assert!(first.is_some());
        assert!(crowd.enter(source, 1).is_none());
        assert!(crowd.enter(Who::Anybody, 1).is_some());
        drop(first);
        assert!(crowd.enter(source, 1).is_some());
        assert!(crowd.counts.lock().unwrap().is_empty());
    }
}
