//! Why `penstockd` doesn't start, or stopped by itself.

use std::io;
use std::process::ExitCode;

use crate::admin;
use crate::config::ConfigFaults;
use crate::listen::{passed::PassedError, tcp, tls};
use crate::secrets::SecretError;
use crate::store::OpenError;
use crate::system::log::LogError;
use crate::vault::VaultError;

/// Why `penstockd` ended with an error. The sentences name the thing and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration has faults; all of them are listed.
    #[error("the configuration has faults:\n{0}")]
    Config(#[from] ConfigFaults),
    /// What the service manager passed can't be used.
    #[error(transparent)]
    Passed(#[from] PassedError),
    /// A passed port is off loopback and plain.
    #[error(
        "the passed port {0} is off loopback and has no TLS: add [tls], or set allow_plaintext = true"
    )]
    Plaintext(std::net::SocketAddr),
    /// The log can't be set up.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The runtime can't be built.
    #[error("the runtime can't be started: {0}")]
    Runtime(io::Error),
    /// The state directory can't be made.
    #[error("{path}: {source}; check that it exists and belongs to penstockd's user")]
    StateDir {
        /// The directory.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The records can't be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The first location can't be made.
    #[error(transparent)]
    Location(#[from] VaultError),
    /// A port can't be bound.
    #[error(transparent)]
    Bind(#[from] tcp::BindError),
    /// An admin socket can't be bound.
    #[error(transparent)]
    Admin(#[from] admin::BindError),
    /// The certificate can't be served.
    #[error(transparent)]
    Tls(#[from] tls::SetupError),
    /// The system has no random numbers.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A signal handler or socket can't be set up.
    #[error("{0}")]
    System(#[from] io::Error),
    /// A long-lived task ended before the stop.
    #[error("{0} ended by itself, which is a fault of penstockd's own; see the log")]
    TaskEnded(String),
}

impl RunError {
    /// The exit code, as sysexits(3) has them.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::TaskEnded(_) | Self::Runtime(_) | Self::Secret(_) => 70,
            _ => 78,
        })
    }
}
