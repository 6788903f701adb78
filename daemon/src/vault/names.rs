//! Names of objects, and where in a repository they live (restic's `doc/REST_backend.rst`).

use std::fmt;

use data_encoding::HEXLOWER;
use penstock_policy::protocol::Kind;

/// An object's name: the SHA-256 of its content, written as exactly 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName([u8; 32]);

/// The folder in a repository where the object of that name lives.
pub(super) fn folder(kind: Kind, name: &ObjectName) -> String {
    match kind {
        Kind::Data => format!("data/{:02x}", name.0[0]),
        flat => flat.as_str().to_owned(),
    }
}

impl ObjectName {
    /// Reads exactly 64 lower-case hex digits; anything else is no object name.
    pub fn parse(text: &str) -> Option<ObjectName> {
        Self::from_digits(text.as_bytes())
    }

    /// The same from bytes that need not be text, such as a folder's entry.
    pub(super) fn from_digits(digits: &[u8]) -> Option<ObjectName> {
        let mut hash = [0; 32];
        if digits.len() != 64 {
            return None;
        }
        HEXLOWER.decode_mut(digits, &mut hash).ok()?;
        Some(ObjectName(hash))
    }

    /// The hash itself.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for ObjectName {
    fn from(hash: [u8; 32]) -> Self {
        ObjectName(hash)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(f)
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
