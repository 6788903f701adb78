//! The rules that Penstock enforces: pure functions over records and time, without clock, file or socket.
//!
//! Everything is a value: records come in, a [`admit::Permit`], a [`refusal::Refusal`] or a [`throttle::Span`] comes
//! out, and whoever asked acts on it. The sections named in the documents are those of the project's rules.

pub mod admit;
pub mod edit;
pub mod explain;
pub mod levels;
pub mod mcal;
pub mod names;
pub mod protocol;
pub mod record;
pub mod refusal;
pub mod space;
pub mod throttle;
pub mod units;
