//! Which sessions run: one for each schedule, begun, joined, ended and shown.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use penstock_policy::admit::Act;
use penstock_policy::mcal::Month;
use penstock_policy::record::{RecordId, Schedule};
use penstock_policy::refusal::Refusal;
use penstock_wire::view::{Event, Running};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::place::Place;
use super::session::{Over, Purse, Request, Session};
use crate::clock::Clock;
use crate::events::Events;
use crate::store::Store;
use crate::throttle::Grain;

/// A session without a request for so long is over (rules, section 8).
const IDLE: Duration = Duration::from_secs(600);

/// How long whoever deleted a snapshot may use the reserve: a prune repacks before it deletes (rules, section 6).
const PRUNES: Duration = Duration::from_secs(3600);

/// How long a schedule's purse outlives its session.
const PURSE_KEPT: Duration = Duration::from_secs(5);

/// All running backups; clones share them.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    clock: Clock,
    store: Store,
    events: Events,
    rooms: Mutex<Rooms>,
    /// What is done to its end whoever goes away: objects being stored and deleted, histories on their way to the
    /// store. The stop waits for it.
    writing: TaskTracker,
}

#[derive(Default)]
struct Rooms {
    sessions: HashMap<RecordId, Arc<Session>>,
    /// What sessions that ended paid from, and when they ended.
    purses: HashMap<RecordId, (Purse, Duration)>,
    /// Of which schedules a snapshot was deleted within the last hour, and when the last was.
    forgot: HashMap<RecordId, Duration>,
    /// Schedules that nobody may enter, because they are being removed.
    closed: HashSet<RecordId>,
    draining: bool,
}

/// Keeps schedules closed to new sessions until it is dropped.
pub struct Barrier {
    live: Live,
    schedules: Vec<RecordId>,
}

impl Live {
    /// No sessions yet.
    #[must_use]
    pub fn new(clock: Clock, store: Store, events: Events) -> Self {
        Self(Arc::new(Inner {
            clock,
            store,
            events,
            rooms: Mutex::default(),
            writing: TaskTracker::new(),
        }))
    }

    /// Joins the schedule's session, beginning one if none runs.
    ///
    /// # Errors
    /// [`Refusal::Draining`] when a new one would be needed and the server is being stopped;
    /// [`Refusal::LocationUnavailable`] while the schedule is being removed.
    pub fn enter(&self, place: &Place, schedule: &Arc<Schedule>) -> Result<Request, Refusal> {
        let mut rooms = self.rooms();
        if rooms.closed.contains(&schedule.id) {
            return Err(Refusal::LocationUnavailable);
        }
        if let Some(request) = rooms
            .sessions
            .get(&schedule.id)
            .and_then(|session| session.join(self.over()))
        {
            return Ok(request);
        }
        if rooms.draining {
            return Err(Refusal::Draining);
        }
        let clock = &self.0.clock;
        let purse = match rooms.purses.remove(&schedule.id) {
            Some((purse, _)) => purse,
            None => Purse::new(place, clock, Grain::for_backups(rooms.sessions.len())),
        };
        let session = Session::new(place.clone(), Arc::clone(schedule), clock, purse);
        let session = Arc::new(session);
        let request = session.join(self.over()).ok_or(Refusal::Draining)?;
        rooms.sessions.insert(schedule.id, Arc::clone(&session));
        drop(rooms);
        session.tick();
        let limit = session.binding();
        tracing::info!(schedule = %place.address(), rate = %limit.rate, "session started");
        self.tell("started", &session, format!("limit {}", shown(&limit)));
        Ok(request)
    }

    /// Joins the schedule's session if one runs: any request keeps it going.
    #[must_use]
    pub fn join(&self, schedule: RecordId) -> Option<Request> {
        let rooms = self.rooms();
        rooms.sessions.get(&schedule)?.join(self.over())
    }

    /// The month that the schedule's running backup belongs to, or one that begins now; none when the customer was
    /// removed.
    #[must_use]
    pub fn month(&self, place: &Place, schedule: RecordId) -> Option<Month> {
        match self.session(schedule) {
            Some(session) => session.month(),
            None => place.month(),
        }
    }

    /// A snapshot of the schedule was deleted. Remembered beyond its session, because `restic forget` and `restic prune`
    /// are two; not beyond the server's stop.
    pub fn forgot(&self, schedule: RecordId) {
        let now = self.0.clock.monotonic();
        self.rooms().forgot.insert(schedule, now);
    }

    /// Whether a snapshot of the schedule was deleted within the last hour.
    #[must_use]
    pub fn prunes(&self, schedule: RecordId) -> bool {
        let now = self.0.clock.monotonic();
        let forgot = self.rooms().forgot.get(&schedule).copied();
        forgot.is_some_and(|at| now.saturating_sub(at) < PRUNES)
    }

