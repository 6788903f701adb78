//! One session: a schedule's running backup, restore or prune (rules, section 8).

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use penstock_policy::explain::Binding;
use penstock_policy::levels::Direction;
use penstock_policy::mcal::Month;
use penstock_policy::record::{RecordId, Schedule};
use penstock_wire::view::{Running, SessionView};

use super::place::Place;
use super::sample::{Sample, Samples};
use crate::clock::Clock;
use crate::throttle::{Grain, Held, Pacer};
use crate::vault::ObjectName;

/// What a request turned out to do, told when it succeeded; it names the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// A lock was posted.
    Locked(ObjectName),
    /// A lock was deleted.
    Unlocked(ObjectName),
    /// Data or an index was posted.
    Stored,
    /// A snapshot was posted: it is a backup.
    Snapshot,
    /// Data was read: it is a restore, unless a snapshot arrives.
    Read,
    /// An object other than a lock was deleted: it is a prune, unless a snapshot arrives.
    Deleted,
}

/// A schedule's running backup. Its bucket and counters live here and end with it.
pub struct Session {
    /// The schedule's record as it was when the session began.
    pub schedule: Arc<Schedule>,
    /// Where it acts.
    pub place: Place,
    /// When it began.
    pub started: Timestamp,
    clock: Clock,
    began: Duration,
    purse: Purse,
    /// The purse's counters when the session began: it may have another's.
    base: Sample,
    disk: Held,
    state: Mutex<State>,
    samples: Mutex<Samples>,
    limit: Mutex<Option<Binding>>,
}

#[derive(Debug, Default)]
struct State {
    requests: u64,
    locks: HashSet<ObjectName>,
    locked_once: bool,
    stored: bool,
    snapshot: Option<Timestamp>,
    /// A snapshot's arrival that isn't kept yet.
    unkept: Option<Timestamp>,
    read: bool,
    deleted: bool,
    /// The month that its backup belongs to; none when the next one begins.
    month: Option<Month>,
    last_activity: Duration,
    last_activity_wall: Option<Timestamp>,
    ended: bool,
}

/// What a schedule's sessions pay from. It outlives a session for a while: ending one and beginning the next hands out no
/// fresh burst.
#[derive(Clone)]
pub(super) struct Purse {
    backup: Arc<Pacer>,
    restore: Arc<Pacer>,
    /// Bytes of locks and the like, which are free up to [`FREE`].
    small: Arc<AtomicU64>,
}

/// Bytes of locks, keys and config that never wait. A lock has a few hundred and is renewed every five minutes: only who
/// means them as a way around the throttle passes this.
const FREE: u64 = 1024 * 1024;

/// What is done when a request is over.
pub(super) type Over = Arc<dyn Fn(&Arc<Session>) + Send + Sync>;

/// A request in flight: keeps the session going until it is dropped.
pub struct Request {
    session: Arc<Session>,
    over: Over,
}

/// Most locks that one session remembers; a client that leaves more behind ends by idling.
const MAX_LOCKS: usize = 64;

impl Session {
    pub(super) fn new(place: Place, schedule: Arc<Schedule>, clock: &Clock, purse: Purse) -> Self {
        Self {
            base: purse.sample(clock),
            purse,
            schedule,
            started: clock.wall(),
            began: clock.monotonic(),
            disk: Held::new(clock.clone()),
            clock: clock.clone(),
            state: Mutex::new(State {
                month: place.month(),
                ..State::default()
            }),
            samples: Mutex::default(),
            limit: Mutex::new(None),
            place,
        }
    }

    /// The bucket for that direction.
    #[must_use]
    pub fn pacer(&self, direction: Direction) -> &Arc<Pacer> {
        match direction {
            Direction::Backup => &self.purse.backup,
            Direction::Restore => &self.purse.restore,
        }
    }

    /// Counts bytes of a body that is free, and makes them pay once there are too many for what they claim to be.
    pub async fn pay_small(&self, bytes: u64) {
        let before = self.purse.small.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > FREE {
            self.purse.backup.pay(bytes).await;
        }
    }

    /// What it pays from.
    pub(super) fn purse(&self) -> &Purse {
        &self.purse
    }

