//! Whole command lines against a daemon of a few lines.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod conversation;
mod edits;
mod explanations;
mod files;
mod mcals;
mod passwords;
mod places;
mod records;
mod screens;
mod secrets;
mod spaces;
mod support;
mod watching;
