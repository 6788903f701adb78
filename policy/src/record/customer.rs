//! A customer: the record an administrator edits ("Edit Customer"; rules, section 2).

use serde::{Deserialize, Serialize};

use super::field::{
    Field, FieldError, Record, Shape, changed, line, lines, or_word, parse_or_word, parse_yes_no,
    yes_no,
};
use super::{Activation, PassKey, RecordId};
use crate::mcal::{Drawn, Mcals};
use crate::names::{FullName, ShortName};
use crate::space::Allotment;
use crate::throttle::{Throttle, WeekendDays, Zone};
use crate::units::cut;

/// A customer's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Internal number.
    pub id: RecordId,
    /// The reseller it belongs to.
    pub reseller: RecordId,
    /// Counts administrators' edits.
    pub revision: u64,
    /// Unique on the server, immutable.
    pub name: FullName,
    /// Unique on the server, immutable; in paths, on disk and in print.
    pub short: ShortName,
    /// Registers new clients over HTTP.
    pub pass_key: PassKey,
    /// Contact data; empty by default.
    pub email: String,
    /// Contact data; may have several lines.
    pub address: String,
    /// Contact data.
    pub city: String,
    /// Contact data.
    pub phone: String,
    /// Contact data.
    pub fax: String,
    /// Free text for administrators; may have several lines.
    pub notes: String,
    /// Whether an unknown client is created by its first `POST ?create=true` (rules, section 4).
    pub automatically_add_clients: bool,
    /// Off: none of its clients takes new data.
    pub activation: Activation,
    /// Most clients, inactive ones included; none means unlimited.
    pub maximum_client_limit: Option<u32>,
    /// Holds for each backup of its clients, unless the client has a block of its own.
    pub throttle: Throttle,
    /// The same for restores.
    pub restore_throttle: Throttle,
    /// None: the server's.
    pub time_zone: Option<Zone>,
    /// None: the server's.
    pub weekend_days: Option<WeekendDays>,
    /// None: the server's.
    pub append_only: Option<bool>,
    /// Where its clients' schedules are made, unless they name another location; none leaves it to the reseller.
    #[serde(default)]
    pub location: Option<ShortName>,
    /// What its clients together may use.
    #[serde(default)]
    pub space: Allotment,
    /// Whether more may be allotted to clients than it has.
    #[serde(default)]
    pub overcommit: bool,
    /// MCALs that its clients together may use. Always Auto for the Default Customer.
    #[serde(default)]
    pub mcals: Mcals,
    /// What was debited of its clients so far. Not an administrator's to set.
    #[serde(default)]
    pub drawn: Drawn,
}

impl Customer {
    /// A new customer with every field at its default.
    #[must_use]
    pub fn new(
        id: RecordId,
        reseller: RecordId,
        name: FullName,
        short: ShortName,
        pass_key: PassKey,
    ) -> Self {
        Self {
            id,
            reseller,
            revision: 1,
            name,
            short,
            pass_key,
            email: String::new(),
            address: String::new(),
            city: String::new(),
            phone: String::new(),
            fax: String::new(),
            notes: String::new(),
            automatically_add_clients: false,
            activation: Activation::default(),
            maximum_client_limit: None,
            throttle: Throttle::Inherit,
            restore_throttle: Throttle::Inherit,
            time_zone: None,
            weekend_days: None,
            append_only: None,
            location: None,
            space: Allotment::Unlimited,
            overcommit: false,
            mcals: Mcals::Auto,
            drawn: Drawn::default(),
        }
    }

    /// Whether it is the Default Customer, which can't be removed.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.id == RecordId::DEFAULT_CUSTOMER
    }
}

fn limit(value: &str) -> Result<Option<u32>, FieldError> {
    if value.trim().eq_ignore_ascii_case("unlimited") {
        return Ok(None);
    }
    match value.trim().parse() {
        Ok(number) if number <= 1_000_000 => Ok(Some(number)),
        _ => Err(FieldError(format!(
            "{:?} is neither a number from 0 to 1000000 nor unlimited",
            cut(value)
        ))),
    }
}

