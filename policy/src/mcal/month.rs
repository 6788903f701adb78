//! A calendar month in the server's zone: what an MCAL is valid for.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::throttle::Zone;
use crate::units::{serde_as_text, shown};

/// A month of a year, `2026-11`. Years 1 to 9998; instants beyond count as the first or the last month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

/// Not a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no month; write it as 2026-11")]
pub struct MonthError(String);

impl Month {
    /// The month that the clock on the wall shows at that instant.
    #[must_use]
    pub fn of(at: Timestamp, zone: &Zone) -> Self {
        let date = zone.tz().to_datetime(at).date();
        let (year, month) = match date.year() {
            ..=0 => (1, 1),
            9999.. => (9998, 12),
            year => (year, date.month()),
        };
        Self { year, month }
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> Self {
        match self.month {
            12 if self.year == 9998 => self,
            12 => Self {
                year: self.year + 1,
                month: 1,
            },
            month => Self {
                month: month + 1,
                ..self
            },
        }
    }

    /// So many months later; stays at the last month there is.
    #[must_use]
    pub fn later(self, months: u64) -> Self {
        let own = i64::from(self.year) * 12 + i64::from(self.month) - 1;
        let sum = own.saturating_add(i64::try_from(months).unwrap_or(i64::MAX));
        let last = 9998 * 12 + 11;
        let sum = sum.min(last);
        Self {
            year: i16::try_from(sum / 12).unwrap_or(9998),
            month: i8::try_from(sum % 12 + 1).unwrap_or(12),
        }
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Date {
        Date::new(self.year, self.month, 1).unwrap_or(Date::MAX)
    }

    /// The instant at which it ends: midnight before the next month's first day, as the zone has it.
    #[must_use]
    pub fn end(self, zone: &Zone) -> Timestamp {
        let last_day = self.first_day().last_of_month();
        let midnight = last_day.tomorrow().unwrap_or(Date::MAX).at(0, 0, 0, 0);
        zone.tz().to_timestamp(midnight).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year, self.month))
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let wrong = || MonthError(shown(text));
        let (year, month) = text.trim().split_once('-').ok_or_else(wrong)?;
        let plain = |digits: &str, length| {
            digits.len() == length && digits.bytes().all(|b| b.is_ascii_digit())
        };
        if !plain(year, 4) || !plain(month, 2) {
            return Err(wrong());
        }
        let month = Self {
            year: year.parse().map_err(|_| wrong())?,
            month: month.parse().map_err(|_| wrong())?,
        };
        let known = (1..=9998).contains(&month.year) && (1..=12).contains(&month.month);
        known.then_some(month).ok_or_else(wrong)
    }
}

serde_as_text!(Month);
