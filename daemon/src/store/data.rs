//! What the data path asks of the writer.

use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::names::ScheduleName;
use penstock_policy::record::{RecordId, Schedule};
use penstock_policy::refusal::Refusal;
use penstock_wire::view::{RefusalView, SessionView};

use super::Store;
use super::command::{Enrol, Enrolled, NewSchedule, Register, Registered};
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
