//! What can go wrong with repository files, by meaning.

use std::{fmt::Display, io, path::PathBuf};

use nix::errno::Errno;

use super::{ObjectName, RepoFolder};

/// Why the vault could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The location's folder or marker is not there, or the marker is another location's: most often a disk that is not mounted.
    #[error("location {path:?} is unavailable: {why}; mount its disk or repair its marker")]
    LocationUnavailable {
        /// The location's folder.
        path: PathBuf,
        /// What was found there.
        why: String,
    },
    /// The folder already is another location, so no new one is made of it.
    #[error("{path:?} already is location {found}; choose another folder")]
    LocationTaken {
        /// The folder.
        path: PathBuf,
        /// The id in its marker.
        found: String,
    },
    /// A text that cannot be a location id, a repository folder or a name in the trash.
    #[error("{name:?} is no usable name: {why}")]
    BadName {
        /// The text as given.
        name: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// The location is there, but the repository's recorded folder is not.
    #[error("folder {0} is gone from its location; bring it back or remove its schedule")]
    FolderGone(RepoFolder),
    /// The folder for a new repository holds something already, another repository as a rule; it is left as it is.
    #[error("the folder {0} holds something already; give the new repository another one")]
    FolderTaken(RepoFolder),
    /// Something stands where a folder was to be moved to; nothing is overwritten.
    #[error("{0} already exists; remove it or choose another name")]
    Exists(String),
    /// Nothing of this name is in the trash.
    #[error("{0:?} is not in the trash; list the trash for what is")]
    NotInTrash(String),
    /// A symbolic link, a device, or a file in a folder's place: nothing that the server makes, so it is not followed or opened.
    #[error(
        "{0} is not the plain file or folder that belongs there; look who put it there and remove it"
    )]
    Foreign(String),
    /// The body ended before its declared length.
    #[error("the body ended after {received} of {expected} bytes; send it again")]
    ShortBody {
        /// The declared length in bytes.
        expected: u64,
        /// Bytes that came.
        received: u64,
    },
    /// The body is longer than declared.
    #[error("the body is longer than the declared {expected} bytes; send it again")]
    LongBody {
        /// The declared length in bytes.
        expected: u64,
    },
    /// The body's SHA-256 is not the name it was sent under.
    #[error("the body does not hash to its name {0}; send it again")]
    HashMismatch(ObjectName),
    /// The repository has its `config` already, and that is never replaced.
    #[error("the repository already has a config; nothing was changed")]
    ConfigExists,
    /// A file of this name exists, but with another size than the verified body's: it is damaged, and is left as it is.
    #[error("the stored {0} has the wrong size and is damaged; delete it and send it again")]
    Damaged(String),
    /// The existing object that made writing needless was deleted while its body was hashed.
    #[error("{0} was deleted while it was sent again; send it once more")]
    Vanished(String),
    /// An earlier step of this upload failed, so it can't go on.
    #[error("this upload has already failed; send the object again")]
    UploadFailed,
    /// It was done, and seen by everyone from then on, but that it survives a power cut isn't sure.
    #[error("cannot {what}: {source}; it was done, but may not survive a power cut")]
    Unsynced {
        /// What was tried, as "verb path".
        what: String,
        /// Bytes that are stored, or freed, all the same.
        bytes: u64,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The file system or the file owner's disk quota is full (`ENOSPC`, `EDQUOT`).
    #[error("the disk of the location is full; make room on it")]
    DiskFull,
    /// Any other answer of the operating system.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried, as "verb path".
        what: String,
        /// The operating system's answer.
        source: io::Error,
    },
}

/// Gives an operating system's answer its meaning, in the words "cannot `verb` `path`".
pub(super) fn at<E: Into<io::Error>>(
    verb: &'static str,
    path: impl Display,
) -> impl FnOnce(E) -> VaultError {
    move |answer| {
        let source = answer.into();
        match source.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOSPC | Errno::EDQUOT) => VaultError::DiskFull,
            Some(Errno::ELOOP | Errno::ENOTDIR | Errno::EISDIR) => {
                VaultError::Foreign(path.to_string())
            }
            _ => VaultError::Io {
                what: format!("{verb} {path}"),
                source,
            },
        }
    }
}

/// Runs disk work on a blocking thread; it runs to its end even if the caller stops waiting.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    joined(tokio::task::spawn_blocking(work).await)
}

/// The outcome of a blocking task; one that panicked or was cancelled is an error, not a panic here.
pub(super) fn joined<T>(
    outcome: Result<Result<T, VaultError>, tokio::task::JoinError>,
) -> Result<T, VaultError> {
    outcome.unwrap_or_else(|lost| {
        Err(VaultError::Io {
            what: "finish work on the disk".into(),
            source: io::Error::other(lost),
        })
    })
}
