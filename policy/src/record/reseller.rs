//! A reseller: sells to its own customers, and what it says holds for all of them.

use serde::{Deserialize, Serialize};

use super::field::{Field, Record, Shape, changed, line, parse_yes_no, yes_no};
use super::{Activation, RecordId};
use crate::mcal::{Drawn, Mcals};
use crate::names::{FullName, ShortName};
use crate::space::Allotment;
use crate::throttle::Throttle;

/// A reseller's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reseller {
    /// Internal number.
    pub id: RecordId,
    /// Counts administrators' edits.
    pub revision: u64,
    /// Unique on the server, immutable.
    pub name: FullName,
    /// Unique among resellers, immutable.
    pub short: ShortName,
    /// Whom to ask, for administrators.
    pub contact: String,
    /// Off: no customer below takes new data.
    pub activation: Activation,
    /// Off: no customer below adds clients automatically, whatever it says itself.
    pub automatically_add_clients: bool,
    /// Backups of customers that inherit.
    pub throttle: Throttle,
    /// The same for restores.
    pub restore_throttle: Throttle,
    /// Where its customers' schedules are made, unless they name another location; none leaves it to the server.
    #[serde(default)]
    pub location: Option<ShortName>,
    /// What its customers together may use.
    #[serde(default)]
    pub space: Allotment,
    /// Whether more may be allotted to customers than it has.
    #[serde(default)]
    pub overcommit: bool,
    /// MCALs that its customers together may use.
    #[serde(default)]
    pub mcals: Mcals,
    /// What was debited of its customers so far. Not an administrator's to set.
    #[serde(default)]
    pub drawn: Drawn,
}

impl Reseller {
    /// A new reseller with every field at its default.
    #[must_use]
    pub fn new(id: RecordId, name: FullName, short: ShortName) -> Self {
        Self {
            id,
            revision: 1,
            name,
            short,
            contact: String::new(),
            activation: Activation::default(),
            automatically_add_clients: true,
            throttle: Throttle::Inherit,
            restore_throttle: Throttle::Inherit,
            location: None,
            space: Allotment::Unlimited,
            overcommit: false,
            mcals: Mcals::Auto,
            drawn: Drawn::default(),
        }
    }
}

impl Record for Reseller {
    const KIND: &'static str = "reseller";
    const FIELDS: &'static [Field<Self>] = &[
        Field {
            name: "contact",
            label: "Contact",
            help: "whom to ask, for administrators",
            shape: Shape::Text,
            get: |r| r.contact.clone(),
            set: |r, v| line(v, 200).map(|v| r.contact = v),
        },
        Field::LOCATION,
        Field::SPACE,
        Field::OVERCOMMIT,
        Field::ACTIVATED,
        Field::REASON,
        Field::UNTIL,
        Field {
            name: "automatically_add_clients",
            label: "Automatically add clients",
            help: "yes leaves it to each customer; no blocks it for all of them",
            shape: Shape::YesNo,
            get: |r| yes_no(r.automatically_add_clients),
            set: |r, v| parse_yes_no(v).map(|v| r.automatically_add_clients = v),
        },
        Field {
            name: "mcals",
            label: "MCALs allotted",
            help: "Auto (draws on the bank), a number, +5 to add, or a number a month such as 25/month",
            shape: Shape::Number,
            get: |r| r.mcals.to_string(),
            set: |r, v| changed(r.mcals.changed(v)).map(|v| r.mcals = v),
        },
        Field::THROTTLE,
        Field::RESTORE_THROTTLE,
    ];

    fn revision(&self) -> u64 {
        self.revision
    }

    fn set_revision(&mut self, revision: u64) {
        self.revision = revision;
    }

    fn settle(&mut self) -> Result<(), super::FieldError> {
        self.activation.settle();
        Ok(())
    }
}
