//! What every scenario stands on: a daemon of its own, clients of it, raw HTTP, and waiting for conditions.

mod certificate;
mod client;
mod files;
mod http;
mod program;
mod server;
mod wait;

pub use certificate::Certificate;
pub use client::{CONTACT, Client, administered, restic};
pub use files::{Object, files_below, tree};
pub use http::{Answer, Wire, basic, request, status_of};
pub use program::{Background, Ran, command, program, run};
pub use server::{Server, penstockd};
pub use wait::{PATIENCE, at_once, until};
