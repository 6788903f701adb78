//! Looking at one snapshot of the records, beside the writer.

use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::names::{Address, ClientId, nearest};
use penstock_policy::record::{Client, Customer, RecordId, Schedule, Server};
use penstock_wire::view::{AuditEntry, RefusalView, SessionView, TrashItem};
use redb::{ReadTransaction, ReadableTableMetadata};
use sha2::{Digest, Sha256};

use super::audit::{Entry, Subject, walk_back};
use super::command::{LocationRecord, Rejected, TrashState, Unavailable};
use super::ids::find_client;
use super::schema::{
    AUDIT, CLIENT_IDS, CLIENTS, CUSTOMERS, LAST_BACKUP, LOCATIONS, Look, META, REFUSALS, SCHEDULES,
    SERVER, SESSIONS, TRASH, all, go_on, of,
};
use super::trash::Row;
use super::tree::not_found;
use super::trouble::Trouble;
use super::tx::schedules_of;

/// One snapshot of the records.
#[derive(Debug)]
pub struct Reader(pub(super) ReadTransaction);

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

/// What an address leads to.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The customer; of a moved client the one it belongs to now.
    pub customer: Arc<Customer>,
    /// The client, if the address goes that deep.
    pub client: Option<Arc<Client>>,
    /// The schedule, if the address goes that deep.
    pub schedule: Option<Arc<Schedule>>,
}

impl Reader {
    pub(super) fn new(txn: ReadTransaction) -> Self {
        Self(txn)
    }

