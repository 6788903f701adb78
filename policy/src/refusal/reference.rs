//! The short reference of a refusal, as it is printed and as people type it.

use serde::{Deserialize, Serialize};

/// Four letters and digits that lead from a client's printout to the whole cause.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reference(String);

impl Reference {
    /// Letters and digits that nobody confuses with others (Crockford's base 32).
    pub const ALPHABET: &'static [u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// The reference with that number; the lowest 20 bits count.
    #[must_use]
    pub fn from_bits(bits: u32) -> Self {
        let letter = |shift: u32| {
            char::from(Self::ALPHABET[usize::try_from(bits >> shift & 31).unwrap_or_default()])
        };
        Self(
            [letter(15), letter(10), letter(5), letter(0)]
                .iter()
                .collect(),
        )
    }

    /// Reads one as a person typed it: either case, `O` for `0`, `I` and `L` for `1`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text
            .trim_matches(['[', ']'])
            .to_ascii_uppercase()
            .replace('O', "0")
            .replace(['I', 'L'], "1");
        let fits = text.len() == 4 && text.bytes().all(|b| Self::ALPHABET.contains(&b));
        fits.then_some(Self(text))
    }

    /// The four characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reference_is_read_as_people_type_it() {
        let reference = Reference::parse("[7f3k]").unwrap();
        assert_eq!(reference.as_str(), "7F3K");
        assert_eq!(Reference::parse("o1il").unwrap().as_str(), "0111");
        assert_eq!(Reference::parse("7F3"), None);
        assert_eq!(Reference::parse("7F3U"), None);
    }

    proptest! {
        #[test]
        fn every_reference_is_read_as_it_is_printed(bits in 0u32..1 << 20) {
            let reference = Reference::from_bits(bits);
            prop_assert_eq!(Reference::parse(reference.as_str()), Some(reference));
        }
    }
}
