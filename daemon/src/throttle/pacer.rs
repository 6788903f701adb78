//! The bucket of one running backup: bytes are paid for with time on the line, connection by connection.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use penstock_policy::throttle::Span;
use penstock_policy::units::Rate;
use tokio::sync::Mutex;

use super::follow::Follower;
use super::held::{Held, Wait};
use super::{Grain, RateSource};
use crate::clock::Clock;

/// Holds one backup to the rate in force, however many connections it uses.
///
/// The bucket is governor's GCRA over *time cells*: one cell is one nanosecond on the line, and
/// bytes cost as many cells as they take at the rate of the moment. So every rate is exact, and an
/// edit changes the price without touching what is saved or owed. Bytes over any interval never
/// exceed the integral of the rate in force plus one burst at the rate the interval begins with.
pub struct Pacer {
    line: RateLimiter<NotKeyed, InMemoryState, Line, StateInformationMiddleware>,
    grain: Grain,
    /// Whose turn it is to pay, in the order of asking; with the rate that savings are priced at.
    turn: Mutex<Option<Rate>>,
    follower: Follower,
    held: Held,
    paid: AtomicU64,
    payers: AtomicU32,
}

/// One connection that pays into a backup's bucket; counted until it is dropped.
pub struct Payer {
    pacer: Arc<Pacer>,
}

/// The daemon's clock as governor reads it.
struct Line(Clock);

impl GovernorClock for Line {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

const CELLS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1_000_000_000).unwrap();
const NANOS_PER_SECOND: u128 = CELLS_PER_SECOND.get() as u128;

/// So many nanoseconds as cells; at least one.
fn cells(nanos: u128) -> NonZeroU32 {
    let nanos = u32::try_from(nanos).unwrap_or(u32::MAX);
    NonZeroU32::new(nanos).unwrap_or(NonZeroU32::MIN)
}

impl Pacer {
    /// A pacer with a full bucket, [`Grain::FINE`].
    pub fn new(clock: Clock, source: Arc<dyn RateSource>) -> Self {
        Self::with_grain(clock, source, Grain::FINE)
    }

    /// A pacer with a full bucket and this grain, which it keeps for its life.
    pub fn with_grain(clock: Clock, source: Arc<dyn RateSource>, grain: Grain) -> Self {
        let full = cells(grain.burst().as_nanos());
        let quota = Quota::per_second(CELLS_PER_SECOND).allow_burst(full);
        Self {
            line: RateLimiter::direct_with_clock(quota, Line(clock.clone())).with_middleware(),
            grain,
            turn: Mutex::new(None),
            held: Held::new(clock.clone()),
            follower: Follower::new(clock, source),
            paid: AtomicU64::new(0),
            payers: AtomicU32::new(0),
        }
    }

    /// Pays for bytes, and returns when they may be taken further; at once when nothing throttles.
    ///
    /// Connections take turns of one quantum. Dropping the future gives the turn to the next, and
    /// only what was granted until then is paid.
    pub async fn pay(&self, bytes: u64) {
        let mut left = bytes;
        let mut wait: Option<Wait<'_>> = None;
        while left > 0 {
            if self.follower.span().rate.is_none() {
                self.count(left);
                return;
            }
            wait.get_or_insert_with(|| self.held.wait());
            // The one lock that is held across an await: its queue is what makes shares fair, and
            // whoever sleeps in it sleeps at most one burst.
            let mut priced_at = self.turn.lock().await;
            left -= self.quantum(&mut priced_at, left).await;
        }
    }

    /// Waits for one turn's bytes and grants them; nothing if the throttle is lifted meanwhile.
    async fn quantum(&self, priced_at: &mut Option<Rate>, left: u64) -> u64 {
        // Whoever woke from a sleep asks again: an edit may have come, and the old rate's piece
        // would be a burst at the new.
        while let Some(rate) = self.follower.span().rate {
            self.reprice(priced_at, rate);
            let (piece, price) = self.piece(left, rate);
            // The outer error means "more than the bucket can hold", which no price is.
            let Ok(Err(until)) = self.line.check_n(price) else {
                self.count(piece);
                return piece;
            };
            let now = self.line.clock().now();
            tokio::time::sleep(until.wait_time_from(now)).await;
        }
        0
    }

    /// How much of this can be paid in one turn at this rate, and its price, rounded up.
    fn piece(&self, left: u64, rate: Rate) -> (u64, NonZeroU32) {
        let rate = u128::from(rate.bytes_per_second());
        let most = (rate * self.grain.quantum().as_nanos() / NANOS_PER_SECOND).max(1);
        let piece = left.min(u64::try_from(most).unwrap_or(u64::MAX));
        let nanos = (u128::from(piece) * NANOS_PER_SECOND).div_ceil(rate);
        // Only a rate below one byte a burst costs more than a full bucket, and no block is so slow.
        let full = cells(self.grain.burst().as_nanos());
        (piece, cells(nanos).min(full))
    }

    /// Time saved at a lower rate is worth fewer bytes than the same time at the new one: what it
    /// is worth is kept, the rest is given up. Else edits in quick succession would add up.
    fn reprice(&self, priced_at: &mut Option<Rate>, rate: Rate) {
        let Some(old) = priced_at.replace(rate).filter(|old| *old < rate) else {
            return;
        };
        let Ok(saved) = self.line.check() else {
            return;
        };
        let (old, new) = (old.bytes_per_second(), rate.bytes_per_second());
        let saved = u128::from(saved.remaining_burst_capacity());
        let worthless = (saved * u128::from(new - old)).div_ceil(u128::from(new));
        // Can't be refused: it is a part of what was just found in the bucket.
        let _ = self.line.check_n(cells(worthless));
    }

    fn count(&self, bytes: u64) {
        self.paid.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes paid for so far, unthrottled ones included.
    pub fn paid(&self) -> u64 {
        self.paid.load(Ordering::Relaxed)
    }

    /// Time that callers waited for the throttle, summed over them.
    pub fn held(&self) -> Duration {
        self.held.sum()
    }

    /// Time during which the throttle made at least one caller wait; never more than has passed.
    pub fn held_wall(&self) -> Duration {
        self.held.wall()
    }

    /// The rate in force now, with the level that decided and until when.
    pub fn current(&self) -> Span {
        self.follower.span()
    }

    /// Counts a connection in for as long as the result lives.
    pub fn payer(self: &Arc<Self>) -> Payer {
        self.payers.fetch_add(1, Ordering::Relaxed);
        Payer {
            pacer: Arc::clone(self),
        }
    }

    /// One connection's share of the rate in bytes per second, for sizing its buffers; `None` if
    /// nothing throttles.
    pub fn share(&self) -> Option<u64> {
        let payers = u64::from(self.payers.load(Ordering::Relaxed).max(1));
        let rate = self.current().rate?.bytes_per_second();
        Some((rate / payers).max(1))
    }
}

impl Payer {
    /// Pays into the backup's bucket: see [`Pacer::pay`].
    pub async fn pay(&self, bytes: u64) {
        self.pacer.pay(bytes).await;
    }

    /// The bucket it pays into.
    pub fn pacer(&self) -> &Pacer {
        &self.pacer
    }
}

impl Drop for Payer {
    fn drop(&mut self) {
        self.pacer.payers.fetch_sub(1, Ordering::Relaxed);
    }
}