    /// The snapshot itself.
    pub(super) fn look(&self) -> &ReadTransaction {
        &self.0
    }

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
        let (mut from, to) = customer.map_or_else(all, of);
        if let Some((customer, id)) = after {
            from = Bound::Excluded((customer.0, id.as_str()));
        }
        let numbers: Vec<RecordId> = self.0.values(CLIENT_IDS, (from, to), limit)?;
        let mut clients = Vec::with_capacity(numbers.len());
        for number in numbers {
            clients.extend(self.0.get(CLIENTS, number.0)?);
        }
        Ok(clients)
    }

    /// One client, also where it was before it was moved.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn client(&self, customer: RecordId, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        Ok(find_client(&self.0, customer, id)?)
    }

    /// What an address leads to below its customer, or which name was probably meant.
    ///
    /// # Errors
    /// [`Rejected::NotFound`], or that the records can't be read.
    pub fn resolve(
        &self,
        customer: &Arc<Customer>,
        address: &Address,
    ) -> Result<Resolved, Rejected> {
        let mut resolved = Resolved {
            customer: customer.clone(),
            client: None,
            schedule: None,
        };
        let Some(id) = &address.client else {
            return Ok(resolved);
        };
        let client = client_at(&self.0, customer, id).map_err(reject)??;
        if client.customer != customer.id {
            let moved_to: Option<Customer> = self
                .0
                .get(CUSTOMERS, client.customer.0)
                .map_err(Unavailable::from)?;
            resolved.customer = moved_to.map_or_else(|| customer.clone(), Arc::new);
        }
        if let Some(name) = &address.schedule {
            let schedules = schedules_of(&self.0, client.id).map_err(Unavailable::from)?;
            let found = schedules.iter().find(|schedule| schedule.name == *name);
            let found = found.ok_or_else(|| {
                let names = schedules.iter().map(|schedule| schedule.name.as_str());
                let nearest = nearest(name.as_str(), names)
                    .map(|name| format!("{}/{}/{name}", customer.short, client.client_id));
                not_found("schedule", &address.to_string(), nearest.as_deref())
            })?;
            resolved.schedule = Some(Arc::new(found.clone()));
        }
        resolved.client = Some(Arc::new(client));
        Ok(resolved)
    }

    /// A client's schedules by name.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn schedules(&self, client: RecordId) -> Result<Vec<Schedule>, Unavailable> {
        Ok(schedules_of(&self.0, client)?)
    }

    /// The sessions kept of a schedule, newest first.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn sessions(&self, schedule: RecordId) -> Result<Vec<SessionView>, Unavailable> {
        let range = (
            Bound::Included((schedule.0, 0)),
            Bound::Included((schedule.0, u64::MAX)),
        );
        let mut sessions: Vec<SessionView> = self.0.values(SESSIONS, range, usize::MAX)?;
        sessions.reverse();
        Ok(sessions)
    }

    /// When the schedule's newest snapshot arrived.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn last_backup(&self, schedule: RecordId) -> Result<Option<Timestamp>, Unavailable> {
        Ok(self.0.get(LAST_BACKUP, schedule.0)?)
    }

    /// Entries of the audit, newest first, older than the entry `before`, made at or after `since`.
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
        let mut entries: Vec<AuditEntry> = Vec::new();
        if limit == 0 {
            return Ok(entries);
        }
        let before = before.unwrap_or(u64::MAX);
        // The wall clock can have been set back between two entries, so an older one doesn't end the search.
        let mut take = |entry: Entry| {
            if since.is_none_or(|since| since <= entry.at) {
                entries.push(entry.into());
            }
            entries.len() < limit
        };
        let subject = match filter {
            AuditFilter::All => None,
            AuditFilter::Server => Some(Subject::Server),
            AuditFilter::Reseller(id) => Some(Subject::Reseller(id)),
            AuditFilter::Customer(id) => Some(Subject::Customer(id)),
            AuditFilter::Client(id) => Some(Subject::Client(id)),
        };
        match subject {
            Some(subject) => walk_back(&self.0, subject, before, &mut take)?,
            None => {
                let range = (Bound::Unbounded, Bound::Excluded(before));
                self.0.walk(AUDIT, range, true, &mut |_, bytes| {
                    Ok(go_on(take(Entry::read(bytes)?.1)))
                })?;
            }
        }
        Ok(entries)
    }

    /// The backup locations, by name.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn locations(&self) -> Result<Vec<LocationRecord>, Unavailable> {
        Ok(self.0.values(LOCATIONS, all(), usize::MAX)?)
    }

    /// The table of refusals as last saved, by reference.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn refusals(&self) -> Result<Vec<RefusalView>, Unavailable> {
        Ok(self.0.values(REFUSALS, all(), usize::MAX)?)
    }

    /// What is in the trash, oldest first. What is being brought back or deleted for good isn't listed any more.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn trash(&self) -> Result<Vec<TrashItem>, Unavailable> {
        let days = self.trash_days()?;
        let rows = self.rows()?.into_iter();
        let listed = rows.filter(|row| matches!(row.state, TrashState::Moving | TrashState::There));
        Ok(listed.map(|row| row.view(days)).collect())
    }

    /// How many clients there are.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn client_count(&self) -> Result<u64, Unavailable> {
        let table = self.0.open_table(CLIENTS).map_err(Trouble::from)?;
        Ok(table.len().map_err(Trouble::from)?)
    }

    /// How many schedules there are.
    ///
    /// # Errors
    /// See [`Reader::clients`].
    pub fn schedule_count(&self) -> Result<u64, Unavailable> {
        let table = self.0.open_table(SCHEDULES).map_err(Trouble::from)?;
        Ok(table.len().map_err(Trouble::from)?)
    }

    /// Recomputes the audit's chain of hashes; the number of entries.
    ///
    /// # Errors
    /// With the first entry that isn't what was written, or that can't be read.
    pub fn verify_audit(&self) -> Result<u64, BrokenAt> {
        let (mut count, mut head) = (0, [0; 32]);
        let mut broken = None;
        let walked = self.0.walk(AUDIT, all(), false, &mut |edit, bytes| {
            count += 1;
            let problem = match Entry::read(bytes) {
                Err(trouble) => Some(trouble.to_string()),
                Ok((hash, _)) if <[u8; 32]>::from(Sha256::digest(&bytes[32..])) != hash => {
                    Some("it was changed".to_owned())
                }
                Ok((_, entry)) if entry.edit != count || edit != count => {
                    Some(format!("entry {count} is missing"))
                }
                Ok((_, entry)) if entry.previous != head => {
                    Some("it doesn't follow from the entry before".to_owned())
                }
                Ok((hash, _)) => {
                    head = hash;
                    None
                }
            };
            broken = problem.map(|problem| BrokenAt { edit, problem });
            Ok(go_on(broken.is_none()))
        });
        let fault = |trouble: Trouble| BrokenAt {
            edit: count + 1,
            problem: trouble.to_string(),
        };
        walked.map_err(fault)?;
        if let Some(broken) = broken {
            return Err(broken);
        }
        let newest: Option<[u8; 32]> = self.0.get(META, "audit-head").map_err(fault)?;
        if newest.unwrap_or_default() != head {
            return Err(BrokenAt {
                edit: count + 1,
                problem: "the newest entries are missing".to_owned(),
            });
        }
        Ok(count)
    }

    pub(super) fn rows(&self) -> Result<Vec<Row>, Unavailable> {
        Ok(self.0.values(TRASH, all(), usize::MAX)?)
    }

    pub(super) fn trash_days(&self) -> Result<u32, Unavailable> {
        let server: Option<Server> = self.0.get(SERVER, 0)?;
        Ok(server.unwrap_or_default().trash_days)
    }
}

fn reject(trouble: Trouble) -> Rejected {
    Unavailable::from(trouble).into()
}

/// The client of an address, or which one was probably meant.
pub(super) fn client_at(
    look: &impl Look,
    customer: &Customer,
    id: &ClientId,
) -> Result<Result<Client, Rejected>, Trouble> {
    if let Some(client) = find_client(look, customer.id, id)? {
        return Ok(Ok(client));
    }
    // Enough of them to catch a slip of the finger, and bounded however many there are.
    let mut ids = Vec::new();
    look.walk(CLIENT_IDS, of(customer.id), false, &mut |(_, id), _| {
        ids.push(id.to_owned());
        Ok(go_on(ids.len() < 10_000))
    })?;
    let nearest = nearest(id.as_str(), ids.iter().map(String::as_str))
        .map(|id| format!("{}/{id}", customer.short));
    let name = format!("{}/{id}", customer.short);
    Ok(Err(not_found("client", &name, nearest.as_deref())))
}
