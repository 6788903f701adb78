//! Where a request acts: the published records above it, followed while it runs.

use std::sync::Arc;

use jiff::Timestamp;
use penstock_policy::admit::{Act, Permit, Subject, admit};
use penstock_policy::levels::{Direction, Levels};
use penstock_policy::mcal::Month;
use penstock_policy::names::{ClientId, ScheduleName, same_but_for_case};
use penstock_policy::record::{Client, Credential, RecordId, Schedule};
use penstock_policy::refusal::Refusal;
use penstock_policy::space::{Purpose, Taken};
use penstock_policy::throttle::Span;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::store::{ClientState, Tree};
use crate::throttle::RateSource;

/// A client that authenticated, and the schedule it asks for. Clones follow the same records.
#[derive(Debug, Clone)]
pub struct Place {
    tree: watch::Receiver<Arc<Tree>>,
    client: watch::Receiver<Arc<ClientState>>,
    clock: Clock,
    /// What it authenticated with: when that changes, it is nobody any more.
    credential: Credential,
    /// The client's number.
    pub client_number: RecordId,
    /// The client's id.
    pub client_id: ClientId,
    /// The schedule that the path names.
    pub schedule: ScheduleName,
}

/// The customer, its reseller or the client was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

impl Place {
    /// A place of a client whose password was right.
    #[must_use]
    pub fn new(
        tree: watch::Receiver<Arc<Tree>>,
        client: watch::Receiver<Arc<ClientState>>,
        clock: Clock,
        record: &Client,
        schedule: ScheduleName,
    ) -> Self {
        Self {
            tree,
            client,
            clock,
            credential: record.credential.clone(),
            client_number: record.id,
            client_id: record.client_id.clone(),
            schedule,
        }
    }

    /// The client and its schedules as published now.
    #[must_use]
    pub fn state(&self) -> Arc<ClientState> {
        Arc::clone(&self.client.borrow())
    }

    /// The schedule's record, if it exists and its folder was made.
    #[must_use]
    pub fn ready_schedule(&self) -> Option<Arc<Schedule>> {
        let state = self.client.borrow();
        let schedule = state.schedules.get(&self.schedule)?;
        schedule.ready.then(|| Arc::clone(schedule))
    }

    /// The customer's number and short name, as published now.
    ///
    /// # Errors
    /// When the client or customer was removed.
    pub fn customer(&self) -> Result<(RecordId, String), Gone> {
        self.with_levels(|levels| (levels.customer.id, levels.customer.short.to_string()))
    }

    /// `CUSTOMER/CLIENT/SCHEDULE` with the short name.
    #[must_use]
    pub fn address(&self) -> String {
        let customer = self
            .customer()
            .map_or_else(|Gone| "-".to_owned(), |(_, short)| short);
        format!("{customer}/{}/{}", self.client_id, self.schedule)
    }

    /// Asks whether an act is admitted by the records as published now.
    ///
    /// # Errors
    /// With the refusal; a removed client or a changed password is one too.
    pub fn admit(&self, act: Act) -> Result<Permit, Refusal> {
        self.admit_in(act, None)
    }

    /// [`Place::admit`] of what begins: it also has to be paid for, in the month that its backup belongs to.
    ///
    /// # Errors
    /// See [`Place::admit`].
    pub fn admit_in(&self, act: Act, month: Option<Month>) -> Result<Permit, Refusal> {
        let state = self.state();
        let client = state.client.as_deref().ok_or(Refusal::ClientRemoved)?;
        let tree = self.tree.borrow().clone();
        let levels = tree
            .levels(client.customer, Some(client))
            .ok_or(Refusal::ClientRemoved)?;
        let subject = Subject {
            levels,
            clients: tree
                .client_counts
                .get(&client.customer)
                .copied()
                .unwrap_or(0),
            removed: false,
            schedules: u32::try_from(state.schedules.len()).unwrap_or(u32::MAX),
            schedule_exists: state.schedules.get(&self.schedule).is_some_and(|s| s.ready),
            month,
        };
        let permit = admit(&subject, act, self.clock.wall())?;
        if !subject.schedule_exists && matches!(act, Act::Read | Act::Create) {
            let others = state.schedules.keys().map(ScheduleName::as_str);
            if let Some(other) = same_but_for_case(self.schedule.as_str(), others) {
                return Err(Refusal::NameTaken {
                    name: self.schedule.to_string(),
                    by: format!("schedule {other}"),
                });
            }
        }
        if client.credential != self.credential {
            return Err(Refusal::BadCredentials);
        }
        Ok(permit)
    }

