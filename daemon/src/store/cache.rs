//! Clients that are published on first use.
