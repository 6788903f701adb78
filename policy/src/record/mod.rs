//! The records of the tree: server, resellers, customers, clients, schedules (rules, sections 1 and 2).

mod activation;
mod client;
mod credential;
mod customer;
mod field;
mod reseller;
mod schedule;
mod server;
mod shared;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use activation::{Activation, Until, UntilError};
pub use client::{Client, Enrolment};
pub use credential::{Credential, PassKey, PassKeyError, Password, PasswordError, Secret};
pub use customer::Customer;
pub use field::{Field, FieldError, Record, Shape};
pub use reseller::Reseller;
pub use schedule::Schedule;
pub use server::Server;

/// A record's internal number: never shown as a name, never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct RecordId(pub u64);

impl RecordId {
    /// The Default Reseller, which always exists.
    pub const DEFAULT_RESELLER: Self = Self(1);
    /// The Default Customer, which always exists.
    pub const DEFAULT_CUSTOMER: Self = Self(2);
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
