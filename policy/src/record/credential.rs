//! What opens a client's repositories, and the pass key that registers new clients (rules, sections 4 and 11).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a client proves who it is. The password itself is never kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Credential {
    /// A generated password of 256 bits: its SHA-256 is enough, no guessing reaches it.
    Generated {
        /// SHA-256 of the whole password text.
        sha256: [u8; 32],
    },
    /// A password that somebody chose, as an Argon2id string in PHC format.
    Chosen {
        /// The PHC string.
        argon2id: String,
    },
}

/// A secret that has to be shown again on request. Never printed by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// The customer's pass key: registers new clients over HTTP and does nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassKey {
    /// The key; shown only on request and never on the view socket.
    pub secret: Secret,
    /// No registration from then on; none means no end.
    pub until: Option<Timestamp>,
    /// How many registrations are left; none means any number.
    pub uses_left: Option<u32>,
}

/// Why a pass key registers nobody any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassKeyError {
    /// Its end has passed.
    Expired,
    /// Its uses are used up.
    UsedUp,
}

/// A password that somebody chose: 12 to 256 characters, none of them a control character.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a chosen password isn't taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`Password::MIN`] characters.
    #[error("the password is too short: choose at least 12 characters")]
    TooShort,
    /// More than [`Password::MAX`] bytes.
    #[error("the password is too long: choose at most 256 bytes")]
    TooLong,
    /// A control character, such as a line break in the middle.
    #[error("the password can't contain control characters")]
    Control,
    /// It looks like one that Penstock generates, and would be checked as such.
    #[error("a chosen password can't start with \"psk_\", which marks generated ones")]
    Prefix,
}

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for comparing or for showing on request.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(password)")
    }
}

impl PassKey {
    /// Whether it still registers at that moment.
    ///
    /// # Errors
    /// When its end has passed or its uses are used up.
    pub fn usable_at(&self, at: Timestamp) -> Result<(), PassKeyError> {
        if self.until.is_some_and(|until| until <= at) {
            return Err(PassKeyError::Expired);
        }
        if self.uses_left == Some(0) {
            return Err(PassKeyError::UsedUp);
        }
        Ok(())
    }
}

impl Password {
    /// The least number of characters (rules, section 4).
    pub const MIN: usize = 12;
    /// The most bytes: more only costs the server work.
    pub const MAX: usize = 256;
    /// The recognisable beginning of every generated password and pass key.
    pub const GENERATED_PREFIX: &'static str = "psk_";

    /// Checks a chosen password.
    ///
    /// # Errors
    /// When it is too short, too long, has control characters, or looks generated.
    pub fn chosen(text: &str) -> Result<Self, PasswordError> {
        if text.starts_with(Self::GENERATED_PREFIX) {
            return Err(PasswordError::Prefix);
        }
        if text.chars().count() < Self::MIN {
            return Err(PasswordError::TooShort);
        }
        if text.len() > Self::MAX {
            return Err(PasswordError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordError::Control);
        }
        Ok(Self(text.to_owned()))
    }

    /// The password itself, for hashing.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
