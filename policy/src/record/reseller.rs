//! A reseller: sells to its own customers, and what it says holds for all of them.

use serde::{Deserialize, Serialize};

use super::field::{Field, Record, Shape, line, parse, parse_yes_no, yes_no};
use super::{Activation, RecordId};
use crate::names::{FullName, ShortName};
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
        Field {
            name: "activated",
            label: "Activated",
            help: "yes or no: while no, none of its customers' clients can back up; restores go on",
            shape: Shape::YesNo,
            get: |r| yes_no(r.activation.activated),
            set: |r, v| parse_yes_no(v).map(|v| r.activation.activated = v),
        },
        Field {
            name: "reason",
            label: "Reason",
            help: "why it isn't activated, for administrators",
            shape: Shape::Text,
            get: |r| r.activation.reason.clone(),
            set: |r, v| line(v, 200).map(|v| r.activation.reason = v),
        },
        Field {
            name: "until",
            label: "Suspended until",
            help: "a date (2026-12-24) or date and time (2026-12-24T08:00) that ends the suspension, or none",
            shape: Shape::Text,
            get: |r| super::field::or_word(r.activation.until.as_ref(), "none"),
            set: |r, v| r.activation.set_until(v),
        },
        Field {
            name: "automatically_add_clients",
            label: "Automatically add clients",
            help: "yes leaves it to each customer; no blocks it for all of them",
            shape: Shape::YesNo,
            get: |r| yes_no(r.automatically_add_clients),
            set: |r, v| parse_yes_no(v).map(|v| r.automatically_add_clients = v),
        },
        Field {
            name: "throttle",
            label: "Bandwidth throttling",
            help: "for EACH backup: inherit, unlimited, or a block such as '8Mbit/s 08:00-18:00 weekend-exempt'",
            shape: Shape::Text,
            get: |r| r.throttle.to_string(),
            set: |r, v| parse(v).map(|v| r.throttle = v),
        },
        Field {
            name: "restore_throttle",
            label: "Restore throttling",
            help: "for EACH restore: inherit, unlimited, or a block",
            shape: Shape::Text,
            get: |r| r.restore_throttle.to_string(),
            set: |r, v| parse(v).map(|v| r.restore_throttle = v),
        },
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