fn mcals(customer: &mut Customer, value: &str) -> Result<(), FieldError> {
    let mcals = changed(customer.mcals.changed(value))?;
    if customer.is_default() && mcals != Mcals::Auto {
        return Err(FieldError(
            "the Default Customer's MCALs are always Auto".to_owned(),
        ));
    }
    customer.mcals = mcals;
    Ok(())
}

impl Record for Customer {
    const KIND: &'static str = "customer";
    const FIELDS: &'static [Field<Self>] = &[
        Field {
            name: "email",
            label: "Email",
            help: "one line of text",
            shape: Shape::Text,
            get: |r| r.email.clone(),
            set: |r, v| line(v, 200).map(|v| r.email = v),
        },
        Field {
            name: "address",
            label: "Address",
            help: "text, may have several lines",
            shape: Shape::Text,
            get: |r| r.address.clone(),
            set: |r, v| lines(v, 500).map(|v| r.address = v),
        },
        Field {
            name: "city",
            label: "City",
            help: "one line of text",
            shape: Shape::Text,
            get: |r| r.city.clone(),
            set: |r, v| line(v, 200).map(|v| r.city = v),
        },
        Field {
            name: "phone",
            label: "Phone",
            help: "one line of text",
            shape: Shape::Text,
            get: |r| r.phone.clone(),
            set: |r, v| line(v, 200).map(|v| r.phone = v),
        },
        Field {
            name: "fax",
            label: "Fax",
            help: "one line of text",
            shape: Shape::Text,
            get: |r| r.fax.clone(),
            set: |r, v| line(v, 200).map(|v| r.fax = v),
        },
        Field {
            name: "notes",
            label: "Notes",
            help: "text for administrators, may have several lines",
            shape: Shape::Text,
            get: |r| r.notes.clone(),
            set: |r, v| lines(v, 4000).map(|v| r.notes = v),
        },
        Field::LOCATION,
        Field::SPACE,
        Field::OVERCOMMIT,
        Field {
            name: "automatically_add_clients",
            label: "Automatically add clients",
            help: "yes or no: whether whoever reaches the port with an unknown client id takes a slot",
            shape: Shape::YesNo,
            get: |r| yes_no(r.automatically_add_clients),
            set: |r, v| parse_yes_no(v).map(|v| r.automatically_add_clients = v),
        },
        Field::ACTIVATED,
        Field::REASON,
        Field::UNTIL,
        Field {
            name: "maximum_client_limit",
            label: "Maximum client limit",
            help: "0 to 1000000, inactive clients included, or unlimited; lowering it evicts nobody",
            shape: Shape::Number,
            get: |r| or_word(r.maximum_client_limit.as_ref(), "unlimited"),
            set: |r, v| limit(v).map(|v| r.maximum_client_limit = v),
        },
        Field {
            name: "mcals",
            label: "MCALs allotted",
            help: "Auto (draws on the reseller's), a number, +5 to add, or a number a month such as 25/month",
            shape: Shape::Number,
            get: |r| r.mcals.to_string(),
            set: mcals,
        },
        Field::THROTTLE,
        Field::RESTORE_THROTTLE,
        Field {
            name: "time_zone",
            label: "Time zone",
            help: "IANA name, such as Europe/Berlin, or inherit",
            shape: Shape::Text,
            get: |r| or_word(r.time_zone.as_ref(), "inherit"),
            set: |r, v| parse_or_word(v, "inherit").map(|v| r.time_zone = v),
        },
        Field {
            name: "weekend_days",
            label: "Weekend days",
            help: "days, such as friday,saturday, or none, or inherit",
            shape: Shape::Text,
            get: |r| or_word(r.weekend_days.as_ref(), "inherit"),
            set: |r, v| parse_or_word(v, "inherit").map(|v| r.weekend_days = v),
        },
        Field {
            name: "append_only",
            label: "Append-only",
            help: "yes, no or inherit: clients can add but delete nothing except locks",
            shape: Shape::YesNo,
            get: |r| r.append_only.map_or_else(|| "inherit".to_owned(), yes_no),
            set: |r, v| {
                r.append_only = match v.trim() {
                    "inherit" => None,
                    v => {
                        Some(parse_yes_no(v).map_err(|e| FieldError(format!("{e}, nor inherit")))?)
                    }
                };
                Ok(())
            },
        },
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
