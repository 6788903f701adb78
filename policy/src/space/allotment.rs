//! What a level may use: so many bytes, or unlimited.

use std::fmt;
use std::str::FromStr;

use super::size::{MAX_SIZE, SizeError, parse_size, size};
use crate::units::serde_as_text;

/// Space allotted to a level. Its text form is `unlimited` or a size such as `500GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Allotment {
    /// No limit of its own; counts nothing in a sum.
    #[default]
    Unlimited,
    /// So many bytes, 0 to [`MAX_SIZE`].
    Bytes(u64),
}

/// Why an allotment isn't changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllotmentError {
    /// The text is no size.
    #[error("{0}; or write unlimited")]
    Size(#[from] SizeError),
    /// Nothing can be added to what has no limit.
    #[error("it is unlimited, so nothing can be added; set a size such as 500GiB first")]
    Unlimited,
}

impl Allotment {
    /// The bytes; none when it is unlimited.
    #[must_use]
    pub const fn bytes(self) -> Option<u64> {
        match self {
            Self::Unlimited => None,
            Self::Bytes(bytes) => Some(bytes),
        }
    }

    /// What a sum of allotments counts: nothing for unlimited.
    #[must_use]
    pub fn counted(self) -> u64 {
        self.bytes().unwrap_or(0)
    }

    /// The allotment after an edit: `500GiB`, `unlimited`, or `+200GiB` to add to it.
    ///
    /// # Errors
    /// When the text is none of these, or something is added to an unlimited one.
    pub fn changed(self, text: &str) -> Result<Self, AllotmentError> {
        let Some(more) = text.trim().strip_prefix('+') else {
            return text.parse();
        };
        let more = parse_size(more)?;
        let own = self.bytes().ok_or(AllotmentError::Unlimited)?;
        match own.checked_add(more) {
            Some(sum) if sum <= MAX_SIZE => Ok(Self::Bytes(sum)),
            _ => Err(SizeError::TooLarge.into()),
        }
    }
}

impl FromStr for Allotment {
    type Err = AllotmentError;

    fn from_str(text: &str) -> Result<Self, AllotmentError> {
        if text.trim().eq_ignore_ascii_case("unlimited") {
            return Ok(Self::Unlimited);
        }
        Ok(Self::Bytes(parse_size(text)?))
    }
}

impl fmt::Display for Allotment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.pad("unlimited"),
            Self::Bytes(bytes) => f.pad(&size(*bytes)),
        }
    }
}

serde_as_text!(Allotment);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allotment_is_set_or_added_to() {
        let ten: Allotment = "10GiB".parse().unwrap();
        assert_eq!(ten.changed("+5GiB"), Ok(Allotment::Bytes(15 << 30)));
        assert_eq!(ten.changed("unlimited"), Ok(Allotment::Unlimited));
        assert_eq!(ten.changed("1GiB"), Ok(Allotment::Bytes(1 << 30)));
        assert_eq!(
            Allotment::Unlimited.changed("+1GiB"),
            Err(AllotmentError::Unlimited)
        );
        assert!(ten.changed("+").is_err());
        assert!(ten.changed("-1GiB").is_err());
        assert!(ten.changed("+1024PiB").is_err());
    }
}
