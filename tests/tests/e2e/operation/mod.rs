//! Running the daemon: its configuration, reloads, the stop, its sockets, and bounds on whoever connects.

mod bounds;
mod configuration;
mod sockets;
mod stopping;
