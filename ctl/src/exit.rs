//! What can go wrong, as a sentence and an exit code.

use std::io;
use std::path::PathBuf;

use penstock_wire::frame::FrameError;
use penstock_wire::reply::{Failure, FailureCode};

/// How the process ends; the numbers are those of `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// It was done.
    pub const FINE: Self = Self(0);
    /// A rule, or the person at the terminal, refused it.
    pub const REFUSED: Self = Self(1);
    /// `status --check`: somebody should look.
    pub const WARNING: Self = Self(1);
    /// A dry run would change something.
    pub const DIFFERENCES: Self = Self(2);
    /// `status --check`: backups fail.
    pub const CRITICAL: Self = Self(2);
    /// No such record.
    pub const NOT_FOUND: Self = Self(3);
    /// Somebody else changed the record, or a backup of it runs.
    pub const CONFLICT: Self = Self(4);
    /// It exists already.
    pub const EXISTS: Self = Self(5);
    /// The command line is wrong (`EX_USAGE`).
    pub const USAGE: Self = Self(64);
    /// The daemon can't be reached or can't serve now (`EX_UNAVAILABLE`).
    pub const UNAVAILABLE: Self = Self(69);
    /// A fault of Penstock's own, or of this machine (`EX_SOFTWARE`).
    pub const BUG: Self = Self(70);
    /// This user may not do that (`EX_NOPERM`).
    pub const NOT_PERMITTED: Self = Self(77);
}

/// The codes as `--help` prints them.
pub const HELP: &str = "\
Exit codes:
   0  done; with `status --check`: all is well
   1  refused by a rule; with `status --check`: warnings
   2  a dry run found differences; with `status --check`: backups fail
   3  not found
   4  conflict: somebody else changed the record, or a backup of it runs
   5  exists already
  64  the command line is wrong
  69  the daemon can't be reached, or can't serve now
  70  a fault of Penstock's own
  77  not permitted

Addresses are written CUSTOMER[/CLIENT[/SCHEDULE]]; a customer goes by its full or its short name.";

/// Why a command wasn't carried out.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The daemon said no.
    #[error("{}", .0.message)]
    Failed(Box<Failure>),
    /// The command line can't be acted on.
    #[error("{0}")]
    Usage(String),
    /// The name typed to confirm wasn't the one asked for.
    #[error("nothing was done: what was typed isn't {0:?}")]
    NotConfirmed(String),
    /// No socket where it should be, or nobody listens.
    #[error("{0}")]
    Unreachable(String),
    /// This user can't open the socket, or the daemon doesn't let it.
    #[error("{0}")]
    NotPermitted(String),
    /// The daemon speaks another version of the contract.
    #[error(
        "penstockd {daemon} speaks version {theirs} of the admin contract, this penstockctl version {ours}; \
         install the penstockctl that came with the daemon"
    )]
    Version {
        /// The daemon's own version.
        daemon: String,
        /// Its version of the contract.
        theirs: u32,
        /// Ours.
        ours: u32,
    },
    /// The conversation broke.
    #[error("the daemon's answer didn't arrive: {0}; look at its log, then try again")]
    Frame(#[from] FrameError),
    /// The daemon answered, but not to the question.
    #[error("the daemon answered {0}; this is a fault of Penstock's own")]
    Unexpected(&'static str),
    /// What was typed into an editor wasn't taken, and is kept.
    #[error("{problem}; what you typed is kept in {}", .path.display())]
    Kept {
        /// Why it wasn't taken.
        problem: Box<Problem>,
        /// The file.
        path: PathBuf,
    },
    /// The editor, or its file, failed.
    #[error("the editor can't be used: {0}; set EDITOR, or give the fields as flags")]
    Editor(io::Error),
    /// A file that was named can't be read or written.
    #[error("{}: {}", .path.display(), words(.error))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Standard input or output failed.
    #[error("reading or writing failed: {0}")]
    Terminal(#[from] io::Error),
}

impl Problem {
    /// The process's exit code.
    pub fn exit(&self) -> Exit {
        match self.code() {
            FailureCode::Refused => Exit::REFUSED,
            FailureCode::NotFound => Exit::NOT_FOUND,
            FailureCode::Conflict => Exit::CONFLICT,
            FailureCode::Exists => Exit::EXISTS,
            FailureCode::Usage => Exit::USAGE,
            FailureCode::NotPermitted => Exit::NOT_PERMITTED,
            FailureCode::Unavailable => Exit::UNAVAILABLE,
            FailureCode::Internal => Exit::BUG,
        }
    }

    /// What kind of failure it is.
    pub fn code(&self) -> FailureCode {
        match self {
            Self::Failed(failure) => failure.code,
            Self::Usage(_) => FailureCode::Usage,
            Self::NotConfirmed(_) => FailureCode::Refused,
            Self::Unreachable(_)
            | Self::Version { .. }
            | Self::Frame(FrameError::Closed | FrameError::Io(_)) => FailureCode::Unavailable,
            Self::NotPermitted(_) => FailureCode::NotPermitted,
            Self::File { error, .. } => match error.kind() {
                io::ErrorKind::AlreadyExists => FailureCode::Exists,
                io::ErrorKind::StorageFull | io::ErrorKind::Other => FailureCode::Internal,
                // The file was named on the command line.
                _ => FailureCode::Usage,
            },
            Self::Frame(_) | Self::Unexpected(_) | Self::Editor(_) | Self::Terminal(_) => {
                FailureCode::Internal
            }
            Self::Kept { problem, .. } => problem.code(),
        }
    }

    /// For `--json`: the daemon's own failure, or one made of the sentence.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Failed(failure) => (**failure).clone(),
            other => Failure::new(other.code(), other.to_string()),
        }
    }

    /// Whether the reader of our output went away, which is no problem of ours.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Terminal(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// What the system says of a file, with what to do where that is plain.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "this user may not do that with it; become root, or choose another".to_owned()
        }
        io::ErrorKind::AlreadyExists => "is there already; name another".to_owned(),
        io::ErrorKind::NotADirectory => "is a file; give a folder".to_owned(),
        io::ErrorKind::IsADirectory => "is a folder; give a file".to_owned(),
        io::ErrorKind::StorageFull => "its disk is full; make room, then try again".to_owned(),
        _ => error.to_string(),
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl From<Box<Failure>> for Problem {
    fn from(failure: Box<Failure>) -> Self {
        Self::Failed(failure)
    }
}
