//! Names and addresses: what a reseller, customer, client and schedule may be called (rules, section 1).

mod fold;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

pub use fold::{fold, is_hidden, nearest, same_but_for_case};

use crate::units::cut;

/// Words that restic uses as path segments, and ours beside them: never a client's or schedule's name.
pub const RESERVED: [&str; 7] = [
    "config",
    "data",
    "index",
    "keys",
    "locks",
    "register",
    "snapshots",
];

/// The schedule of a repository path that names none.
pub const DEFAULT_SCHEDULE: &str = "default";

/// Why a name is refused. The sentences are complete and name the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or only blanks.
    #[error("{what} can't be empty")]
    Empty {
        /// What was being named.
        what: &'static str,
    },
    /// More than the limit.
    #[error("{what} can have at most {limit} characters")]
    TooLong {
        /// What was being named.
        what: &'static str,
        /// The limit in characters (bytes where the name is ASCII).
        limit: usize,
    },
    /// A character that the name can't hold.
    #[error("{what} {name:?} can't contain {found:?}; allowed are {allowed}")]
    Character {
        /// What was being named.
        what: &'static str,
        /// The name as given.
        name: String,
        /// The first character that isn't allowed.
        found: char,
        /// What is allowed, in words.
        allowed: &'static str,
    },
    /// A leading dot hides folders and is kept for Penstock's own.
    #[error("{what} {name:?} can't start with a dot")]
    LeadingDot {
        /// What was being named.
        what: &'static str,
        /// The name as given.
        name: String,
    },
    /// One of restic's own path words.
    #[error("{what} can't be {name:?}: the restic protocol uses that word in paths")]
    Reserved {
        /// What was being named.
        what: &'static str,
        /// The name as given.
        name: String,
    },
    /// Nothing of the name is left in `[a-z0-9-]`.
    #[error("no short name can be made from {name:?}; give one with --short, such as --short abc")]
    NoShortName {
        /// The name as given.
        name: String,
    },
    /// Not `CUSTOMER[/CLIENT[/SCHEDULE]]`.
    #[error("{address:?} is not an address; write CUSTOMER[/CLIENT[/SCHEDULE]]")]
    Address {
        /// The address as given.
        address: String,
    },
}

/// A reseller's or customer's full name ("ABC Inc."): 1 to 100 characters in normalisation form C, no control
/// characters, no `/`. Immutable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FullName(String);

/// A short name: `[a-z0-9-]`, 1 to 40 characters, no restic word. Immutable; used in paths, on disk and in print.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShortName(String);

/// A client's id, unique in its customer and compared exactly: ASCII letters, digits, `.`, `_`, `-`, `@`, 1 to 64
/// bytes, no leading dot, none of [`RESERVED`] (a path such as `/abc/data/` could be read two ways).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

/// A schedule's name, with the same alphabet as [`ClientId`], never one of [`RESERVED`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScheduleName(String);

/// `CUSTOMER[/CLIENT[/SCHEDULE]]`, the one address form. The customer may be given by either of its names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// The customer's full or short name, as typed.
    pub customer: String,
    /// The client, if the address goes that deep.
    pub client: Option<ClientId>,
    /// The schedule, if the address goes that deep.
    pub schedule: Option<ScheduleName>,
}

fn plain(what: &'static str, name: &str) -> Result<String, NameError> {
    if name.is_empty() {
        return Err(NameError::Empty { what });
    }
    if name.len() > 64 {
        return Err(NameError::TooLong { what, limit: 64 });
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if let Some(found) = name.chars().find(|c| !allowed(*c)) {
        return Err(NameError::Character {
            what,
            name: name.into(),
            found,
            allowed: "ASCII letters, digits, '.', '_', '-' and '@'",
        });
    }
    if name.starts_with('.') {
        return Err(NameError::LeadingDot {
            what,
            name: name.into(),
        });
    }
    if RESERVED.contains(&name) {
        return Err(NameError::Reserved {
            what,
            name: name.into(),
        });
    }
    Ok(name.into())
}

impl FromStr for FullName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let what = "a name";
        let name: String = name.trim().nfc().collect();
        if name.is_empty() {
            return Err(NameError::Empty { what });
        }
        if name.chars().count() > 100 {
            return Err(NameError::TooLong { what, limit: 100 });
        }
        match name
            .chars()
            .find(|c| c.is_control() || is_hidden(*c) || *c == '/')
        {
            Some(found) => Err(NameError::Character {
                what,
                name,
                found,
                allowed: "all printable characters but '/'",
            }),
            None => Ok(Self(name)),
        }
    }
}

impl FromStr for ShortName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let what = "a short name";
        if name.is_empty() {
            return Err(NameError::Empty { what });
        }
        if name.len() > 40 {
            return Err(NameError::TooLong { what, limit: 40 });
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if let Some(found) = name.chars().find(|c| !allowed(*c)) {
            return Err(NameError::Character {
                what,
                name: name.into(),
                found,
                allowed: "lower-case ASCII letters, digits and '-'",
            });
        }
        if RESERVED.contains(&name) {
            return Err(NameError::Reserved {
                what,
                name: name.into(),
            });
        }
        Ok(Self(name.into()))
    }
}

