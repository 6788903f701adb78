//! The restic REST protocol, byte for byte, with the faults of other servers in mind.

mod lists;
mod reading;
mod requests;
mod writing;

use crate::support::{Client, Server, administered};

/// A client with an empty repository.
fn with_repository(server: &Server) -> Client<'_> {
    let client = administered(server);
    client.create().is(200);
    client
}
