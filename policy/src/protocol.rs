//! What the restic REST protocol calls its objects (`doc/REST_backend.rst` in restic).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A type of object in a repository. `config` is a single file and not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Pack files: contents of backups.
    Data,
    /// Which blob lies in which pack.
    Index,
    /// Key files: the repository's passwords.
    Keys,
    /// Locks of running clients.
    Locks,
    /// Snapshots: one object for each backup.
    Snapshots,
}

impl Kind {
    /// All of them, in the order of the protocol document.
    pub const ALL: [Self; 5] = [
        Self::Data,
        Self::Keys,
        Self::Locks,
        Self::Snapshots,
        Self::Index,
    ];

    /// The path segment that names the type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Index => "index",
            Self::Keys => "keys",
            Self::Locks => "locks",
            Self::Snapshots => "snapshots",
        }
    }

    /// The type that a path segment names.
    #[must_use]
    pub fn parse(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == segment)
    }

    /// Whether its bodies pay for bandwidth (rules, section 7): locks and keys never wait.
    #[must_use]
    pub const fn pays(self) -> bool {
        matches!(self, Self::Data | Self::Index | Self::Snapshots)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