    /// Does something to its end, even if whoever waits for it goes away; the stop waits for it.
    pub fn outlasting<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.0.writing.spawn(work)
    }

    /// What runs, by address.
    #[must_use]
    pub fn running(&self) -> Vec<Running> {
        let sessions: Vec<_> = self.rooms().sessions.values().cloned().collect();
        let mut running: Vec<Running> = sessions.iter().map(|session| session.running()).collect();
        running.sort_by(|a, b| a.address.cmp(&b.address));
        running
    }

    /// The running session of a schedule.
    #[must_use]
    pub fn session(&self, schedule: RecordId) -> Option<Arc<Session>> {
        self.rooms().sessions.get(&schedule).cloned()
    }

    /// Closes schedules to new sessions, so that they can be removed.
    ///
    /// # Errors
    /// With the address of one of them that runs.
    pub fn close(&self, schedules: &[RecordId]) -> Result<Barrier, String> {
        for session in schedules.iter().filter_map(|id| self.session(*id)) {
            // Whoever can't even read any more won't come back to end it.
            if session.place.admit(Act::Read).is_err() {
                self.end(&session);
            }
        }
        let mut rooms = self.rooms();
        if let Some(session) = schedules.iter().find_map(|id| rooms.sessions.get(id)) {
            return Err(session.place.address());
        }
        rooms.closed.extend(schedules);
        Ok(Barrier {
            live: self.clone(),
            schedules: schedules.to_vec(),
        })
    }

    /// From now on no session begins; those that run go on.
    pub fn drain(&self) {
        self.rooms().draining = true;
    }

    /// Ends every session that has no request in flight and keeps their histories; the last thing before the store
    /// closes.
    pub async fn finish(&self) {
        self.drain();
        let sessions: Vec<_> = self.rooms().sessions.values().cloned().collect();
        for session in sessions {
            self.end(&session);
        }
        self.0.writing.close();
        self.0.writing.wait().await;
    }

    /// Looks after the sessions until the token falls: samples for `top`, notices changed limits, ends idle ones.
    pub async fn tend(self, stop: CancellationToken) {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = second.tick() => self.look_around(),
            }
        }
    }

    fn look_around(&self) {
        let now = self.0.clock.monotonic();
        let mut rooms = self.rooms();
        let old = |at: Duration, kept| now.saturating_sub(at) >= kept;
        rooms
            .purses
            .retain(|_, (_, ended)| !old(*ended, PURSE_KEPT));
        rooms.forgot.retain(|_, at| !old(*at, PRUNES));
        drop(rooms);
        let sessions: Vec<_> = self.rooms().sessions.values().cloned().collect();
        for session in sessions {
            if let Some((before, now)) = session.tick() {
                let text = format!("{} -> {}", shown(&before), shown(&now));
                tracing::info!(schedule = %session.place.address(), rate = %now.rate, "limit changed");
                self.tell("rate-changed", &session, text);
            }
            if session.idle().is_some_and(|idle| idle >= IDLE) {
                self.end(&session);
            }
        }
    }

    /// What a request does when it is over: keeps when its snapshot arrived, ends the session if it was the last thing in it.
    fn over(&self) -> Over {
        let live = self.clone();
        Arc::new(move |session| {
            if let Some(at) = session.arrived() {
                live.backed_up(session.number(), at);
            }
            if session.is_over() {
                live.end(session);
            }
        })
    }

    /// Keeps at once when a snapshot arrived: whoever looks after a backup sees it, however long its session goes on.
    fn backed_up(&self, schedule: RecordId, at: Timestamp) {
        let store = self.0.store.clone();
        self.0.writing.spawn(async move {
            if let Err(refusal) = store.last_backup(schedule, at).await {
                tracing::warn!(refusal = refusal.code(), "a snapshot's time was not kept");
            }
        });
    }

    fn end(&self, session: &Arc<Session>) {
        if !session.end() {
            return;
        }
        let mut rooms = self.rooms();
        let number = session.number();
        if rooms
            .sessions
            .get(&number)
            .is_some_and(|there| Arc::ptr_eq(there, session))
        {
            rooms.sessions.remove(&number);
            let now = self.0.clock.monotonic();
            rooms.purses.insert(number, (session.purse().clone(), now));
        }
        drop(rooms);
        let (view, snapshot) = session.history();
        let text = format!(
            "{}: {} in, {} out, {}/s",
            view.kind,
            penstock_policy::units::human(view.bytes_in),
            penstock_policy::units::human(view.bytes_out),
            penstock_policy::units::human(view.mean_rate)
        );
        tracing::info!(
            schedule = %session.place.address(),
            kind = %view.kind,
            bytes_in = view.bytes_in,
            bytes_out = view.bytes_out,
            rate = view.mean_rate,
            "session ended"
        );
        self.tell("finished", session, text);
        let (store, client) = (self.0.store.clone(), session.place.client_number);
        let schedule = session.place.schedule.clone();
        self.0.writing.spawn(async move {
            if let Err(refusal) = store.session_ended(client, schedule, view, snapshot).await {
                tracing::warn!(refusal = refusal.code(), "a session's history was not kept");
            }
            // Its last request is over: the figure is sure.
            super::figures::keep(&store).await;
        });
    }

    fn tell(&self, event: &str, session: &Session, text: String) {
        self.0.events.send(Event {
            at: self.0.clock.wall(),
            event: event.to_owned(),
            address: session.place.address(),
            text,
        });
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        let mut rooms = self.live.rooms();
        for schedule in &self.schedules {
            rooms.closed.remove(schedule);
        }
    }
}

fn shown(limit: &penstock_policy::explain::Binding) -> String {
    match limit.level {
        Some(level) => format!("{} ({level})", limit.rate),
        None => limit.rate.clone(),
    }
}
