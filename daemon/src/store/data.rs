//! What the data path asks of the writer.

use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::names::ScheduleName;
use penstock_policy::record::{RecordId, Schedule};
use penstock_policy::refusal::Refusal;
use penstock_wire::view::{RefusalView, SessionView};

use super::Store;
use super::command::{Enrol, Enrolled, NewSchedule, Register, Registered};

impl Store {
    /// Adds a client automatically; decided again inside the transaction, with the true count.
    ///
    /// # Errors
    /// With the refusal that the client is to read; storage trouble is [`Refusal::StoreUnavailable`], here and below.
    pub async fn enrol(&self, ask: Enrol) -> Result<Enrolled, Refusal> {
        let _ = (ask,);
        Err(Refusal::StoreUnavailable)
    }

    /// Registers a client with a pass key.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn register(&self, ask: Register) -> Result<Registered, Refusal> {
        let _ = (ask,);
        Err(Refusal::StoreUnavailable)
    }

    /// A schedule's record, not ready until its folder is there; one that exists is returned as it is.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn create_schedule(&self, ask: NewSchedule) -> Result<Arc<Schedule>, Refusal> {
        let _ = (ask,);
        Err(Refusal::StoreUnavailable)
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
        let _ = (client, name);
        Err(Refusal::StoreUnavailable)
    }

    /// The client's password opened something; only the first time is kept.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn first_login(&self, client: RecordId) -> Result<(), Refusal> {
        let _ = (client,);
        Err(Refusal::StoreUnavailable)
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
        let _ = (client, schedule, session, last_backup);
        Err(Refusal::StoreUnavailable)
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
        let _ = (rows, gone);
        Err(Refusal::StoreUnavailable)
    }

    /// A snapshot arrived.
    ///
    /// # Errors
    /// See [`Store::enrol`].
    pub async fn last_backup(&self, schedule: RecordId, at: Timestamp) -> Result<(), Refusal> {
        let _ = (schedule, at);
        Err(Refusal::StoreUnavailable)
    }

    /// [`Store::first_login`] without waiting; dropped when the writer is too busy, the next login tells it again.
    pub fn first_login_later(&self, client: RecordId) {
        let _ = client;
    }
}
