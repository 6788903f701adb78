//! The days of the week that a level calls its weekend.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Weekday;

use crate::units::{serde_as_text, shown};

/// A set of weekdays, Saturday and Sunday unless said otherwise; may be empty.
///
/// In text `saturday,sunday` (or `sat,sun`, in any case and order), or `none`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WeekendDays(u8);

/// Why a text is no set of [`WeekendDays`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DaysError {
    /// A word that is no weekday.
    #[error("{0} is not a day of the week: write days such as saturday,sunday, or none")]
    UnknownDay(String),
}

const NAMES: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

impl WeekendDays {
    /// No weekend at all.
    pub const NONE: Self = Self(0);

    /// Whether this day belongs to the weekend.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }

    /// Whether there is no weekend at all.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

impl Default for WeekendDays {
    fn default() -> Self {
        [Weekday::Saturday, Weekday::Sunday].into_iter().collect()
    }
}

impl FromIterator<Weekday> for WeekendDays {
    fn from_iter<I: IntoIterator<Item = Weekday>>(days: I) -> Self {
        Self(days.into_iter().map(bit).fold(0, |all, day| all | day))
    }
}

impl fmt::Display for WeekendDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (name, _) in NAMES.iter().filter(|(_, day)| self.contains(*day)) {
            write!(f, "{separator}{name}")?;
            separator = ",";
        }
        if self.is_empty() {
            f.write_str("none")?;
        }
        Ok(())
    }
}

impl fmt::Debug for WeekendDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeekendDays({self})")
    }
}

impl FromStr for WeekendDays {
    type Err = DaysError;

    fn from_str(text: &str) -> Result<Self, DaysError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::NONE);
        }
        text.split(',')
            .map(|word| {
                let word = word.trim();
                NAMES
                    .iter()
                    .find(|(name, _)| {
                        name.eq_ignore_ascii_case(word) || name[..3].eq_ignore_ascii_case(word)
                    })
                    .map(|(_, day)| *day)
                    .ok_or_else(|| DaysError::UnknownDay(shown(word)))
            })
            .collect()
    }
}

serde_as_text!(WeekendDays);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_long_and_short_and_shown_from_monday_on() {
        for (text, expected) in [
            ("saturday,sunday", "saturday,sunday"),
            ("Sun, sat", "saturday,sunday"),
            ("fri", "friday"),
            ("none", "none"),
            (
                "sun,mon,tue,wed,thu,fri,sat",
                "monday,tuesday,wednesday,thursday,friday,saturday,sunday",
            ),
        ] {
            assert_eq!(text.parse::<WeekendDays>().unwrap().to_string(), expected);
        }
        assert_eq!(WeekendDays::default().to_string(), "saturday,sunday");
    }

    #[test]
    fn what_is_no_day_is_refused_by_name() {
        for (text, word) in [
            ("", "``"),
            ("sat,", "``"),
            ("sa", "`sa`"),
            ("samstag", "`samstag`"),
            ("none,sat", "`none`"),
        ] {
            let error = text.parse::<WeekendDays>().unwrap_err();
            assert_eq!(error, DaysError::UnknownDay(word.into()));
        }
    }
}
