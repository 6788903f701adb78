//! Backups in progress: one session for each schedule, what it did, what held it back, and the refusals table.
//!
//! Knows no HTTP: a session's requests are guards, its bodies are byte counts.

mod figures;
mod place;
mod refusals;
mod registry;
mod sample;
mod session;
#[cfg(test)]
mod tests;

pub use figures::{keep, keep_figures, recount};
pub use place::{Gone, Place};
pub use refusals::{Cause, Refusals};
pub use registry::{Barrier, Live};
pub use session::{Doing, Request, Session};
