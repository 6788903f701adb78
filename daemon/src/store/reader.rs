//! Looking at one snapshot of the records, beside the writer.

use jiff::Timestamp;
use penstock_policy::names::ClientId;
use penstock_policy::record::{Client, RecordId, Schedule};
use penstock_wire::view::{AuditEntry, RefusalView, SessionView, TrashItem};

use super::command::Unavailable;

/// One snapshot of the records.
#[derive(Debug)]
pub struct Reader(());

/// Which entries of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFilter {
    /// All.
    All,
    /// The server's.
    Server,
    /// One reseller's.
    Reseller(RecordId),
    /// One customer's with its clients'.
    Customer(RecordId),
    /// One client's.
    Client(RecordId),
}

/// Where the audit's chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit is broken at entry {edit}: {problem}")]
pub struct BrokenAt {
    /// The first entry that isn't what was written.
    pub edit: u64,
    /// What is wrong with it.
    pub problem: String,
}

impl Reader {
    /// Clients after the given one, in the order of customers' numbers and clients' ids.
    ///
    /// # Errors
    /// When the records can't be read; so for all that follow.
    pub fn clients(
        &self,
        customer: Option<RecordId>,
        after: Option<&(RecordId, ClientId)>,
        limit: usize,
    ) -> Result<Vec<Client>, Unavailable> {
        let _ = (customer, after, limit);
        Ok(Vec::new())
    }

    /// One client, also where it was before it was moved.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn client(&self, customer: RecordId, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let _ = (customer, id);
        Ok(None)
    }

    /// A client's schedules by name.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn schedules(&self, client: RecordId) -> Result<Vec<Schedule>, Unavailable> {
        let _ = client;
        Ok(Vec::new())
    }

    /// The sessions kept of a schedule, newest first.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn sessions(&self, schedule: RecordId) -> Result<Vec<SessionView>, Unavailable> {
        let _ = schedule;
        Ok(Vec::new())
    }

    /// When the schedule's newest snapshot arrived.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn last_backup(&self, schedule: RecordId) -> Result<Option<Timestamp>, Unavailable> {
        let _ = schedule;
        Ok(None)
    }

    /// Entries of the audit, newest first, older than the entry `before`.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn audit(
        &self,
        filter: AuditFilter,
        before: Option<u64>,
        since: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, Unavailable> {
        let _ = (filter, before, since, limit);
        Ok(Vec::new())
    }

    /// The table of refusals as last saved.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn refusals(&self) -> Result<Vec<RefusalView>, Unavailable> {
        Ok(Vec::new())
    }

    /// What is in the trash, oldest first.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn trash(&self) -> Result<Vec<TrashItem>, Unavailable> {
        Ok(Vec::new())
    }

    /// How many clients there are.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn client_count(&self) -> Result<u64, Unavailable> {
        Ok(0)
    }

    /// How many schedules there are.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn schedule_count(&self) -> Result<u64, Unavailable> {
        Ok(0)
    }

    /// Recomputes the audit's chain of hashes; the number of entries.
    ///
    /// # Errors
    /// With the first entry that isn't what was written.
    pub fn verify_audit(&self) -> Result<u64, BrokenAt> {
        Ok(0)
    }
}
