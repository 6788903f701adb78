//! The contract between `penstockctl` and `penstockd`: requests, replies and the frames that carry them.
//!
//! A connection begins with [`Hello`] from the client, answered by [`Welcome`]; then requests and replies alternate,
//! one [`frame`] each, until either side closes. `watch` is answered by any number of events. The names of fields are
//! also those of `penstockctl --json`, and stay.

pub mod declared;
pub mod frame;
pub mod reply;
pub mod request;
pub mod view;

use serde::{Deserialize, Serialize};

/// Version of the contract. The daemon refuses any other.
pub const VERSION: u32 = 2;

/// The first frame from the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The contract's version: [`VERSION`].
    pub version: u32,
}

/// The daemon's answer to [`Hello`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The contract's version that the daemon speaks. When it isn't the client's, the connection is closed.
    pub version: u32,
    /// The daemon's own version, for people.
    pub daemon: String,
    /// What this socket and peer may do.
    pub role: Role,
}

/// What a peer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Look, without secrets.
    View,
    /// Everything.
    Control,
    /// Nothing: the peer isn't root, the daemon's user, or a member of the socket's group.
    Nobody,
}
