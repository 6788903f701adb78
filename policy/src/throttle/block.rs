//! A throttle's block: a rate, the hours it holds, and how an administrator writes it in one piece.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;

use super::Throttle;
use crate::units::{Rate, RateError, serde_as_text, shown};

/// A rate for each backup, with the hours it holds; outside them a backup isn't held back.
///
/// Only what the rules allow can be built: see [`Block::new`]. In text the rate comes first and
/// the other words follow in any order: `256kbit/s 22:00-06:00 weekend-exempt single-connection`;
/// no hours mean `always`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    rate: Rate,
    hours: Hours,
    weekend_exempt: bool,
    single_connection: bool,
}

/// The hours of the day a block's rate holds, on the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hours {
    /// The whole day.
    Always,
    /// Half-open, whole minutes; past midnight if `from` is later than `to`. `00:00` as `to` is
    /// the end of the day.
    Between {
        /// The first minute held back.
        from: Time,
        /// The first minute no longer held back.
        to: Time,
    },
}

/// Why a text is no [`Throttle`], or parts make no [`Block`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThrottleError {
    /// Nothing was given.
    #[error("a throttle is empty: give a rate such as 8Mbit/s, or `unlimited`, or `inherit`")]
    Empty,
    /// The rate can't be read.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// A word that no block has.
    #[error(
        "{0} is not understood in a throttle: after the rate there can be `always` or hours such as 08:00-18:00, `weekend-exempt` and `single-connection`"
    )]
    UnknownWord(String),
    /// A word given twice.
    #[error("`{0}` stands twice in the throttle: give it once")]
    Twice(&'static str),
    /// Two sets of hours.
    #[error(
        "a throttle has one set of hours: give either `always` or one span such as 08:00-18:00"
    )]
    HoursTwice,
    /// Hours that can't be read.
    #[error("{0} is not a span of hours: write it in whole minutes, such as 08:00-18:00")]
    BadHours(String),
    /// `from` equals `to`.
    #[error(
        "hours that begin and end at the same time are ambiguous: write `always` for the whole day"
    )]
    EmptyHours,
    /// `inherit` or `unlimited` with more words.
    #[error("`{0}` stands alone: remove the words after it")]
    NotAlone(Throttle),
    /// Too slow for restic's five connections.
    #[error(
        "{0} is below 1Mbit/s, where each of restic's five connections runs into its five-minute timer and tries again for ever: raise the rate, or add `single-connection` if the clients run restic with -o rest.connections=1"
    )]
    TooSlow(Rate),
    /// Too slow for a single connection.
    #[error(
        "{0} is below 256kbit/s, where even a single connection runs into restic's five-minute timer and tries again for ever: raise the rate"
    )]
    TooSlowForOne(Rate),
}

/// 1 Mbit/s in bytes per second: less is stuck with restic's five connections.
const SLOWEST: u64 = 125_000;
/// 256 kbit/s in bytes per second: less is stuck with one connection too.
const SLOWEST_FOR_ONE: u64 = 32_000;

const WEEKEND_EXEMPT: &str = "weekend-exempt";
const SINGLE_CONNECTION: &str = "single-connection";

impl Block {
    /// A block of these parts.
    ///
    /// # Errors
    /// Rates below 1 Mbit/s, or 256 kbit/s with `single_connection`; hours that are empty or not
    /// in whole minutes.
    pub fn new(
        rate: Rate,
        hours: Hours,
        weekend_exempt: bool,
        single_connection: bool,
    ) -> Result<Self, ThrottleError> {
        let speed = rate.bytes_per_second();
        if speed < SLOWEST_FOR_ONE {
            return Err(ThrottleError::TooSlowForOne(rate));
        }
        if speed < SLOWEST && !single_connection {
            return Err(ThrottleError::TooSlow(rate));
        }
        if let Hours::Between { from, to } = hours {
            if from == to {
                return Err(ThrottleError::EmptyHours);
            }
            if !whole_minutes(from) || !whole_minutes(to) {
                return Err(ThrottleError::BadHours(shown(&format!("{from}-{to}"))));
            }
        }
        Ok(Self {
            rate,
            hours,
            weekend_exempt,
            single_connection,
        })
    }

