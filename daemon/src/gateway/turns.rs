//! Taking turns by key, so that the same work isn't done twice at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

/// Keys beyond which those that nobody holds are forgotten.
const TIDY_ABOVE: usize = 256;

/// One queue for each key, first come, first served.
#[derive(Default)]
pub struct Turns(Mutex<HashMap<u64, Weak<tokio::sync::Mutex<()>>>>);

/// One's turn, until it is dropped.
pub struct Turn(#[expect(dead_code, reason = "held for its drop")] OwnedMutexGuard<()>);

impl Turns {
    /// Waits for one's turn. What the one before did is done by then: look again before doing it.
    pub async fn take(&self, key: u64) -> Turn {
        let queue = self.queue(key);
        Turn(queue.lock_owned().await)
    }

    fn queue(&self, key: u64) -> Arc<tokio::sync::Mutex<()>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.len() > TIDY_ABOVE {
            queues.retain(|_, queue| queue.strong_count() > 0);
        }
        if let Some(queue) = queues.get(&key).and_then(Weak::upgrade) {
            return queue;
        }
        let queue = Arc::default();
        queues.insert(key, Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_has_the_turn_and_nothing_is_kept_afterwards() {
        let turns = Turns::default();
        let first = turns.take(1).await;
        let _other = turns.take(2).await;
        let mut second = Box::pin(turns.take(1));
        tokio::select! {
            biased;
            _ = &mut second => panic!("the first still has it"),
            () = tokio::task::yield_now() => {}
        }
        drop(first);
        drop(second.await);
        for key in 3..1000 {
            drop(turns.take(key).await);
        }
        assert!(turns.0.lock().unwrap().len() <= TIDY_ABOVE + 1);
    }
}
