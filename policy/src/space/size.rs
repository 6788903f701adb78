//! Sizes as administrators write them: a number and a unit, read back exactly as they are shown.

use crate::units::{human, shown};

/// The largest size: 1 EiB.
pub const MAX_SIZE: u64 = 1 << 60;

/// Why a text is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// A bare number: megabytes or bytes would be a guess.
    #[error("a size needs a unit, such as 500GiB or 200MB")]
    NoUnit,
    /// No digits where the number should be.
    #[error("{0} is not a size: write a number and a unit, such as 500GiB")]
    NoNumber(String),
    /// Something follows the number that is no unit we know.
    #[error("{0} is not a unit of a size: use B, KiB, MiB, GiB, TiB, PiB, kB, MB, GB, TB or PB")]
    UnknownUnit(String),
    /// The fraction leaves a part of a byte.
    #[error("{0} is not a whole number of bytes: use fewer decimals")]
    NotWhole(String),
    /// Above [`MAX_SIZE`].
    #[error("a size can be at most 1024PiB: use `unlimited` if nothing is to be held back")]
    TooLarge,
}

const UNITS: [(&str, u64); 11] = [
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("PB", 1_000_000_000_000_000),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// Digits that keep the arithmetic within 128 bits.
const MAX_DIGITS: usize = 15;

/// Reads a size in bytes, 0 to [`MAX_SIZE`]: `500GiB`, `1.5 TiB`, `0B`. Units are taken as written, because `MB` and `MiB`
/// differ by 5 %.
///
/// # Errors
/// See [`SizeError`].
pub fn parse_size(text: &str) -> Result<u64, SizeError> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let no_number = || SizeError::NoNumber(shown(text));
    let (whole, fraction) = match number.split_once('.') {
        Some((_, fraction)) if fraction.is_empty() || fraction.contains('.') => {
            return Err(no_number());
        }
        Some(parts) => parts,
        None => (number, ""),
    };
    if whole.is_empty() {
        return Err(no_number());
    }
    let unit = unit.trim_start();
    if unit.is_empty() {
        return Err(SizeError::NoUnit);
    }
    let (_, bytes) = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(|| SizeError::UnknownUnit(shown(unit)))?;
    if fraction.len() > MAX_DIGITS {
        return Err(SizeError::NotWhole(shown(text)));
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > MAX_DIGITS + 5 {
        return Err(SizeError::TooLarge);
    }
    let digits = whole.bytes().chain(fraction.bytes());
    let mantissa = digits.fold(0u128, |sum, digit| sum * 10 + u128::from(digit - b'0'));
    let scale = 10u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let total = mantissa
        .checked_mul(u128::from(*bytes))
        .ok_or(SizeError::TooLarge)?;
    if !total.is_multiple_of(scale) {
        return Err(SizeError::NotWhole(shown(text)));
    }
    match u64::try_from(total / scale) {
        Ok(size) if size <= MAX_SIZE => Ok(size),
        _ => Err(SizeError::TooLarge),
    }
}

/// The size in the unit that needs the smallest whole number.
#[must_use]
pub fn size(bytes: u64) -> String {
    let whole = UNITS.iter().filter(|(_, unit)| bytes.is_multiple_of(*unit));
    match whole
        .map(|(name, unit)| (bytes / unit, *name))
        .min_by_key(|(count, _)| *count)
    {
        Some((count, unit)) if bytes > 0 => format!("{count}{unit}"),
        _ => "0B".to_owned(),
    }
}

/// The size for a sentence: exactly where that is short, else rounded to one decimal.
#[must_use]
pub fn readable(bytes: u64) -> String {
    let exact = size(bytes);
    if exact.bytes().filter(u8::is_ascii_digit).count() <= 4 {
        exact
    } else {
        human(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_size_is_read_with_its_unit_and_shown_in_the_largest_whole_one() {
        for (text, bytes, back) in [
            ("500GiB", 500 << 30, "500GiB"),
            ("1.5 TiB", 3 << 39, "1536GiB"),
            ("200GB", 200_000_000_000, "200GB"),
            ("0B", 0, "0B"),
            ("1048576B", 1 << 20, "1MiB"),
            ("1024PiB", MAX_SIZE, "1024PiB"),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
            assert_eq!(size(bytes), back);
        }
    }

    #[test]
    fn a_size_in_a_sentence_is_short() {
        assert_eq!(readable(7 << 30), "7GiB");
        assert_eq!(readable(31_220 << 20), "30.5 GiB");
        assert_eq!(readable(85_836_750_512_338), "78.1 TiB");
    }

    #[test]
    fn what_is_no_size_is_refused_by_its_cause() {
        for (text, error) in [
            ("500", SizeError::NoUnit),
            ("GiB", SizeError::NoNumber("`GiB`".into())),
            ("1.GiB", SizeError::NoNumber("`1.GiB`".into())),
            ("-1GiB", SizeError::NoNumber("`-1GiB`".into())),
            ("5gib", SizeError::UnknownUnit("`gib`".into())),
            ("0.5B", SizeError::NotWhole("`0.5B`".into())),
            ("1025PiB", SizeError::TooLarge),
            ("99999999999999999999999PiB", SizeError::TooLarge),
        ] {
            assert_eq!(parse_size(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_size_is_shown_so_that_it_reads_back(bytes in 0..=MAX_SIZE, unit in prop::sample::select(vec![1u64, 1000, 1024, 1 << 30])) {
            let bytes = bytes / unit * unit;
            prop_assert_eq!(parse_size(&size(bytes)), Ok(bytes));
        }

        #[test]
        fn any_text_is_a_size_or_a_refusal(text in "[0-9.]{0,30}[a-zA-Z ]{0,6}") {
            let _ = parse_size(&text);
        }
    }
}
