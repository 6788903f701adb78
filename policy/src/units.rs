//! Quantities as administrators write them: rates with a unit, and sizes as they are shown.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// A rate of transfer in whole bytes per second, from 1 to 10^12.
///
/// Written with a unit (`8Mbit/s`, `1.5 MiB/s`, `125000B/s`); what it displays parses back to the
/// same rate. Units of bits are taken in any case, units of bytes exactly as written, because
/// `MB` and `MiB` differ by 5 %. Rules, section 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(NonZeroU64);

/// Why a text or number is no [`Rate`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// A bare number: bits or bytes would be a guess.
    #[error("a rate needs a unit, such as 8Mbit/s or 1MiB/s")]
    NoUnit,
    /// No digits where the number should be.
    #[error("{0} is not a rate: write a number and a unit, such as 8Mbit/s or 1MiB/s")]
    NoNumber(String),
    /// Something follows the number that is no unit we know.
    #[error(
        "{0} is not a unit of a rate: use Mbit/s, kbit/s, Gbit/s, MiB/s, KiB/s, GiB/s, MB/s, kB/s, GB/s or B/s"
    )]
    UnknownUnit(String),
    /// Zero would hold a backup for ever.
    #[error("a rate of zero would never let a backup end: suspend the customer or client instead")]
    Zero,
    /// The fraction leaves a part of a byte.
    #[error("{0} is not a whole number of bytes per second: use fewer decimals")]
    NotWhole(String),
    /// Above 10^12 bytes per second.
    #[error("a rate can be at most 1000000MB/s: use `unlimited` if nothing is to be held back")]
    TooFast,
}

/// A unit's name, whether its case matters, and eighths of a byte per second in one of it.
const UNITS: [(&str, Case, u64); 11] = [
    ("bit/s", Case::Any, 1),
    ("kbit/s", Case::Any, 1_000),
    ("Mbit/s", Case::Any, 1_000_000),
    ("Gbit/s", Case::Any, 1_000_000_000),
    ("B/s", Case::Exact, 8),
    ("kB/s", Case::Exact, 8 * 1_000),
    ("MB/s", Case::Exact, 8 * 1_000_000),
    ("GB/s", Case::Exact, 8 * 1_000_000_000),
    ("KiB/s", Case::Exact, 8 << 10),
    ("MiB/s", Case::Exact, 8 << 20),
    ("GiB/s", Case::Exact, 8 << 30),
];

#[derive(Clone, Copy)]
enum Case {
    Any,
    Exact,
}

/// Decimals and leading digits a rate may have; together they keep the arithmetic within 128 bits.
const MAX_DIGITS: usize = 15;

impl Rate {
    /// The fastest rate: 10^12 bytes per second.
    pub const MAX: u64 = 1_000_000_000_000;

    /// A rate of so many bytes per second.
    ///
    /// # Errors
    /// [`RateError::Zero`] and [`RateError::TooFast`] outside 1 to [`Rate::MAX`].
    pub fn from_bytes_per_second(bytes: u64) -> Result<Self, RateError> {
        match NonZeroU64::new(bytes) {
            None => Err(RateError::Zero),
            Some(bytes) if bytes.get() > Self::MAX => Err(RateError::TooFast),
            Some(bytes) => Ok(Self(bytes)),
        }
    }

    /// Bytes per second.
    pub fn bytes_per_second(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes_per_second();
        for (size, unit) in [
            (1 << 20, "MiB/s"),
            (125_000, "Mbit/s"),
            (1 << 10, "KiB/s"),
            (125, "kbit/s"),
        ] {
            if bytes.is_multiple_of(size) {
                return write!(f, "{}{unit}", bytes / size);
            }
        }
        write!(f, "{bytes}B/s")
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let text = text.trim();
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let unit = unit.trim_start();
        let (whole, fraction) = match number.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() && !fraction.contains('.') => {
                (whole, fraction)
            }
            Some(_) => return Err(RateError::NoNumber(shown(text))),
            None => (number, ""),
        };
        if whole.is_empty() {
            return Err(RateError::NoNumber(shown(text)));
        }
        if unit.is_empty() {
            return Err(RateError::NoUnit);
        }
        let eighths = eighths_in(unit).ok_or_else(|| RateError::UnknownUnit(shown(unit)))?;
        if fraction.len() > MAX_DIGITS {
            return Err(RateError::NotWhole(shown(text)));
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > MAX_DIGITS {
            return Err(RateError::TooFast);
        }
        let mut mantissa: u128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa * 10 + u128::from(digit - b'0');
        }
        let scale: u128 = (0..fraction.len()).fold(8, |scale, _| scale * 10);
        let total = mantissa * u128::from(eighths);
        if !total.is_multiple_of(scale) {
            return Err(RateError::NotWhole(shown(text)));
        }
        u64::try_from(total / scale)
            .map_err(|_| RateError::TooFast)
            .and_then(Self::from_bytes_per_second)
    }
}

fn eighths_in(unit: &str) -> Option<u64> {
    UNITS
        .iter()
        .find(|(name, case, _)| match case {
            Case::Any => name.eq_ignore_ascii_case(unit),
            Case::Exact => *name == unit,
        })
        .map(|(_, _, eighths)| *eighths)
}