    /// The rate that holds for each backup within the hours.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// The hours of the day the rate holds.
    pub fn hours(&self) -> Hours {
        self.hours
    }

    /// Whether the weekend days are left out.
    pub fn weekend_exempt(&self) -> bool {
        self.weekend_exempt
    }

    /// Whether the clients are said to run restic on one connection, which permits slower rates.
    pub fn single_connection(&self) -> bool {
        self.single_connection
    }
}

impl Hours {
    /// Whether the clock on the wall is within these hours.
    pub fn contain(self, time: Time) -> bool {
        match self {
            Self::Always => true,
            Self::Between { from, to } if from < to => from <= time && time < to,
            Self::Between { from, to } => from <= time || time < to,
        }
    }
}

fn whole_minutes(time: Time) -> bool {
    time.second() == 0 && time.subsec_nanosecond() == 0
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rate, self.hours)?;
        if self.weekend_exempt {
            write!(f, " {WEEKEND_EXEMPT}")?;
        }
        if self.single_connection {
            write!(f, " {SINGLE_CONNECTION}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("always"),
            Self::Between { from, to } => write!(
                f,
                "{:02}:{:02}-{:02}:{:02}",
                from.hour(),
                from.minute(),
                to.hour(),
                to.minute()
            ),
        }
    }
}

impl FromStr for Block {
    type Err = ThrottleError;

    fn from_str(text: &str) -> Result<Self, ThrottleError> {
        let mut words = text.split_whitespace().peekable();
        let number = words.next().ok_or(ThrottleError::Empty)?;
        let bare = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        // `8 Mbit/s`: the space within a rate is no space between words.
        let rate = match words.next_if(|word| bare && word.ends_with("/s")) {
            Some(unit) => format!("{number}{unit}").parse()?,
            None => number.parse()?,
        };
        let (mut hours, mut weekend_exempt, mut single_connection) = (None, false, false);
        for word in words {
            match word {
                WEEKEND_EXEMPT => once(&mut weekend_exempt, WEEKEND_EXEMPT)?,
                SINGLE_CONNECTION => once(&mut single_connection, SINGLE_CONNECTION)?,
                word if word == "always" || word.starts_with(|c: char| c.is_ascii_digit()) => {
                    if hours.replace(word.parse()?).is_some() {
                        return Err(ThrottleError::HoursTwice);
                    }
                }
                word => return Err(ThrottleError::UnknownWord(shown(word))),
            }
        }
        let hours = hours.unwrap_or(Hours::Always);
        Self::new(rate, hours, weekend_exempt, single_connection)
    }
}

fn once(flag: &mut bool, word: &'static str) -> Result<(), ThrottleError> {
    if std::mem::replace(flag, true) {
        return Err(ThrottleError::Twice(word));
    }
    Ok(())
}

impl FromStr for Hours {
    type Err = ThrottleError;

    fn from_str(text: &str) -> Result<Self, ThrottleError> {
        if text == "always" {
            return Ok(Self::Always);
        }
        let bad = || ThrottleError::BadHours(shown(text));
        let (from, to) = text.split_once('-').ok_or_else(bad)?;
        let from = minute_of_day(from).ok_or_else(bad)?;
        let to = match to {
            "24:00" => Time::midnight(),
            to => minute_of_day(to).ok_or_else(bad)?,
        };
        if from == to {
            return Err(ThrottleError::EmptyHours);
        }
        Ok(Self::Between { from, to })
    }
}

/// `HH:MM`, or `H:MM` as people write it.
fn minute_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 || !digits(hour) || !digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

