//! Whole command lines against a daemon of a few lines.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod conversation;
mod edits;
mod passwords;
mod screens;
mod support;
mod watching;
