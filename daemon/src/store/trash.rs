//! What was removed, with all its records, so that it comes back exactly as it was.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use penstock_policy::names::ClientId;
use penstock_policy::record::{Client, Customer, RecordId, Schedule};
use penstock_wire::view::{SessionView, TrashItem};
use serde::{Deserialize, Serialize};

use super::command::{Removal, TrashState, TrashWork};

/// An item of the trash as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    /// Its number.
    pub item: u64,
    /// The address it had, with short names.
    pub address: String,
    /// When it was removed.
    pub removed: Timestamp,
    /// The audit entry of what was done last.
    pub edit: u64,
    /// How far its folders are.
    pub state: TrashState,
    /// What it is.
    pub what: What,
}

/// The records of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum What {
    /// A customer with its clients.
    Customer {
        /// Its record.
        customer: Box<Customer>,
        /// Its clients.
        clients: Vec<OldClient>,
    },
    /// A client with its schedules.
    Client(Box<OldClient>),
    /// A schedule.
    Schedule(Box<OldSchedule>),
}

/// A client that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OldClient {
    /// Its record.
    pub client: Client,
    /// Where it was reachable before it was moved.
    pub aliases: Vec<(RecordId, ClientId)>,
    /// Its schedules.
    pub schedules: Vec<OldSchedule>,
}

/// A schedule that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OldSchedule {
    /// Its record.
    pub schedule: Schedule,
    /// Its sessions, oldest first.
    pub sessions: Vec<SessionView>,
    /// When its newest snapshot arrived.
    pub last_backup: Option<Timestamp>,
}

impl Row {
    /// Its schedules.
    pub fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.old_schedules().map(|old| &old.schedule)
    }

    /// Its schedules with their sessions.
    pub fn old_schedules(&self) -> impl Iterator<Item = &OldSchedule> {
        let (clients, single): (&[OldClient], _) = match &self.what {
            What::Customer { clients, .. } => (clients, None),
            What::Client(client) => (std::slice::from_ref(&**client), None),
            What::Schedule(schedule) => (&[], Some(&**schedule)),
        };
        clients
            .iter()
            .flat_map(|client| &client.schedules)
            .chain(single)
    }

    /// As an administrator sees it.
    pub fn view(&self, trash_days: u32) -> TrashItem {
        let kind = match &self.what {
            What::Customer { .. } => "customer",
            What::Client(_) => "client",
            What::Schedule(_) => "schedule",
        };
        TrashItem {
            item: self.item,
            kind: kind.to_owned(),
            address: self.address.clone(),
            schedules: u64::try_from(self.schedules().count()).unwrap_or(u64::MAX),
            removed: self.removed,
            expires: self.expires(trash_days),
        }
    }

    /// When it is to be deleted for good.
    pub fn expires(&self, trash_days: u32) -> Timestamp {
        self.removed
            .checked_add(SignedDuration::from_hours(24 * i64::from(trash_days)))
            .unwrap_or(Timestamp::MAX)
    }

    /// What has to be done with its folders.
    pub fn removal(&self) -> Removal {
        Removal {
            item: self.item,
            address: self.address.clone(),
            edit: self.edit,
            schedules: self
                .schedules()
                .map(|schedule| Arc::new(schedule.clone()))
                .collect(),
            removed: self.removed,
        }
    }

    /// What is left to be done with its folders, if anything.
    pub fn work(&self) -> Option<TrashWork> {
        (self.state != TrashState::There).then(|| TrashWork {
            state: self.state,
            removal: self.removal(),
        })
    }
}
