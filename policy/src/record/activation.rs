//! Activated or not, with a reason for the client to read and an optional end (rules, section 3).

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::field::FieldError;
use crate::throttle::Zone;
use crate::units::cut;

/// Whether a reseller, customer or client is activated, and if not, why and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// The switch. While it is off no new data comes in; restores go on.
    pub activated: bool,
    /// Words for the client to read; empty while activated. At most 200 characters, one line.
    pub reason: String,
    /// When the suspension ends by itself, in the record's zone; none means until somebody ends it.
    pub until: Option<Until>,
}

/// The wall-clock moment at which a suspension ends: `2026-12-24` (its start) or `2026-12-24T08:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Until(pub DateTime);

/// Not a date or a date with a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no date; write it as 2026-12-24 or 2026-12-24T08:00")]
pub struct UntilError(pub String);

impl Default for Activation {
    fn default() -> Self {
        Self {
            activated: true,
            reason: String::new(),
            until: None,
        }
    }
}

impl Activation {
    /// Whether the record is activated at that instant, its zone being given. A suspension whose end has come is over.
    #[must_use]
    pub fn holds_at(&self, zone: &Zone, at: Timestamp) -> bool {
        self.activated || self.until.is_some_and(|until| until.has_come(zone, at))
    }

    /// Activating clears the reason and the end; an end needs a suspension.
    pub(super) fn settle(&mut self) {
        if self.activated {
            self.reason.clear();
            self.until = None;
        }
    }

    pub(super) fn set_until(&mut self, value: &str) -> Result<(), FieldError> {
        self.until = super::field::parse_or_word(value, "none")?;
        Ok(())
    }
}

impl Until {
    /// Whether the clock on the wall has shown it, or more. A clock that is set back in autumn shows an earlier time
    /// again, which doesn't bring back a suspension that is over; an end that a spring gap skips comes with the gap.
    fn has_come(self, zone: &Zone, at: Timestamp) -> bool {
        let shown = || zone.tz().to_timestamp(self.0).is_ok_and(|end| end <= at);
        self.0 <= zone.tz().to_datetime(at) || shown()
    }
}

impl FromStr for Until {
    type Err = UntilError;

    fn from_str(text: &str) -> Result<Self, UntilError> {
        let wrong = || UntilError(cut(text));
        // The record's zone is meant: an offset, which the parser would read and drop, mustn't look as if it counted.
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 't' | ' ');
        let time = text.split(['T', 't', ' ']).nth(1).unwrap_or_default();
        let signed = text.starts_with('-') || time.contains('-');
        if text.len() > 32 || signed || !text.chars().all(plain) {
            return Err(wrong());
        }
        let date = text.parse::<jiff::civil::Date>();
        match date {
            Ok(date) if text.len() == 10 => Ok(Self(date.at(0, 0, 0, 0))),
            _ => text
                .replacen(' ', "T", 1)
                .parse::<DateTime>()
                .map(Self)
                .map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.time() == jiff::civil::Time::midnight() {
            return write!(f, "{}", self.0.date());
        }
        if self.0.second() == 0 && self.0.subsec_nanosecond() == 0 {
            return write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M"));
        }
        write!(f, "{}", self.0)
    }
}

impl TryFrom<String> for Until {
    type Error = UntilError;

    fn try_from(text: String) -> Result<Self, UntilError> {
        text.parse()
    }
}

impl From<Until> for String {
    fn from(until: Until) -> Self {
        until.to_string()
    }
}