    /// Counts the time until the result is dropped as held by our disk.
    pub fn waits_for_disk(&self) -> impl Drop + '_ {
        self.disk.wait()
    }

    /// The schedule's number.
    #[must_use]
    pub fn number(&self) -> RecordId {
        self.schedule.id
    }

    /// Remembers what a request did.
    pub fn did(&self, doing: Doing) {
        let now = self.clock.wall();
        let mut state = self.state();
        match doing {
            Doing::Locked(name) => {
                state.locked_once = true;
                if state.locks.len() < MAX_LOCKS {
                    state.locks.insert(name);
                }
            }
            Doing::Unlocked(name) => {
                state.locks.remove(&name);
            }
            Doing::Stored => state.stored = true,
            Doing::Snapshot => {
                (state.snapshot, state.unkept) = (Some(now), Some(now));
                state.month = None;
            }
            Doing::Read => state.read = true,
            Doing::Deleted => state.deleted = true,
        }
    }

    /// When a snapshot arrived since this was last asked.
    pub(super) fn arrived(&self) -> Option<Timestamp> {
        self.state().unkept.take()
    }

    /// The month that its backup belongs to: the one it began in (rules, section 5). What comes after a snapshot is
    /// another backup. None when the customer was removed.
    #[must_use]
    pub fn month(&self) -> Option<Month> {
        let now = self.place.month();
        let mut state = self.state();
        if state.month.is_none() {
            state.month = now;
        }
        state.month
    }

    /// What it is, by what it did so far: `backup`, `restore`, `prune`, `unfinished` or `other`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        let state = self.state();
        match *state {
            State {
                snapshot: Some(_), ..
            } => "backup",
            State { deleted: true, .. } => "prune",
            State { stored: true, .. } => "unfinished",
            State { read: true, .. } => "restore",
            _ => "other",
        }
    }

    /// How many requests are in flight.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state().requests
    }

    /// What runs, as an administrator is shown it.
    #[must_use]
    pub fn running(&self) -> Running {
        let kind = match self.kind() {
            "unfinished" => "backup",
            "other" => "open",
            kind => kind,
        };
        let sample = self.sample();
        let (rate, held_by) = self.samples().recent(sample);
        Running {
            address: self.place.address(),
            kind: kind.to_owned(),
            started: self.started,
            requests: self.requests(),
            rate,
            limit: self.binding(),
            bytes_in: sample.bytes_in,
            bytes_out: sample.bytes_out,
            held_by,
        }
    }

    /// What binds now, of the direction in which its bytes go.
    #[must_use]
    pub fn binding(&self) -> Binding {
        let reads = self.kind() == "restore";
        let pacer = self.pacer(if reads {
            Direction::Restore
        } else {
            Direction::Backup
        });
        pacer.current().into()
    }

    /// Takes a sample for the display; says what the limit was and is when it changed by itself or by an edit.
    pub(super) fn tick(&self) -> Option<(Binding, Binding)> {
        let sample = self.sample();
        self.samples().push(sample);
        let now = self.binding();
        let mut limit = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        let before = limit.replace(now.clone())?;
        let changed = (before.bytes_per_second, before.level) != (now.bytes_per_second, now.level);
        changed.then_some((before, now))
    }

    /// How long no request has been in flight; none while one is.
    pub(super) fn idle(&self) -> Option<Duration> {
        let state = self.state();
        let idle = self.clock.monotonic().saturating_sub(state.last_activity);
        (state.requests == 0).then_some(idle)
    }

    /// Whether its locks are gone and nothing is in flight: then it is over.
    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        state.requests == 0 && state.locked_once && state.locks.is_empty()
    }

    /// Ends it, if nothing is in flight; from then on no request joins it. True for the one who ended it.
    pub(super) fn end(&self) -> bool {
        let mut state = self.state();
        if state.ended || state.requests > 0 {
            return false;
        }
        state.ended = true;
        true
    }

    /// Counts a request in, unless the session has ended.
    pub(super) fn join(self: &Arc<Self>, over: Over) -> Option<Request> {
        let mut state = self.state();
        if state.ended {
            return None;
        }
        state.requests += 1;
        drop(state);
        Some(Request {
            session: Arc::clone(self),
            over,
        })
    }

    /// What is kept of it, and when its newest snapshot arrived.
    pub(super) fn history(&self) -> (SessionView, Option<Timestamp>) {
        let sample = self.sample();
        let state = self.state();
        let ended = state.last_activity_wall.unwrap_or(self.started);
        let lasted = state.last_activity.saturating_sub(self.began);
        let snapshot = state.snapshot;
        drop(state);
        let bytes = sample.bytes_in + sample.bytes_out;
        let whole = Sample {
            at: self.began + lasted,
            ..sample
        };
        let view = SessionView {
            kind: self.kind().to_owned(),
            started: self.started,
            ended: ended.max(self.started),
            bytes_in: sample.bytes_in,
            bytes_out: sample.bytes_out,
            mean_rate: whole.rate_since(&Sample::at(self.began), bytes),
            limit: self.binding().rate,
            held_by: whole.held_since(&Sample::at(self.began)),
        };
        (view, snapshot)
    }

    fn sample(&self) -> Sample {
        let now = self.purse.sample(&self.clock);
        Sample {
            at: now.at,
            bytes_in: now.bytes_in - self.base.bytes_in,
            bytes_out: now.bytes_out - self.base.bytes_out,
            throttle: now.throttle.saturating_sub(self.base.throttle),
            disk: self.disk.wall(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn samples(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Purse {
    pub(super) fn new(place: &Place, clock: &Clock, grain: Grain) -> Self {
        let pacer = |direction| {
            let rates = place.rates(direction);
            Arc::new(Pacer::with_grain(clock.clone(), rates, grain))
        };
        Self {
            backup: pacer(Direction::Backup),
            restore: pacer(Direction::Restore),
            small: Arc::default(),
        }
    }

    fn sample(&self, clock: &Clock) -> Sample {
        Sample {
            at: clock.monotonic(),
            bytes_in: self.backup.paid(),
            bytes_out: self.restore.paid(),
            throttle: self.backup.held_wall() + self.restore.held_wall(),
            disk: Duration::ZERO,
        }
    }
}

impl Request {
    /// The session it belongs to.
    #[must_use]
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let session = &self.session;
        let (now, wall) = (session.clock.monotonic(), session.clock.wall());
        let mut state = session.state();
        state.requests -= 1;
        state.last_activity = now;
        state.last_activity_wall = Some(wall);
        drop(state);
        (self.over)(session);
    }
}
