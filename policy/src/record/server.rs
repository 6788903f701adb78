//! The server's own record: what holds for all unless a level below says otherwise.

use serde::{Deserialize, Serialize};

use super::field::{Field, FieldError, Record, Shape, changed, line, parse, parse_yes_no, yes_no};
use crate::mcal::{Bank, Drawn, Month, Prices};
use crate::names::ShortName;
use crate::space::Allotment;
use crate::throttle::{Throttle, WeekendDays, Zone};
use crate::units::cut;

/// Settings of the whole server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Counts administrators' edits.
    pub revision: u64,
    /// Zone of the server's and the resellers' throttle blocks, and of customers that name none.
    pub time_zone: Zone,
    /// What a throttle's weekend exemption means, unless the customer says otherwise.
    pub weekend_days: WeekendDays,
    /// Backups of everybody whose levels below inherit. `inherit` means unlimited here.
    pub throttle: Throttle,
    /// The same for restores.
    pub restore_throttle: Throttle,
    /// Whether clients may only add (rules, section 10), unless the customer says otherwise.
    pub append_only: bool,
    /// Where clients reach this server, such as `https://backup.msp.example:8000`; for ready-made commands.
    pub public_url: String,
    /// Ends every refusal: whom a client can ask.
    pub contact: String,
    /// Most schedules of one client, 1 to 1,024.
    pub schedule_limit: u32,
    /// Days until the trash is emptied, 1 to 3,650.
    pub trash_days: u32,
    /// Where schedules are made, unless a level below names another location.
    #[serde(default = "main_location")]
    pub location: ShortName,
    /// What all resellers together may use, the trash included.
    #[serde(default)]
    pub space: Allotment,
    /// Whether more may be allotted to resellers than there is.
    #[serde(default)]
    pub overcommit: bool,
    /// Percent of a location's file system that new data must leave free, 0 to 50.
    #[serde(default = "disk_reserve")]
    pub disk_reserve: u32,
    /// The bank: credit for debits, or unlimited.
    #[serde(default)]
    pub mcals: Bank,
    /// What a client costs for a month.
    #[serde(default)]
    pub mcal_prices: Prices,
    /// What was debited so far. Not an administrator's to set.
    #[serde(default)]
    pub drawn: Drawn,
}

impl Server {
    /// That month, or the ledger's newest if it is later: the month never goes back, whatever the clock does.
    #[must_use]
    pub fn month_at_least(&self, month: Month) -> Month {
        self.drawn.month.map_or(month, |newest| newest.max(month))
    }
}

/// The location that is made at the first start.
fn main_location() -> ShortName {
    ShortName::main()
}

const fn disk_reserve() -> u32 {
    5
}

impl Default for Server {
    fn default() -> Self {
        Self {
            revision: 1,
            time_zone: Zone::utc(),
            weekend_days: WeekendDays::default(),
            throttle: Throttle::Inherit,
            restore_throttle: Throttle::Inherit,
            append_only: false,
            public_url: String::new(),
            contact: String::new(),
            schedule_limit: 32,
            trash_days: 30,
            location: main_location(),
            space: Allotment::Unlimited,
            overcommit: false,
            disk_reserve: disk_reserve(),
            mcals: Bank::Unlimited,
            mcal_prices: Prices::default(),
            drawn: Drawn::default(),
        }
    }
}

