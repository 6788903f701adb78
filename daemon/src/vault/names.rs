//! The kinds of objects in a repository, and their names (restic's `doc/REST_backend.rst`).

use std::fmt;

use data_encoding::HEXLOWER;

/// A kind of object; `config` is none, being a single file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Packs of file contents and folders, in 256 subfolders.
    Data,
    /// Which pack holds what.
    Index,
    /// The repository's master key, wrapped by passwords.
    Keys,
    /// Who is working on the repository.
    Locks,
    /// What was backed up when.
    Snapshots,
}

/// An object's name: the SHA-256 of its content, written as exactly 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName([u8; 32]);

impl Kind {
    /// Every kind, in the order of their names.
    pub const ALL: [Kind; 5] = [
        Kind::Data,
        Kind::Index,
        Kind::Keys,
        Kind::Locks,
        Kind::Snapshots,
    ];

    /// The word in URLs, and the folder's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Data => "data",
            Kind::Index => "index",
            Kind::Keys => "keys",
            Kind::Locks => "locks",
            Kind::Snapshots => "snapshots",
        }
    }

    /// The kind of that exact word, if it is one.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The folder in a repository where the object of that name lives.
    pub(super) fn folder(self, name: &ObjectName) -> String {
        match self {
            Kind::Data => format!("data/{:02x}", name.0[0]),
            flat => flat.as_str().to_owned(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
