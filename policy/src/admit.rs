//! Admission: may this act go on, and if not, why (rules, sections 3, 4, 5 and 9). The first failure is the answer.
//! Whether it fits is asked last, where the figures are: [`crate::space::fit`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::levels::Levels;
use crate::mcal::{Month, charge};
use crate::protocol::Kind;
use crate::record::{PassKeyError, PasswordError};
use crate::refusal::Refusal;

/// Who wants to act, with the counts that decide.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The records above, and the client's own if it is known.
    pub levels: Levels<'a>,
    /// How many clients the customer has, inactive ones included.
    pub clients: u32,
    /// Whether the client's id was removed and stays blocked.
    pub removed: bool,
    /// How many schedules the client has.
    pub schedules: u32,
    /// Whether the schedule exists.
    pub schedule_exists: bool,
    /// The month that the backup belongs to: the one it began in (rules, section 5). None for what goes on: who was let
    /// in isn't asked for MCALs again.
    pub month: Option<Month>,
}

/// What is wanted of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Reading: HEAD, GET, lists. Where no repository exists yet, what would be refused is refused here, because
    /// restic stops at once at its first HEAD of config.
    Read,
    /// Making the repository.
    Create,
    /// Posting the repository's config.
    PostConfig,
    /// Posting an object.
    Post(Kind),
    /// Deleting an object that is there.
    Delete(Kind),
}

/// That an act was admitted. Only [`admit`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    enrols: bool,
    debits: bool,
}

impl Permit {
    /// Whether the client is unknown yet and is to be added, in the same transaction as what it does. Only making a
    /// repository and registering do that; until then whatever else an unknown client asks for isn't there.
    #[must_use]
    pub const fn enrols(self) -> bool {
        self.enrols
    }

    /// Whether the client has to be debited for the month first, durably, before a byte of the body is read.
    #[must_use]
    pub const fn debits(self) -> bool {
        self.debits
    }
}

/// Decides an act of somebody whose password was right, or who would be added automatically.
///
/// # Errors
/// With the first failure in the order of the rules: known or may be added, client limit, activated, schedules, MCALs,
/// append-only.
pub fn admit(subject: &Subject<'_>, act: Act, at: Timestamp) -> Result<Permit, Refusal> {
    let levels = &subject.levels;
    let Some(client) = levels.client else {
        enrol(subject)?;
        levels.activated_at(at)?;
        affordable(subject)?;
        // Whatever else an unknown client asks for isn't there; only its first repository makes it known, and is
        // debited with it.
        let enrols = act == Act::Create;
        return Ok(Permit {
            enrols,
            debits: enrols,
        });
    };
    if client.revoked.is_some() {
        return Err(Refusal::ClientRevoked);
    }
    let known = Permit {
        enrols: false,
        debits: false,
    };
    match act {
        Act::Read if subject.schedule_exists => Ok(known),
        Act::Read | Act::Create => {
            levels.activated_at(at)?;
            let limit = levels.server.schedule_limit;
            if !subject.schedule_exists && subject.schedules >= limit {
                return Err(Refusal::ScheduleLimit { limit });
            }
            if !subject.schedule_exists {
                affordable(subject)?;
            }
            Ok(known)
        }
        // Whoever is suspended can still lock: restores need it.
        Act::Post(Kind::Locks) | Act::Delete(Kind::Locks) => Ok(known),
        Act::Post(kind) if kind.pays() => {
            levels.activated_at(at)?;
            Ok(Permit {
                debits: affordable(subject)?,
                ..known
            })
        }
        Act::Post(_) | Act::PostConfig => levels.activated_at(at).map(|()| known),
        Act::Delete(_) => {
            levels.activated_at(at)?;
            if levels.append_only() {
                return Err(Refusal::AppendOnly);
            }
            Ok(known)
        }
    }
}

/// Whether the client is still to be debited for the month, which every level that has a number can pay.
fn affordable(subject: &Subject<'_>) -> Result<bool, Refusal> {
    let levels = &subject.levels;
    let Some(month) = subject.month else {
        return Ok(false);
    };
    if levels.client.is_some_and(|client| client.has_paid(month)) {
        return Ok(false);
    }
    charge(levels, levels.price(), month).map(|_| true)
}

/// Whether an unknown client may be added automatically.
fn enrol(subject: &Subject<'_>) -> Result<(), Refusal> {
    if subject.removed {
        return Err(Refusal::ClientRemoved);
    }
    if !subject.levels.adds_clients_automatically() {
        return Err(Refusal::ClientUnknown);
    }
    free_slot(subject)
}

/// Whether the customer has a slot left; every way in asks (rules, section 4).
///
/// # Errors
/// [`Refusal::ClientLimit`] when it has none.
pub fn free_slot(subject: &Subject<'_>) -> Result<(), Refusal> {
    let customer = subject.levels.customer;
    match customer.maximum_client_limit {
        Some(limit) if subject.clients >= limit => Err(Refusal::ClientLimit {
            customer: customer.name.to_string(),
            limit,
        }),
        _ => Ok(()),
    }
}

/// Decides a registration by somebody whose pass key was right (rules, section 4, 2).
///
/// # Errors
/// When the pass key registers no more, the client exists or was removed, no slot is free, or the customer isn't
/// activated.
pub fn register(subject: &Subject<'_>, at: Timestamp) -> Result<Permit, Refusal> {
    if let Some(client) = subject.levels.client {
        return Err(Refusal::ClientExists {
            client: client.client_id.to_string(),
        });
    }
    if subject.removed {
        return Err(Refusal::ClientRemoved);
    }
    subject
        .levels
        .customer
        .pass_key
        .usable_at(at)
        .map_err(|_: PassKeyError| Refusal::PassKeyExpired)?;
    free_slot(subject)?;
    subject.levels.activated_at(at)?;
    // What a registered client costs is debited when it backs up.
    Ok(Permit {
        enrols: true,
        debits: false,
    })
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooShort => Self::PasswordTooShort,
            other => Self::PasswordUnfit {
                problem: other.to_string(),
            },
        }
    }
}
