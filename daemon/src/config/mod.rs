//! The configuration file: what is needed to start, and nothing that has another home.
//!
//! Everything wrong with a file is said at once, each fault with its line, its key and what to do about it.
//! Limits on customers and clients are records in the store; they aren't here.

mod fault;
mod nearest;
mod network;
mod pem;
mod read;
mod schema;
mod table;
mod value;

#[cfg(test)]
mod tests;

pub use fault::{ConfigFaults, Fault};
pub use network::{Network, NetworkError};

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::sign::CertifiedKey;

/// A configuration that has been read and found free of faults.
#[derive(Debug, Clone)]
pub struct Config {
    /// `state_dir`: the folder of the store, its lock and, by default, the first location. Required.
    pub state_dir: PathBuf,
    /// `listen`: addresses of the data port, at least one, at most 64. Default `127.0.0.1:8000`.
    /// Listeners passed by the service manager take their place. With `[tls]` all of them speak TLS.
    pub listen: Vec<SocketAddr>,
    /// `control_socket`: default `STATE/control/penstockd.sock`. At most 107 bytes (unix(7)).
    pub control_socket: PathBuf,
    /// `view_socket`: default `STATE/view/penstockd.sock`. At most 107 bytes, in another folder than control's.
    pub view_socket: PathBuf,
    /// `control_group`: the group whose members may administer. Default `penstock`; `""` in the file is `None`.
    pub control_group: Option<String>,
    /// `view_group`: the group whose members may look. Default `penstock-view`; `""` in the file is `None`.
    pub view_group: Option<String>,
    /// `location_roots`: folders beneath which locations may lie. Default the state directory and `/srv/penstock`.
    pub location_roots: Vec<PathBuf>,
    /// `main_location`: where the first location, `main`, is made; beneath a root. Default `STATE/main`, or `main` in the first root that is given.
    pub main_location: PathBuf,
    /// `[tls]`: the certificate and key that the file named, as they were when it was read.
    pub tls: Option<Tls>,
    /// `allow_plaintext`: listen off loopback without TLS. Default no.
    pub allow_plaintext: bool,
    /// `trusted_proxies`: networks whose forwarded client addresses count, at most 256. Default none.
    pub trusted_proxies: Vec<Network>,
    /// `log`: a level, or comma-separated `target=level` directives. Default `info`.
    pub log: String,
    /// `[limits]`: what holds for everyone, so that nobody takes the whole machine.
    pub limits: Limits,
}

/// The certificate that is shown to clients.
#[derive(Clone)]
pub struct Tls {
    /// `tls.certificate`: the PEM file of the chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// `tls.key`: the PEM file of its private key, not encrypted.
    pub key: PathBuf,
    /// What was in the two files: exactly what the check approved is what gets served.
    pub certified: Arc<CertifiedKey>,
}

/// Bounds on what comes from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `connections`: open data connections, 1 to 100,000. Default 8,192.
    pub connections: usize,
    /// `connections_per_source`: of one address, 1 to `connections`. Default 2,048.
    pub connections_per_source: usize,
    /// `connections_per_customer`: of one customer, 1 to `connections`. Default 2,048.
    pub connections_per_customer: usize,
    /// `uploads`: object bodies being received at once, 1 to 16,384; more wait. Default 2,048.
    pub uploads: usize,
    /// `header_timeout`: for a request's head to arrive, 1 s to 5 min. Default 10 s.
    pub header_timeout: Duration,
    /// `idle_timeout`: for a connection without a request, 1 s to 1 h. Default 150 s, above restic's own 90 s.
    pub idle_timeout: Duration,
    /// `stalled_body_timeout`: for a body of which nothing comes although we would read, 1 s to 1 h. Default 60 s.
    pub stalled_body_timeout: Duration,
    /// `drain_timeout`: grace for running requests at SIGTERM, 0 s to 1 h. Default 30 s.
    pub drain_timeout: Duration,
    /// `admin_connections`: open connections of each admin socket, 1 to 1,024. Default 32.
    pub admin_connections: usize,
    /// `admin_timeout`: for an administrator's request to arrive or its answer to be taken, 1 s to 10 min. Default 30 s.
    pub admin_timeout: Duration,
    /// `failures_per_client`: wrong credentials, and chosen passwords that have to be hashed, a minute for one client
    /// from one source, 1 to 600. Default 10.
    pub failures_per_client: NonZeroU32,
    /// `failures_per_source`: wrong credentials a minute from one source, `failures_per_client` to 60,000. Default 60.
    pub failures_per_source: NonZeroU32,
}

impl Config {
    /// Reads and checks the file at `path`, and the certificate and key that it names.
    ///
    /// Relative paths in it start from its own folder. Nothing is created or changed.
    ///
    /// # Errors
    /// Every fault in the file, in the order of its lines.
    pub fn load(path: &Path) -> Result<Self, ConfigFaults> {
        read::load(path)
    }

    /// Checks `text` as [`Config::load`] does. `base_dir` must be absolute and free of symbolic links.
    ///
    /// # Errors
    /// Every fault in the text, in the order of its lines.
    pub fn parse(text: &str, base_dir: &Path) -> Result<Self, ConfigFaults> {
        read::parse(text, base_dir)
            .map_err(|faults| ConfigFaults::new(Path::new("penstock.toml"), faults))
    }

    /// The keys in which `new` differs and that a running daemon can't follow: they need a restart.
    ///
    /// Sockets, groups and the state directory are taken at start; a port doesn't turn from plain to TLS under its
    /// clients; `main_location` says where a location is made once; what counts failed attempts keeps its counts. All other keys follow a reload.
    #[must_use]
    pub fn reload_conflicts(&self, new: &Self) -> Vec<&'static str> {
        let (a, b) = (&self.limits, &new.limits);
        [
            ("state_dir", self.state_dir != new.state_dir),
            ("listen", self.listen != new.listen),
            ("control_socket", self.control_socket != new.control_socket),
            ("view_socket", self.view_socket != new.view_socket),
            ("control_group", self.control_group != new.control_group),
            ("view_group", self.view_group != new.view_group),
            ("main_location", self.main_location != new.main_location),
            ("tls", self.tls.is_some() != new.tls.is_some()),
            (
                "limits.admin_connections",
                a.admin_connections != b.admin_connections,
            ),
            ("limits.admin_timeout", a.admin_timeout != b.admin_timeout),
            (
                "limits.failures_per_client",
                a.failures_per_client != b.failures_per_client,
            ),
            (
                "limits.failures_per_source",
                a.failures_per_source != b.failures_per_source,
            ),
        ]
        .into_iter()
        .filter_map(|(key, differs)| differs.then_some(key))
        .collect()
    }

    /// Whether the daemon may listen on `address`: loopback, or TLS, or plaintext allowed outright.
    ///
    /// The file's own addresses have passed this; addresses of passed listeners haven't.
    #[must_use]
    pub fn may_listen_on(&self, address: SocketAddr) -> bool {
        self.tls.is_some() || self.allow_plaintext || address.ip().to_canonical().is_loopback()
    }

    /// Whether `peer`'s word about whom it forwards for counts.
    #[must_use]
    pub fn trusts_proxy(&self, peer: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(peer))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key's own Debug is rustls' affair; a configuration that is logged never depends on it.
        f.debug_struct("Tls")
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