serde_as_text!(Block);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> String {
        text.parse::<Throttle>()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .to_string()
    }

    #[test]
    fn a_throttle_is_read_in_one_piece_and_shown_in_one_form() {
        for (text, expected) in [
            (
                "8Mbit/s 08:00-18:00 weekend-exempt",
                "8Mbit/s 08:00-18:00 weekend-exempt",
            ),
            (
                " 8 mbit/s  weekend-exempt 8:00-18:00",
                "8Mbit/s 08:00-18:00 weekend-exempt",
            ),
            ("8Mbit/s always", "8Mbit/s always"),
            ("8Mbit/s", "8Mbit/s always"),
            (
                "256kbit/s single-connection",
                "256kbit/s always single-connection",
            ),
            ("1MiB/s 22:00-06:00", "1MiB/s 22:00-06:00"),
            ("1MiB/s 18:00-24:00", "1MiB/s 18:00-00:00"),
            ("unlimited", "unlimited"),
            (" inherit ", "inherit"),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
            assert_eq!(canonical(expected), expected);
        }
    }

    #[test]
    fn what_is_no_throttle_is_refused_by_its_cause() {
        use ThrottleError as E;
        let slow = |bytes| Rate::from_bytes_per_second(bytes).unwrap();
        for (text, expected) in [
            ("", E::Empty),
            ("8", E::Rate(RateError::NoUnit)),
            ("8 08:00-18:00", E::Rate(RateError::NoUnit)),
            ("8Mbit/s soon", E::UnknownWord("`soon`".into())),
            ("8Mbit/s Always", E::UnknownWord("`Always`".into())),
            (
                "8Mbit/s weekend-exempt weekend-exempt",
                E::Twice("weekend-exempt"),
            ),
            ("8Mbit/s always always", E::HoursTwice),
            ("8Mbit/s always 08:00-18:00", E::HoursTwice),
            ("8Mbit/s 08:00-18", E::BadHours("`08:00-18`".into())),
            ("8Mbit/s 08:00", E::BadHours("`08:00`".into())),
            ("8Mbit/s 24:00-06:00", E::BadHours("`24:00-06:00`".into())),
            ("8Mbit/s 08:60-09:00", E::BadHours("`08:60-09:00`".into())),
            ("8Mbit/s 08:00-08:00", E::EmptyHours),
            ("8Mbit/s 00:00-24:00", E::EmptyHours),
            ("unlimited always", E::NotAlone(Throttle::Unlimited)),
            ("inherit 8Mbit/s", E::NotAlone(Throttle::Inherit)),
            ("999kbit/s", E::TooSlow(slow(124_875))),
            ("256kbit/s", E::TooSlow(slow(32_000))),
            (
                "255kbit/s single-connection",
                E::TooSlowForOne(slow(31_875)),
            ),
        ] {
            assert_eq!(text.parse::<Throttle>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn the_slowest_rates_are_taken_to_the_byte() {
        assert!("125000B/s".parse::<Block>().is_ok());
        assert!("124999B/s".parse::<Block>().is_err());
        assert!("32000B/s single-connection".parse::<Block>().is_ok());
        assert!("31999B/s single-connection".parse::<Block>().is_err());
    }

    #[test]
    fn hours_with_seconds_cannot_be_built() {
        let hours = Hours::Between {
            from: Time::constant(8, 0, 1, 0),
            to: Time::constant(9, 0, 0, 0),
        };
        let rate = "8Mbit/s".parse().unwrap();
        assert!(Block::new(rate, hours, false, false).is_err());
    }

    proptest! {
        #[test]
        fn every_block_is_shown_so_that_it_reads_back(
            rate in 125_000..Rate::MAX,
            from in 0..1440i16,
            to in 0..1440i16,
            weekend_exempt: bool,
            single_connection: bool,
        ) {
            let time = |m: i16| Time::constant((m / 60) as i8, (m % 60) as i8, 0, 0);
            let hours = if from == to { Hours::Always } else { Hours::Between { from: time(from), to: time(to) } };
            let rate = Rate::from_bytes_per_second(rate).unwrap();
            let throttle = Throttle::Block(Block::new(rate, hours, weekend_exempt, single_connection).unwrap());
            prop_assert_eq!(throttle.to_string().parse::<Throttle>(), Ok(throttle));
        }

        #[test]
        fn any_text_is_a_throttle_or_a_refusal(text in "[0-9a-zA-Z:/. -]{0,40}") {
            let _ = text.parse::<Throttle>();
        }
    }
}