impl ShortName {
    /// Made from a full name: accents dropped, lower case, everything else a single `-`, cut at 40.
    ///
    /// # Errors
    /// When nothing of the name is left, or what is left is one of [`RESERVED`].
    pub fn from_full(name: &FullName) -> Result<Self, NameError> {
        let mut short = String::new();
        for c in name
            .as_str()
            .nfkd()
            .filter(|c| !is_combining_mark(*c))
            .flat_map(char::to_lowercase)
        {
            if c.is_ascii_alphanumeric() {
                short.push(c);
            } else if !short.is_empty() && !short.ends_with('-') {
                short.push('-');
            }
        }
        short.truncate(40);
        let short = short.trim_end_matches('-');
        if short.is_empty() {
            return Err(NameError::NoShortName {
                name: name.to_string(),
            });
        }
        short.parse()
    }
}

impl ShortName {
    /// The name of the location that is made at the first start.
    #[must_use]
    pub fn main() -> Self {
        Self("main".into())
    }
}

impl FromStr for ClientId {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        plain("a client id", name).map(Self)
    }
}

impl FromStr for ScheduleName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        plain("a schedule's name", name).map(Self)
    }
}

impl Default for ScheduleName {
    fn default() -> Self {
        Self(DEFAULT_SCHEDULE.into())
    }
}

macro_rules! text {
    ($($name:ident),*) => {$(
        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, NameError> {
                name.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    )*};
}

text!(FullName, ShortName, ClientId, ScheduleName);

impl FromStr for Address {
    type Err = NameError;

    fn from_str(address: &str) -> Result<Self, NameError> {
        let wrong = || NameError::Address {
            address: cut(address),
        };
        let mut parts = address.split('/');
        let customer = parts.next().unwrap_or_default().trim();
        if customer.is_empty() || customer.chars().count() > 100 {
            return Err(wrong());
        }
        let client = parts.next().map(str::parse).transpose()?;
        let schedule = parts.next().map(str::parse).transpose()?;
        if parts.next().is_some() {
            return Err(wrong());
        }
        Ok(Self {
            customer: customer.into(),
            client,
            schedule,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.customer)?;
        if let Some(client) = &self.client {
            write!(f, "/{client}")?;
        }
        if let Some(schedule) = &self.schedule {
            write!(f, "/{schedule}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Address {
    type Error = NameError;

    fn try_from(address: String) -> Result<Self, NameError> {
        address.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_name_is_made_from_the_full_one() {
        let short = |name: &str| {
            ShortName::from_full(&name.parse().unwrap())
                .unwrap()
                .to_string()
        };
        assert_eq!(short("ABC Inc."), "abc-inc");
        assert_eq!(short("  Müller & Söhne GmbH "), "muller-sohne-gmbh");
        assert_eq!(short("4 Winds"), "4-winds");
        assert_eq!(short(&"long name ".repeat(9)).len(), 39);
        let none = ShortName::from_full(&"日本".parse().unwrap());
        assert!(matches!(none, Err(NameError::NoShortName { .. })));
    }

    #[test]
    fn a_client_id_or_schedule_that_could_escape_or_confuse_a_path_is_refused() {
        for bad in [
            "", ".", "..", ".hidden", "a/b", "a b", "é", "data", "config", "register", "a\0",
        ] {
            assert!(bad.parse::<ClientId>().is_err(), "{bad:?}");
            assert!(bad.parse::<ScheduleName>().is_err(), "{bad:?}");
        }
        assert!("x".repeat(65).parse::<ClientId>().is_err());
        assert!("x".repeat(64).parse::<ClientId>().is_ok());
        assert!("Laptop-7@home_a.b".parse::<ClientId>().is_ok());
    }

    #[test]
    fn a_name_with_a_control_character_is_refused() {
        assert!("ABC\u{1b}[31m".parse::<FullName>().is_err());
        assert!("ABC\nInc".parse::<FullName>().is_err());
        assert!("a/b".parse::<FullName>().is_err());
        assert!("ABC\u{202e}cnI".parse::<FullName>().is_err());
        assert!("ABC\u{200b}".parse::<FullName>().is_err());
    }

    proptest! {
        #[test]
        fn an_address_prints_as_it_was_read(
            customer in "[a-z0-9-]{1,40}",
            client in proptest::option::of("x[a-zA-Z0-9._@-]{0,20}"),
            schedule in "x[a-z]{0,9}",
        ) {
            let text = match &client {
                Some(client) => format!("{customer}/{client}/{schedule}"),
                None => customer,
            };
            prop_assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }

        #[test]
        fn what_is_made_from_any_name_is_a_short_name(name in "[^/\\p{C}]{1,100}") {
            if let Ok(full) = name.parse::<FullName>()
                && let Ok(short) = ShortName::from_full(&full)
            {
                prop_assert_eq!(short.as_str().parse::<ShortName>().unwrap(), short);
            }
        }
    }
}
