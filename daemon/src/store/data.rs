//! What the data path asks of the writer.

use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::names::{ClientId, ScheduleName};
use penstock_policy::record::{RecordId, Schedule};
use penstock_policy::refusal::Refusal;
use penstock_wire::view::{RefusalView, SessionView};

use super::Store;
use super::command::{Enrol, Enrolled, LocationRecord, NewSchedule, Register, Registered};
use super::trouble::Stop;
use super::tx::Tx;
use super::verbs::{enrol, schedule, session};
use super::writer::{Call, Message};

impl Store {
    /// Adds a client automatically; decided again inside the transaction, with the true count.
    ///
    /// # Errors
    /// With the refusal that the client is to read; storage trouble is [`Refusal::StoreUnavailable`], here and below.
    pub async fn enrol(&self, ask: Enrol) -> Result<Enrolled, Refusal> {
        self.decide(move |tx| enrol::enrol(tx, &ask)).await
    }

    /// Whether an unknown client could be added to that customer, before anything is hashed for it: its id isn't
    /// blocked, a slot is free, and no name stands in its way. [`Store::enrol`] and [`Store::register`] decide again,
    /// and about the rest. A client that has come into being meanwhile is no refusal.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn enrol_possible(&self, customer: RecordId, id: &ClientId) -> Result<(), Refusal> {
        let (shared, tree, id) = (self.shared.clone(), self.tree(), id.clone());
        let decide = move || match enrol::possible(&shared.begin_read()?, &tree, customer, &id) {
            Ok(()) => Ok(Ok(())),
            Err(Stop::Decided(refusal)) => Ok(Err(refusal)),
            Err(Stop::Trouble(trouble)) => Err(trouble.into()),
        };
        self.blocking(decide).await?
    }

    /// Registers a client with a pass key.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn register(&self, ask: Register) -> Result<Registered, Refusal> {
        self.decide(move |tx| enrol::register(tx, &ask)).await
    }

    /// A schedule's record, not ready until its folder is there; one that exists is returned as it is.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn create_schedule(&self, ask: NewSchedule) -> Result<Arc<Schedule>, Refusal> {
        self.decide(move |tx| schedule::create(tx, &ask)).await
    }

    /// The schedule with another folder than that one, which holds something on the disk: the next free number behind
    /// it. A schedule that is ready, or has another folder already, is returned as it is.
    ///
    /// # Errors
    /// [`Refusal::ClientUnknown`] when it was removed meanwhile; see [`Store::enrol`].
    pub async fn another_folder(
        &self,
        client: RecordId,
        name: ScheduleName,
        taken: String,
    ) -> Result<Arc<Schedule>, Refusal> {
        self.decide(move |tx| schedule::another_folder(tx, client, &name, &taken))
            .await
    }

    /// The schedule's folder is there.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn schedule_ready(
        &self,
        client: RecordId,
        name: ScheduleName,
    ) -> Result<(), Refusal> {
        self.decide(move |tx| schedule::ready(tx, client, &name))
            .await
    }

    /// Remembers where a location is and what its marker says, so that another disk in its place is noticed.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn record_location(&self, location: LocationRecord) -> Result<(), Refusal> {
        self.decide(move |tx| session::location(tx, &location))
            .await
    }

    /// The client's password opened something; only the first time is kept.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn first_login(&self, client: RecordId) -> Result<(), Refusal> {
        self.decide(move |tx| session::first_login(tx, client))
            .await
    }

    /// Keeps a session that ended, 30 of each schedule, and when its last snapshot arrived.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn session_ended(
        &self,
        client: RecordId,
        schedule: ScheduleName,
        session: SessionView,
        last_backup: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        self.decide(move |tx| session::ended(tx, client, &schedule, &session, last_backup))
            .await
    }

    /// Saves rows of the table of refusals, and drops those with the given references.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn save_refusals(
        &self,
        rows: Vec<RefusalView>,
        gone: Vec<String>,
    ) -> Result<(), Refusal> {
        self.decide(move |tx| session::save_refusals(tx, &rows, &gone))
            .await
    }

    /// A snapshot arrived.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn last_backup(&self, schedule: RecordId, at: Timestamp) -> Result<(), Refusal> {
        self.decide(move |tx| session::last_backup(tx, schedule, at))
            .await
    }

    /// [`Store::first_login`] without waiting; dropped when the writer is too busy, the next login tells it again.
    pub fn first_login_later(&self, client: RecordId) {
        let (call, _) = Call::new(move |tx: &Tx| session::first_login(tx, client));
        let _ = self.queue.try_send(Message::Command(Box::new(call)));
    }
}
