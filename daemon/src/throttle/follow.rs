//! The span in force, asked for again whenever it may have changed.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use penstock_policy::throttle::Span;

use super::RateSource;
use crate::clock::Clock;

/// Follows a source's rate through edits, edges of windows and steps of the wall clock.
pub(super) struct Follower {
    clock: Clock,
    source: Arc<dyn RateSource>,
    last: Mutex<Answer>,
}

/// A span, good for as long as the wall clock stays within it and no record is edited.
struct Answer {
    span: Span,
    version: u64,
    from: Timestamp,
}

impl Follower {
    pub(super) fn new(clock: Clock, source: Arc<dyn RateSource>) -> Self {
        let answer = ask(&*source, &clock);
        Self {
            clock,
            source,
            last: Mutex::new(answer),
        }
    }

    /// The span in force now.
    pub(super) fn span(&self) -> Span {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let wall = self.clock.wall();
        let stepped_back = wall < last.from;
        let over = last.span.until.is_some_and(|until| wall >= until);
        if stepped_back || over || self.source.version() != last.version {
            *last = ask(&*self.source, &self.clock);
        }
        last.span
    }
}

fn ask(source: &dyn RateSource, clock: &Clock) -> Answer {
    // The version is read first: an edit in between makes the answer stale, never missed.
    let version = source.version();
    let from = clock.wall();
    Answer {
        span: source.span(from),
        version,
        from,
    }
}