    /// The month that a backup belongs to which begins now; none when the customer was removed.
    #[must_use]
    pub fn month(&self) -> Option<Month> {
        let at = self.clock.wall();
        self.with_levels(|levels| levels.month(at)).ok()
    }

    /// The location for a schedule that is made now.
    ///
    /// # Errors
    /// When the client or customer was removed.
    pub fn location(&self) -> Result<String, Gone> {
        self.with_levels(|levels| levels.location().to_string())
    }

    /// Whether so many bytes fit, given what is taken, by the records as published now.
    ///
    /// # Errors
    /// [`Refusal::SpaceExceeded`]; [`Refusal::Recounting`]; [`Refusal::ClientRemoved`].
    pub fn fits(&self, taken: Taken, bytes: u64, purpose: Purpose) -> Result<(), Refusal> {
        self.with_levels(|levels| levels.takes(taken, bytes, purpose))
            .map_err(|Gone| Refusal::ClientRemoved)?
    }

    /// Waits until an edit bars the act, and says why. Never returns while it stays admitted.
    pub async fn barred(&self, act: Act) -> Refusal {
        let mut tree = self.tree.clone();
        let mut client = self.client.clone();
        loop {
            // Marked as seen before the question, so that an edit in between asks it again.
            tree.borrow_and_update();
            client.borrow_and_update();
            if let Err(refusal) = self.admit(act) {
                return refusal;
            }
            let published = tokio::select! {
                published = tree.changed() => published,
                published = client.changed() => published,
            };
            if published.is_err() {
                return Refusal::Draining;
            }
        }
    }

    fn with_levels<T>(&self, look: impl FnOnce(&Levels<'_>) -> T) -> Result<T, Gone> {
        let state = self.state();
        let client = state.client.as_deref().ok_or(Gone)?;
        let tree = self.tree.borrow().clone();
        let levels = tree.levels(client.customer, Some(client)).ok_or(Gone)?;
        Ok(look(&levels))
    }

    /// Where a pacer of that direction learns its rate.
    #[must_use]
    pub fn rates(&self, direction: Direction) -> Arc<dyn RateSource> {
        Arc::new(Rates {
            place: self.clone(),
            direction,
        })
    }
}

/// The rate that the records above a place decide, one way.
struct Rates {
    place: Place,
    direction: Direction,
}

impl RateSource for Rates {
    fn span(&self, at: Timestamp) -> Span {
        self.place
            .with_levels(|levels| levels.rate_at(self.direction, at))
            .unwrap_or(Span {
                rate: None,
                until: None,
                level: None,
                block: None,
            })
    }

    fn version(&self) -> u64 {
        // Revisions only grow, and ids are never reused: different records give different sums.
        let number = |factor: u64, id: RecordId, revision: u64| {
            id.0.wrapping_mul(factor)
                .wrapping_add(revision)
                .wrapping_mul(factor)
        };
        self.place
            .with_levels(|levels| {
                let own = levels
                    .client
                    .map_or(0, |r| number(0x9e37_79b9_7f4a_7c15, r.id, r.revision));
                number(
                    0xbf58_476d_1ce4_e5b9,
                    levels.customer.id,
                    levels.customer.revision,
                )
                .wrapping_add(number(
                    0x94d0_49bb_1331_11eb,
                    levels.reseller.id,
                    levels.reseller.revision,
                ))
                .wrapping_add(number(
                    0xd6e8_feb8_6659_fd93,
                    RecordId(0),
                    levels.server.revision,
                ))
                .wrapping_add(own)
            })
            .unwrap_or_default()
    }
}