/// A number of bytes for people: `64.0 MiB`, `512 B`; one decimal, rounded, powers of 1,024.
pub fn human(bytes: u64) -> String {
    const NAMES: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut shown = String::new();
    for (step, name) in (1u32..).zip(NAMES) {
        let unit = 1u128 << (10 * step);
        let tenths = (u128::from(bytes) * 10 + unit / 2) / unit;
        shown = format!("{}.{} {name}", tenths / 10, tenths % 10);
        // Rounded tenths decide, so that 1023.96 MiB is shown as 1.0 GiB and not as 1024.0 MiB.
        if tenths < 10 * 1024 {
            break;
        }
    }
    shown
}

/// What was typed, quoted for a sentence: escaped and cut, because it comes from outside.
pub(crate) fn shown(text: &str) -> String {
    format!("`{}`", cut(text).escape_debug())
}

/// What was typed, cut for a sentence that quotes it.
pub(crate) fn cut(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Serde for a type whose text form (`Display` and `FromStr`) is its one form everywhere.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;

serde_as_text!(Rate);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(text: &str) -> u64 {
        text.parse::<Rate>()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .bytes_per_second()
    }

    fn refusal(text: &str) -> String {
        text.parse::<Rate>().unwrap_err().to_string()
    }

    #[test]
    fn a_rate_is_read_in_bits_and_in_bytes() {
        for (text, expected) in [
            ("8Mbit/s", 1_000_000),
            ("8 mbit/s", 1_000_000),
            ("256kbit/s", 32_000),
            ("1Gbit/s", 125_000_000),
            ("4MiB/s", 4 << 20),
            ("512KiB/s", 512 << 10),
            ("1GiB/s", 1 << 30),
            ("1MB/s", 1_000_000),
            ("100kB/s", 100_000),
            ("125000B/s", 125_000),
            ("1.5MiB/s", 3 << 19),
            ("0.5Mbit/s", 62_500),
            (" 1.50  MiB/s ", 3 << 19),
            ("0008Mbit/s", 1_000_000),
            ("1000000MB/s", Rate::MAX),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn a_rate_without_a_unit_is_refused_with_the_fix() {
        for text in ["8", "8 ", "1.5"] {
            assert_eq!(
                refusal(text),
                "a rate needs a unit, such as 8Mbit/s or 1MiB/s"
            );
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_by_its_cause() {
        for (text, expected) in [
            ("", RateError::NoNumber("``".into())),
            ("fast", RateError::NoNumber("`fast`".into())),
            (".5MiB/s", RateError::NoNumber("`.5MiB/s`".into())),
            ("1.MiB/s", RateError::NoNumber("`1.MiB/s`".into())),
            ("1.2.3MiB/s", RateError::NoNumber("`1.2.3MiB/s`".into())),
            ("-1MiB/s", RateError::NoNumber("`-1MiB/s`".into())),
            ("8Mbps", RateError::UnknownUnit("`Mbps`".into())),
            ("8mb/s", RateError::UnknownUnit("`mb/s`".into())),
            ("8MiB", RateError::UnknownUnit("`MiB`".into())),
            ("0Mbit/s", RateError::Zero),
            ("0.3B/s", RateError::NotWhole("`0.3B/s`".into())),
            ("1bit/s", RateError::NotWhole("`1bit/s`".into())),
            ("1000001MB/s", RateError::TooFast),
            ("9999999999999999999999999MiB/s", RateError::TooFast),
            ("999999999999999GiB/s", RateError::TooFast),
            (
                "0.0000000000000001MiB/s",
                RateError::NotWhole("`0.0000000000000001MiB/s`".into()),
            ),
        ] {
            assert_eq!(text.parse::<Rate>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn what_was_typed_is_quoted_without_control_characters_and_cut() {
        assert_eq!(shown("a\x1b[31m"), "`a\\u{1b}[31m`");
        assert_eq!(shown(&"x".repeat(1000)).len(), 45);
    }

    #[test]
    fn a_rate_is_shown_in_its_largest_whole_unit() {
        for text in [
            "8Mbit/s",
            "1MiB/s",
            "1536KiB/s",
            "256kbit/s",
            "1024MiB/s",
            "7B/s",
        ] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn sizes_are_shown_with_one_decimal() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (64 << 20, "64.0 MiB"),
            ((1 << 30) - 1, "1.0 GiB"),
            (1_000_000, "976.6 KiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(human(bytes), expected);
        }
    }

    proptest! {
        #[test]
        fn every_rate_is_shown_so_that_it_reads_back(bytes in 1..=Rate::MAX, unit in prop::sample::select(vec![1u64, 125, 1024, 125_000, 1 << 20])) {
            let bytes = (bytes / unit * unit).max(1);
            let rate = Rate::from_bytes_per_second(bytes).unwrap();
            prop_assert_eq!(rate.to_string().parse::<Rate>(), Ok(rate));
        }

        #[test]
        fn any_text_is_a_rate_or_a_refusal(text in "\\PC{0,60}") {
            let _ = text.parse::<Rate>();
        }
    }
}
