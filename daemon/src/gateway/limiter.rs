//! Guessing is slowed: failures by (source, client), and more loosely by source (rules, section 11).

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{NotUntil, Quota, RateLimiter};
use penstock_policy::names::ClientId;
use penstock_policy::record::RecordId;

use crate::clock::Clock;

/// Keys that are remembered before those that are full again are dropped.
const MOST_KEYS: usize = 50_000;

/// Forgiven clients that are remembered.
const MOST_FORGIVEN: usize = 10_000;

/// Counts failures to authenticate.
pub struct Limiter {
    clock: Clock,
    hash: RandomState,
    by_client: Keyed,
    by_source: Keyed,
    /// Sources that failed too often, until when.
    barred: Mutex<HashMap<u64, Duration>>,
    /// How often a client was forgiven: its failures before count no more.
    forgiven: Mutex<HashMap<u64, u32>>,
}

type Keyed = RateLimiter<u64, HashMapStateStore<u64>, Time, NoOpMiddleware<Duration>>;

/// The daemon's clock as governor reads it.
#[derive(Clone)]
struct Time(Clock);

/// Who tries, from where.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The address it comes from.
    pub source: IpAddr,
    /// The customer.
    pub customer: RecordId,
    /// The client, as the path names it.
    pub client: &'a ClientId,
}

impl GovernorClock for Time {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

impl Limiter {
    /// Lets through so many failures a minute: of one client from one source, and of one source.
    #[must_use]
    pub fn new(clock: &Clock, per_client: NonZeroU32, per_source: NonZeroU32) -> Self {
        let keyed = |a_minute| {
            let store = HashMapStateStore::default();
            RateLimiter::new(Quota::per_minute(a_minute), store, Time(clock.clone()))
        };
        Self {
            clock: clock.clone(),
            hash: RandomState::new(),
            by_client: keyed(per_client),
            by_source: keyed(per_source),
            barred: Mutex::default(),
            forgiven: Mutex::default(),
        }
    }

    /// Charges an attempt that will cost work, before it is made.
    ///
    /// # Errors
    /// With the seconds until the next one counts.
    pub fn charge(&self, attempt: Attempt<'_>) -> Result<(), u64> {
        if let Some(seconds) = self.source_barred(attempt.source) {
            return Err(seconds);
        }
        self.by_client
            .check_key(&self.client_key(attempt))
            .map_err(|until| self.seconds(&until))
    }

    /// Notes a failure that was not charged. Once the client's own failures are too many they count no more against
    /// its source: one wrong client doesn't lock its office out.
    ///
    /// # Errors
    /// With the seconds until the next attempt counts, when there were too many.
    pub fn failed(&self, attempt: Attempt<'_>) -> Result<(), u64> {
        self.by_client
            .check_key(&self.client_key(attempt))
            .map_err(|until| self.seconds(&until))?;
        self.source_failed(attempt.source)
    }

    /// Notes a failure against its source alone, because [`Limiter::charge`] took the client's.
    ///
    /// # Errors
    /// As [`Limiter::failed`].
    pub fn source_failed(&self, source: IpAddr) -> Result<(), u64> {
        self.tidy();
        let source = self.source_key(source);
        self.by_source.check_key(&source).map_err(|until| {
            let seconds = self.seconds(&until);
            let end = self.clock.monotonic() + Duration::from_secs(seconds);
            lock(&self.barred).insert(source, end);
            seconds
        })
    }

    /// Forgets a client's failures, from wherever they came.
    pub fn forgive(&self, customer: RecordId, client: &ClientId) {
        let mut forgiven = lock(&self.forgiven);
        if forgiven.len() >= MOST_FORGIVEN {
            forgiven.clear();
        }
        *forgiven
            .entry(self.hash.hash_one((customer, client)))
            .or_default() += 1;
    }