impl Record for Server {
    const KIND: &'static str = "server";
    const FIELDS: &'static [Field<Self>] = &[
        Field {
            name: "location",
            label: "Backup location",
            help: "a location's name; holds for schedules that are made from now on",
            shape: Shape::Text,
            get: |r| r.location.to_string(),
            set: |r, v| parse(v).map(|v| r.location = v),
        },
        Field::SPACE,
        Field::OVERCOMMIT,
        Field {
            name: "disk_reserve",
            label: "Disk reserve",
            help: "0 to 50, percent of a location's disk that new data leaves free",
            shape: Shape::Number,
            get: |r| r.disk_reserve.to_string(),
            set: |r, v| between(v, 0, 50).map(|v| r.disk_reserve = v),
        },
        Field {
            name: "mcals",
            label: "MCAL bank",
            help: "credit for all customers: a number, +500 to add, or unlimited",
            shape: Shape::Number,
            get: |r| r.mcals.to_string(),
            set: |r, v| changed(r.mcals.changed(v)).map(|v| r.mcals = v),
        },
        Field {
            name: "mcal_prices",
            label: "MCAL prices",
            help: "what a client costs for a month, such as 'desktop=1 server=2 sql=2'; plugins that aren't named cost nothing",
            shape: Shape::Text,
            get: |r| r.mcal_prices.to_string(),
            set: |r, v| parse(v).map(|v| r.mcal_prices = v),
        },
        Field::THROTTLE,
        Field::RESTORE_THROTTLE,
        Field {
            name: "time_zone",
            label: "Time zone",
            help: "IANA name, such as Europe/Berlin",
            shape: Shape::Text,
            get: |r| r.time_zone.to_string(),
            set: |r, v| parse(v).map(|v| r.time_zone = v),
        },
        Field {
            name: "weekend_days",
            label: "Weekend days",
            help: "days, such as saturday,sunday, or none",
            shape: Shape::Text,
            get: |r| r.weekend_days.to_string(),
            set: |r, v| parse(v).map(|v| r.weekend_days = v),
        },
        Field {
            name: "append_only",
            label: "Append-only",
            help: "yes or no: clients can add but delete nothing except locks",
            shape: Shape::YesNo,
            get: |r| yes_no(r.append_only),
            set: |r, v| parse_yes_no(v).map(|v| r.append_only = v),
        },
        Field {
            name: "schedule_limit",
            label: "Schedules for each client",
            help: "1 to 1024",
            shape: Shape::Number,
            get: |r| r.schedule_limit.to_string(),
            set: |r, v| between(v, 1, 1024).map(|v| r.schedule_limit = v),
        },
        Field {
            name: "trash_days",
            label: "Days in the trash",
            help: "1 to 3650: what was removed longer ago is deleted for good",
            shape: Shape::Number,
            get: |r| r.trash_days.to_string(),
            set: |r, v| between(v, 1, 3650).map(|v| r.trash_days = v),
        },
        Field {
            name: "public_url",
            label: "Public URL",
            help: "where clients reach this server, such as https://backup.msp.example:8000; empty for none",
            shape: Shape::Text,
            get: |r| r.public_url.clone(),
            set: |r, v| public_url(v).map(|v| r.public_url = v),
        },
        Field {
            name: "contact",
            label: "Contact",
            help: "ends every refusal, such as support@msp.example",
            shape: Shape::Text,
            get: |r| r.contact.clone(),
            set: |r, v| line(v, 80).map(|v| r.contact = v),
        },
    ];

    fn revision(&self) -> u64 {
        self.revision
    }

    fn set_revision(&mut self, revision: u64) {
        self.revision = revision;
    }
}

fn between(value: &str, least: u32, most: u32) -> Result<u32, FieldError> {
    match value.trim().parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(FieldError(format!(
            "{:?} is not a number from {least} to {most}",
            cut(value)
        ))),
    }
}

fn public_url(value: &str) -> Result<String, FieldError> {
    let url = line(value, 200)?;
    let url = url.trim_end_matches('/');
    if url.is_empty() {
        return Ok(String::new());
    }
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '@' | '\\' | '$' | '`');
    match host {
        Some(host) if !host.is_empty() && !host.starts_with('/') && host.chars().all(plain) => {
            Ok(url.to_owned())
        }
        _ => Err(FieldError(format!(
            "{:?} is no address of a server; write https://HOST[:PORT] or http://HOST[:PORT]",
            cut(value)
        ))),
    }
}
