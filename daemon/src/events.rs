//! What happens, as it happens: one hub from which `watch` is fed.

use std::sync::Arc;

use penstock_wire::view::Event;
use tokio::sync::broadcast;

/// Events that a slow reader may be behind before it misses some.
const BACKLOG: usize = 1024;

/// The hub. Clones share it; sending never waits.
#[derive(Debug, Clone)]
pub struct Events(broadcast::Sender<Arc<Event>>);

impl Events {
    /// A hub without readers.
    #[must_use]
    pub fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }

    /// Tells everybody who listens now.
    pub fn send(&self, event: Event) {
        // Nobody listening is the usual case, and no error.
        let _ = self.0.send(Arc::new(event));
    }

    /// Events from now on. A reader that falls more than 1,024 behind is told how many it missed.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.0.subscribe()
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tokio::sync::broadcast::error::RecvError;

    use super::*;

    fn event(text: usize) -> Event {
        Event {
            at: Timestamp::UNIX_EPOCH,
            event: "started".into(),
            address: "abc/laptop/default".into(),
            text: text.to_string(),
        }
    }

    #[tokio::test]
    async fn a_reader_that_is_too_slow_learns_how_many_it_missed() {
        let events = Events::new();
        let mut reader = events.subscribe();
        for number in 0..BACKLOG + 7 {
            events.send(event(number));
        }
        assert!(matches!(reader.recv().await, Err(RecvError::Lagged(7))));
        assert_eq!(reader.recv().await.unwrap().text, "7");
    }
}
