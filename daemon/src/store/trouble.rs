//! What can go wrong below a verb: storage that fails, and values that can't be read.

use super::command::Unavailable;

/// Why the storage didn't do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Trouble {
    /// redb or the file system failed: whatever was going on has to be taken up again on a fresh handle.
    #[error("{0}")]
    Storage(String),
    /// One value isn't what was written there; everything else goes on.
    #[error("the table {table} holds a value that can't be read: {problem}")]
    Damaged {
        /// The table.
        table: String,
        /// What the decoder says.
        problem: String,
    },
}

/// Why a verb stops: it decided so, or it couldn't go on.
#[derive(Debug)]
pub(super) enum Stop<E> {
    /// The answer is no.
    Decided(E),
    /// There is no answer.
    Trouble(Trouble),
}

impl<E> From<Trouble> for Stop<E> {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl<E: From<penstock_policy::refusal::Refusal>> From<penstock_policy::refusal::Refusal>
    for Stop<E>
{
    fn from(refusal: penstock_policy::refusal::Refusal) -> Self {
        Self::Decided(refusal.into())
    }
}

impl From<super::command::Rejected> for Stop<super::command::Rejected> {
    fn from(rejected: super::command::Rejected) -> Self {
        Self::Decided(rejected)
    }
}

impl From<Trouble> for Unavailable {
    fn from(trouble: Trouble) -> Self {
        Self(trouble.to_string())
    }
}

macro_rules! storage {
    ($($error:ty),*) => {$(
        impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                Self::Storage(error.to_string())
            }
        }
    )*};
}

storage!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::DatabaseError,
    redb::SetDurabilityError,
    std::io::Error
);
