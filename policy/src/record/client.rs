//! A client: one machine or user that backs up, with its own password (rules, section 4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::field::{Field, FieldError, Record, Shape, parse};
use super::{Activation, Credential, RecordId};
use crate::mcal::{Paid, Platform, Plugins};
use crate::names::{ClientId, ShortName};
use crate::space::Allotment;
use crate::throttle::Throttle;

/// A client's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Internal number.
    pub id: RecordId,
    /// The customer it belongs to.
    pub customer: RecordId,
    /// Counts administrators' edits.
    pub revision: u64,
    /// Its id and Basic user, unique in the customer.
    pub client_id: ClientId,
    /// What opens its repositories.
    pub credential: Credential,
    /// When an administrator killed the credential; none while it lives.
    pub revoked: Option<Timestamp>,
    /// Off: it takes no new data.
    pub activation: Activation,
    /// Holds for each of its backups.
    pub throttle: Throttle,
    /// Holds for each of its restores.
    pub restore_throttle: Throttle,
    /// When it came into being.
    pub created: Timestamp,
    /// How it came into being.
    pub enrolment: Enrolment,
    /// The unknown customer of the path that created it in the Default Customer; must match from then on.
    pub tag: Option<String>,
    /// When its password first opened something; none before. Kept so that a generated password that was lost on
    /// the way can be issued again.
    pub first_login: Option<Timestamp>,
    /// SHA-256 of the pass key that gave it the password it has; only that key can issue it another. None for
    /// every other way in, and once an administrator has set the password.
    pub issued_by: Option<[u8; 32]>,
    /// Where its schedules are made; none leaves it to the customer.
    #[serde(default)]
    pub location: Option<ShortName>,
    /// What its schedules together may use.
    #[serde(default)]
    pub space: Allotment,
    /// Decides with the plugins what it costs for a month.
    #[serde(default)]
    pub platform: Platform,
    /// Plugins that it is licensed for.
    #[serde(default)]
    pub plugins: Plugins,
    /// The newest month that was debited for it. Not an administrator's to set.
    #[serde(default)]
    pub paid: Option<Paid>,
}

/// The ways in (rules, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enrolment {
    /// Added by an administrator.
    Administrator,
    /// Registered with the customer's pass key.
    PassKey,
    /// Added automatically by its first repository.
    Automatic,
}

impl Client {
    /// A new client with every field at its default.
    #[must_use]
    pub fn new(
        id: RecordId,
        customer: RecordId,
        client_id: ClientId,
        credential: Credential,
        created: Timestamp,
        enrolment: Enrolment,
    ) -> Self {
        Self {
            id,
            customer,
            revision: 1,
            client_id,
            credential,
            revoked: None,
            activation: Activation::default(),
            throttle: Throttle::Inherit,
            restore_throttle: Throttle::Inherit,
            created,
            enrolment,
            tag: None,
            first_login: None,
            issued_by: None,
            location: None,
            space: Allotment::Unlimited,
            platform: Platform::Desktop,
            plugins: Plugins::default(),
            paid: None,
        }
    }
}

impl Record for Client {
    const KIND: &'static str = "client";
    const FIELDS: &'static [Field<Self>] = &[
        Field {
            name: "platform",
            label: "Platform",
            help: "desktop or server: what it costs for a month",
            shape: Shape::Text,
            get: |r| r.platform.to_string(),
            set: |r, v| parse(v).map(|v| r.platform = v),
        },
        Field {
            name: "plugins",
            label: "Plugins",
            help: "names from the price table, such as sql,exchange, or none; each costs more",
            shape: Shape::Text,
            get: |r| r.plugins.to_string(),
            set: |r, v| parse(v).map(|v| r.plugins = v),
        },
        Field::LOCATION,
        Field::SPACE,
        Field::ACTIVATED,
        Field::REASON,
        Field::UNTIL,
        Field::THROTTLE,
        Field::RESTORE_THROTTLE,
    ];

    fn revision(&self) -> u64 {
        self.revision
    }

    fn set_revision(&mut self, revision: u64) {
        self.revision = revision;
    }

    fn settle(&mut self) -> Result<(), FieldError> {
        self.activation.settle();
        Ok(())
    }
}