    fn source_barred(&self, source: IpAddr) -> Option<u64> {
        let end = *lock(&self.barred).get(&self.source_key(source))?;
        let left = end.checked_sub(self.clock.monotonic())?;
        (!left.is_zero()).then(|| left.as_secs() + 1)
    }

    fn client_key(&self, attempt: Attempt<'_>) -> u64 {
        let client = self.hash.hash_one((attempt.customer, attempt.client));
        let forgiven = lock(&self.forgiven).get(&client).copied().unwrap_or(0);
        self.hash
            .hash_one((network(attempt.source), client, forgiven))
    }

    fn source_key(&self, source: IpAddr) -> u64 {
        self.hash.hash_one(network(source))
    }

    fn seconds(&self, until: &NotUntil<Duration>) -> u64 {
        until.wait_time_from(self.clock.monotonic()).as_secs() + 1
    }

    fn tidy(&self) {
        for keyed in [&self.by_client, &self.by_source] {
            if keyed.len() > MOST_KEYS {
                keyed.retain_recent();
            }
        }
        let mut barred = lock(&self.barred);
        if barred.len() > MOST_KEYS {
            let now = self.clock.monotonic();
            barred.retain(|_, end| *end > now);
        }
    }
}

/// One IPv4 address, or the /64 that one subscriber has.
pub fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn limiter() -> Limiter {
        let five = NonZeroU32::new(5).unwrap();
        let twenty = NonZeroU32::new(20).unwrap();
        Limiter::new(&Clock::driven(Timestamp::UNIX_EPOCH), five, twenty)
    }

    fn attempt<'a>(source: &str, client: &'a ClientId) -> Attempt<'a> {
        Attempt {
            source: source.parse().unwrap(),
            customer: RecordId(7),
            client,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_wrong_client_does_not_lock_its_office_out() {
        let limiter = limiter();
        let (wrong, right) = ("wrong".parse().unwrap(), "right".parse().unwrap());
        for _ in 0..5 {
            assert_eq!(limiter.failed(attempt("192.0.2.1", &wrong)), Ok(()));
        }
        assert!(limiter.failed(attempt("192.0.2.1", &wrong)).is_err());
        for _ in 0..100 {
            assert!(limiter.failed(attempt("192.0.2.1", &wrong)).is_err());
        }
        assert!(limiter.charge(attempt("192.0.2.1", &wrong)).is_err());
        assert_eq!(limiter.charge(attempt("192.0.2.1", &right)), Ok(()));
        assert_eq!(limiter.charge(attempt("192.0.2.2", &wrong)), Ok(()));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(limiter.charge(attempt("192.0.2.1", &wrong)), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_tries_many_clients_is_barred_and_says_for_how_long() {
        let limiter = limiter();
        let names: Vec<ClientId> = (0..21).map(|n| format!("c{n}").parse().unwrap()).collect();
        let failed: Vec<_> = names
            .iter()
            .map(|n| limiter.failed(attempt("2001:db8::1", n)))
            .collect();
        assert!(failed[..20].iter().all(Result::is_ok));
        let seconds = failed[20].unwrap_err();
        // The same subscriber's other addresses are the same source.
        assert!(limiter.charge(attempt("2001:db8::2", &names[0])).is_err());
        tokio::time::advance(Duration::from_secs(seconds)).await;
        assert_eq!(limiter.charge(attempt("2001:db8::2", &names[0])), Ok(()));
    }

    #[test]
    fn an_ipv4_address_is_itself_however_it_is_written() {
        let mapped: IpAddr = "::ffff:203.0.113.5".parse().unwrap();
        assert_eq!(network(mapped), IpAddr::from([203, 0, 113, 5]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_forgiven_client_may_try_again_at_once() {
        let limiter = limiter();
        let client = "laptop".parse().unwrap();
        while limiter.failed(attempt("192.0.2.1", &client)).is_ok() {}
        limiter.forgive(RecordId(7), &client);
        assert_eq!(limiter.charge(attempt("192.0.2.1", &client)), Ok(()));
    }
}
